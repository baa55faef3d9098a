#!/bin/sh
# demo.sh [--stay]   A SIP user and a chat user watch and write to each other through real servers.
#
# Installs what is missing (scripts/packages.list, sections build and demo), builds sipxmppd into
# build/demo, starts Kamailio (pbx.example), Prosody (chat.example) and the bridge between them on
# loopback, and plays a scene of which each step is shown as it happens on either side: presence,
# a call, a lamp key, texts, errors, typing, receipts, and texts that wait for a SIP server that was
# killed. Nothing is left running, no file outside build/ and a temporary folder is touched.
#
# --stay        leaves the servers running afterwards and says how to sign in with your own clients
# --no-install  leaves the packages alone

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

stay=
install=true
for word in "$@"; do
	case $word in
	--stay) stay=--stay ;;
	--no-install) install=false ;;
	-h | --help)
		usage
		exit 0
		;;
	*) die "unknown word $word (try --help)" ;;
	esac
done

cd "$root"
if $install; then
	say "packages"
	"$root/scripts/deps.sh" build demo
fi
say "build (release, build/demo)"
mkdir -p build/demo
if ! { cmake -G Ninja -S . -B build/demo -DCMAKE_BUILD_TYPE=Release -DSX_TESTS=OFF &&
	cmake --build build/demo -j "$jobs"; } >build/demo/build.log 2>&1; then
	tail -n 40 build/demo/build.log
	die "the build failed; everything is in build/demo/build.log"
fi
# shellcheck disable=SC2086 # a word or none
exec "$python" "$root/tests/interop/demo.py" --daemon "$root/build/demo/src/sipxmppd" $stay
