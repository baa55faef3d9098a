#!/bin/sh
# soak.sh [--minutes N] [--seed N] [--load-only] [--transport tcp|udp|both] [--only NAME] [--rate N]
#         [--sanitized] [--daemon PATH] [--no-install]   The long fault run, or the long load.
#
# Installs what is missing, builds the daemon, and puts it between Prosody and Kamailio with users of both
# sides who write, change their presence, subscribe and unsubscribe. Faults come at random, alone and in
# pairs: links cut, silent, slow, lossy; programs killed, stopped and started; the disk full, slow or
# failing; the clock moved; names gone. After each one all must be right again within 90 seconds: messages,
# presence, dialogs, memory, descriptors, log. A line a minute; at the end "faults tried N, failures M".
# The exit code is 1 if there was a failure; logs of the first ones: build/logs/soak.
#
# --minutes N     how long (60)
# --seed N        the choice of faults, to make a run again; each run prints its own
# --load-only     no faults: load alone, and at the end the slope of memory and descriptors
# --transport T   between the bridge and Kamailio (both: the first half over TCP)
# --only NAME     only faults whose name contains NAME (tests/interop/faults.py --list)
# --rate N        messages a second each way (15)
# --sanitized     the build with sanitizers instead of the release build
# --daemon PATH   this daemon; nothing is built
# --no-install    leaves the packages alone

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

preset=release
daemon=
install=true
minutes=60
transport=both
only=
load=
rate=15
seed=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
while [ $# -gt 0 ]; do
	case $1 in
	-h | --help)
		usage
		exit 0
		;;
	--load-only) load=--load-only ;;
	--sanitized) preset=debug ;;
	--no-install) install=false ;;
	--minutes | --seed | --transport | --only | --rate | --daemon)
		[ $# -gt 1 ] || die "$1 needs a word behind it (try --help)"
		case $1 in
		--minutes) minutes=$2 ;;
		--seed) seed=$2 ;;
		--transport) transport=$2 ;;
		--only) only=$2 ;;
		--rate) rate=$2 ;;
		--daemon) daemon=$2 ;;
		esac
		shift
		;;
	*) die "unknown word $1 (try --help)" ;;
	esac
	shift
done

cd "$root"
if $install; then
	say "packages"
	"$root/scripts/deps.sh" build test
fi
mkdir -p build/logs
if [ -z "$daemon" ]; then
	say "build ($preset)"
	log=build/logs/soak-build.log
	{ cmake --preset "$preset" && cmake --build --preset "$preset" -j "$jobs" --target sipxmppd sipxmppctl; } >"$log" 2>&1 ||
		{ tail -n 40 "$log" && die "the build failed, see $log"; }
	daemon=build/$preset/src/sipxmppd
fi
rm -rf build/logs/soak
say "$minutes minutes with $daemon"
exec "$python" tests/interop/faults.py --daemon "$daemon" --minutes "$minutes" --seed "$seed" --transport "$transport" \
	--rate "$rate" --keep build/logs/soak ${load:+"$load"} ${only:+--only "$only"}
