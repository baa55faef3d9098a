#!/bin/sh
# deps.sh [build|demo|test|all]...   Installs the Debian packages that are missing (default: all).
#
# The list is scripts/packages.list. With everything in place nothing is done and no network is
# used. Otherwise apt installs what is missing, with sudo unless run by root. The packages' own
# services (prosody, kamailio, ejabberd) are neither started now nor enabled for the next boot: only the
# demo and the tests start these programs, on ports and in folders of their own.
#
# --list   prints the packages of the sections instead.

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

policy=/usr/sbin/policy-rc.d
mark='made by sipxmppd scripts/deps.sh for the time of an installation'

packages_of() {
	awk -v want=" $* " '
		/^#/ || NF == 0 { next }
		{ for (i = 2; i <= NF; i++)
			if (index(want, " all ") || index(want, " " $i " ")) { print $1; next } }
	' "$root/scripts/packages.list"
}

missing_of() {
	for package in "$@"; do
		state=$(dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null |
			grep -x installed || true)
		[ -n "$state" ] || printf '%s\n' "$package"
	done
}

# The units of the servers in the list, and of Erlang, which ejabberd brings along.
units='prosody.service kamailio.service ejabberd.service epmd.service epmd.socket'

units_there() {
	for unit in $units; do
		[ ! -e "/lib/systemd/system/$unit" ] || printf '%s ' "$unit"
	done
}

# What came with this installation would start at the next boot: nobody asked for that.
disable_new_units() {
	[ -d /run/systemd/system ] || return 0
	for unit in $(units_there); do
		case " $1 " in
		*" $unit "*) ;;
		*)
			systemctl disable --quiet "$unit" 2>/dev/null || true
			say "$unit: installed, not started, not enabled ('systemctl enable --now $unit' would)"
			;;
		esac
	done
}

# invoke-rc.d and systemd's helpers ask policy-rc.d before they start anything; 101 forbids it.
# A file that is there already is never touched, only asked.
forbid_services() {
	if [ -e "$policy" ] && grep -qF "$mark" "$policy"; then
		rm -f "$policy" # left behind by a run that was killed
	fi
	if [ -e "$policy" ]; then
		answer=0
		"$policy" prosody start >/dev/null 2>&1 || answer=$?
		[ "$answer" -eq 101 ] || die "$policy exists and would let services start (it answered $answer); install with apt yourself: $*"
		return 0
	fi
	trap 'rm -f "$policy"' EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	(
		set -C # fails rather than overwrites
		printf '#!/bin/sh\n# %s\nexit 101\n' "$mark" >"$policy"
	)
	chmod 755 "$policy"
}

install_as_root() {
	export DEBIAN_FRONTEND=noninteractive
	forbid_services "$@"
	before=$(units_there)
	say "apt-get update"
	apt-get update -q >/dev/null || die "apt-get update failed"
	say "apt-get install $*"
	apt-get install -y -q --no-install-recommends "$@"
	disable_new_units "$before"
}

if [ "${1-}" = --as-root ]; then
	shift
	install_as_root "$@"
	exit 0
fi

list=false
sections=
for word in "$@"; do
	case $word in
	build | demo | test | all) sections="$sections $word" ;;
	--list) list=true ;;
	-h | --help) usage; exit 0 ;;
	*) die "unknown word $word (try --help)" ;;
	esac
done

# shellcheck disable=SC2046,SC2086 # both are words
set -- $(packages_of ${sections:-all})
if $list; then
	printf '%s\n' "$@"
	exit 0
fi
if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
	die "no apt here: install by other means what scripts/packages.list names"
fi

# shellcheck disable=SC2046 # one package a line
set -- $(missing_of "$@")
[ $# -gt 0 ] || exit 0
say "missing packages: $*"
if [ "$(id -u)" -eq 0 ]; then
	exec "$0" --as-root "$@"
elif command -v sudo >/dev/null; then
	exec sudo "$0" --as-root "$@"
fi
die "neither root nor sudo; run as root: $0 ${sections:-all}"
