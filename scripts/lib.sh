# Shared by the scripts of this folder: sourced, with set -eu in force.
# shellcheck shell=sh disable=SC2034

root=$(cd "$(dirname "$0")/.." && pwd)
# Debian's own interpreter: python3-slixmpp is installed for this one, whatever comes first in PATH.
python=/usr/bin/python3
jobs=$(nproc 2>/dev/null || echo 2)

say() {
	printf '== %s\n' "$*"
}

die() {
	printf '%s: %s\n' "$(basename "$0")" "$*" >&2
	exit 1
}

# Prints the comment block on top of the calling script, which is its manual.
usage() {
	sed -n '2,/^$/{/^#/!q;s/^# \{0,1\}//;p;}' "$0"
}
