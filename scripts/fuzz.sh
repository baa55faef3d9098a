#!/bin/sh
# fuzz.sh [SECONDS [TARGET...]]   Runs the libFuzzer targets, each for SECONDS (default 60).
#
# An input that takes a second or 256 MiB is a finding, too (SEC-110).
# Starts from the seeds in tests/fuzz/TARGET.in and keeps what it learns in build/fuzz/TARGET, so
# the next run goes on from there. An input that breaks a target is kept as build/fuzz/TARGET-crash-*:
# copy it to tests/fuzz/TARGET.repro and every later test run replays it. Exit code 1 if one broke.

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

case ${1-} in
-h | --help)
	usage
	exit 0
	;;
esac
seconds=${1:-60}
[ $# -eq 0 ] || shift

run() {
	"$root/build/clang/tests/fuzz/$target" -max_total_time="$1" -max_len=70000 -timeout=1 -rss_limit_mb=256 \
		-artifact_prefix="$root/build/fuzz/$target-" -print_final_stats=1 ${dictionary:+"-dict=$dictionary"} \
		"$root/build/fuzz/$target" "$seeds" >>"$log" 2>&1
}

# A busy machine takes a second of the clock for what needs none of its own: is the last input that
# took too long slow when it is run alone, too?
was_only_busy() {
	slow=$(sed -n "s|.*Test unit written to \(.*-timeout-.*\)|\1|p" "$log" | tail -n 1)
	[ -n "$slow" ] && [ -f "$slow" ] &&
		"$root/build/clang/tests/fuzz/$target" -timeout=1 "$slow" >/dev/null 2>&1 && rm "$slow"
}

fuzz_one() {
	target=$1
	seeds=$root/tests/fuzz/$target.in
	dictionary=$root/tests/fuzz/$target.dict
	[ -f "$dictionary" ] || dictionary=
	mkdir -p "$root/build/fuzz/$target"
	say "$target for $seconds s"
	log=$root/build/fuzz/$target.log
	: >"$log"
	end=$(($(date +%s) + seconds))
	while ! run $((end - $(date +%s))); do
		if ! was_only_busy; then
			printf 'FAIL %s; the end of %s:\n' "$target" "$log"
			tail -n 30 "$log" | sed 's/^/    /'
			return 1
		fi
		[ "$(date +%s)" -lt "$end" ] || break
	done
	sed -n 's/^stat::number_of_executed_units: */inputs: /p' "$log"
}

# What address sanitizer keeps of freed memory would be most of the limit otherwise.
export ASAN_OPTIONS="quarantine_size_mb=16:${ASAN_OPTIONS-}"

cd "$root"
"$root/scripts/deps.sh" build test
say "build (clang, fuzz targets)"
cmake --preset clang >/dev/null
cmake --build --preset clang -j "$jobs" >/dev/null
if [ $# -eq 0 ]; then
	for seeds in tests/fuzz/fuzz_*.in; do
		set -- "$@" "$(basename "$seeds" .in)"
	done
fi
broken=0
for target in "$@"; do
	fuzz_one "$target" || broken=$((broken + 1))
done
printf '%d targets, %d broken\n' $# "$broken"
[ "$broken" -eq 0 ]
