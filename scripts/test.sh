#!/bin/sh
# test.sh   Everything: installs what is missing, builds with two compilers, runs every layer of tests.
#
# Steps: packages; build with gcc and sanitizers; build with clang (no warning allowed); release build;
# unit, scenario, fuzz replay, wire and lint tests of the sanitized build; unit tests of the release build
# under valgrind; the sanitized daemon between real servers (tests/interop). The last line is
# "N passed, N failed"; the exit code is 1 if anything failed. Logs: build/logs.
#
# --no-install   leaves the packages alone

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

logs=$root/build/logs
started=$(date +%s)
passed=0
failed=0

count() {
	passed=$((passed + $1))
	failed=$((failed + $2))
}

# step LOG TITLE COMMAND...: one check; shows the end of the log when it fails.
step() {
	log=$logs/$1.log
	say "$2 ($(($(date +%s) - started)) s)"
	shift 2
	if "$@" >"$log" 2>&1; then
		count 1 0
		return 0
	fi
	count 0 1
	printf 'FAIL %s; the end of %s:\n' "$*" "$log"
	tail -n 40 "$log" | sed 's/^/    /'
	return 1
}

build() {
	cmake --preset "$1" && cmake --build --preset "$1" -j "$jobs"
}

# Prints "PASSED FAILED" from a log of ctest: every case of a cmocka program counts, any other program
# counts as one. A program that failed without a failed case (it crashed, say) is one failure.
count_cases() {
	awk '
		/^[0-9]+\/[0-9]+ Testing: /      { ok = bad = 0 }
		/^\[  PASSED  \] [0-9]+ test/    { ok += $4 }
		/^\[  FAILED  \] [0-9]+ test/    { bad += $4 }
		/^Test Passed\.$/                { passed += ok ? ok : 1 }
		/^(Test Failed|Test timeout)/    { passed += ok; failed += bad ? bad : 1 }
		/^(Unable to find|Could not find|Process not started|Exception)/ { failed += 1 }
		END                              { print passed + 0, failed + 0 }
	' "$1"
}

run_ctest() {
	log=$logs/ctest.log
	say "unit, scenario, fuzz replay, wire and lint tests ($(($(date +%s) - started)) s)"
	last=$root/build/debug/Testing/Temporary/LastTest.log
	rm -f "$last"
	good=true
	(cd "$root" && ctest --preset debug -j "$jobs" --no-tests=error) >"$log" 2>&1 || good=false
	before=$failed
	if [ -f "$last" ]; then
		# shellcheck disable=SC2046 # two numbers
		count $(count_cases "$last")
	fi
	$good && [ "$failed" -eq "$before" ] && return 0
	[ "$failed" -gt "$before" ] || count 0 1
	sed -n '/% tests passed/,$p' "$log"
	printf 'FAIL ctest; everything is in %s\n' "$log"
	grep -E '^\[  (FAILED|ERROR) |Error: |: runtime error: |AddressSanitizer|LeakSanitizer' "$log" | head -n 60 || true
}

valgrind_one() {
	name=$(basename "$1")
	if valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite \
		--suppressions="$root/tests/support/valgrind.supp" \
		"$1" >"$logs/valgrind-$name.log" 2>&1; then
		echo "ok $name"
	else
		echo "FAIL valgrind $name, see $logs/valgrind-$name.log"
	fi
}

run_valgrind() {
	say "unit tests of the release build under valgrind ($(($(date +%s) - started)) s)"
	result=$logs/valgrind.log
	find "$root/build/release/tests/unit" -type f -name 'test_*' -perm -u+x | sort |
		xargs -P "$jobs" -n 1 "$0" --valgrind >"$result" || true
	grep '^FAIL' "$result" || true
	count "$(grep -c '^ok' "$result" || true)" "$(grep -c '^FAIL' "$result" || true)"
	[ -s "$result" ] || count 0 1
}

run_interop() {
	say "real servers and clients ($(($(date +%s) - started)) s)"
	result=$logs/interop.log
	"$python" "$root/tests/interop/run.py" --daemon "$root/build/debug/src/sipxmppd" \
		--keep "$logs/interop" 2>&1 | tee "$result" | grep -v '^[0-9]* passed, [0-9]* failed$' || true
	# shellcheck disable=SC2046 # two numbers, or none when the runner broke
	set -- $(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$result")
	if [ $# -eq 2 ]; then
		count "$1" "$2"
	else
		count 0 1
		echo 'FAIL interop: the runner did not finish'
	fi
}

case ${1-} in
'' | --no-install) ;;
--valgrind)
	valgrind_one "$2"
	exit 0
	;;
-h | --help)
	usage
	exit 0
	;;
*) die "unknown word $1 (try --help)" ;;
esac

cd "$root"
if [ "${1-}" != --no-install ]; then
	say "packages"
	"$root/scripts/deps.sh" build test
fi
rm -rf "$logs"
mkdir -p "$logs"
if step build-debug "build (gcc, sanitizers)" build debug; then
	run_ctest
	run_interop
fi
step build-clang "build (clang, sanitizers, fuzz targets)" build clang || true
if step build-release "build (release)" build release; then
	run_valgrind
fi
say "done ($(($(date +%s) - started)) s)"
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
