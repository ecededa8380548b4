#!/usr/bin/env bash
# Installs what is missing, builds Parkgate three times and runs every test.
#
#   scripts/test.sh                 everything, then docs/acceptance.md against what ran
#   scripts/test.sh --quick         unit tests alone, on the sanitizer build
#   scripts/test.sh --only REGEX    the tests whose names match, on the builds they belong to
#
#   build/release  gcc with hardening         tests labelled `release`: structure, figures, benchmarks; then those
#                                             labelled `campaign`, each for its share (tests/campaigns/shares.toml)
#   build/asan     gcc, ASan and UBSan        unit (their stores in memory, where there is room), integration, peers,
#                                             crash, the demo
#   build/clang    clang 14, every room       tests labelled `fuzz`
#
# Logs: build/test-logs. Status 1 when a test failed, was skipped or did not run.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
cd "$PARKGATE_ROOT"

logs=build/test-logs
quick=no
only=

usage() {
    sed -n '2,16s/^# \{0,1\}//p' "$0"
    exit "$1"
}

while [ $# -gt 0 ]; do
    case $1 in
    --quick) quick=yes ;;
    --only) [ $# -ge 2 ] || usage 2 >&2; only=$2; shift ;;
    -h | --help) usage 0 ;;
    *) usage 2 >&2 ;;
    esac
    shift
done

# step NAME COMMAND...: output to a log; shown only when the command fails, which ends the run.
step() {
    local name=$1 begun=$SECONDS
    shift
    if ! "$@" >"$logs/$name.log" 2>&1; then
        tail -n 60 "$logs/$name.log"
        say "$name failed after $((SECONDS - begun)) s; whole output: $logs/$name.log"
        printf '0 passed, 1 failed\n'
        exit 1
    fi
    say "$name: done in $((SECONDS - begun)) s"
}

# Every object of every room, and the fuzz programs linked; nothing else of this tree runs.
build_clang() {
    local objects
    objects=$(ninja -C build/clang -t targets all | sed -n '/^tests\//d; s/^\(.*\.c\.o\): .*/\1/p')
    # shellcheck disable=SC2086 # one word an object
    build build/clang $objects fuzz_programs
}

# run TREE[:NAME] [ctest option...]: results as JUnit in the logs, whatever they are; the report judges.
# JOBS: how many at once, else two more than there are cores.
run() {
    local tree=${1%%:*} name=${1##*:} begun=$SECONDS
    shift
    say "tests of build/$tree ($name)"
    expected+=("$logs/$name.xml")
    ctest --test-dir "build/$tree" -j "${JOBS:-$(($(nproc) + 2))}" --timeout 300 --no-tests=ignore \
        --test-output-size-passed 4194304 --test-output-size-failed 4194304 \
        --output-junit "$PARKGATE_ROOT/$logs/$name.xml" --output-on-failure "$@" \
        ${only:+-R "$only"} 2>&1 || true
    say "tests of build/$tree ($name) took $((SECONDS - begun)) s"
}

# What a test's stores lose with the machine is the matter of the campaign `power`: here they need no disk.
run_unit() {
    local memory
    memory=$(memory)
    TMPDIR=${memory:-${TMPDIR:-/tmp}} run asan:unit -L unit
}

# again TREE[:NAME] REGEX: those that failed and match run once more, each with the machine for itself; what failed
# only beside others is said by the report, and does not count.
again() {
    local tree=${1%%:*} name=${1##*:} names
    names=$(python3 -B scripts/again.py failed "$logs/$name.xml" "$2")
    [ -n "$names" ] || return 0
    say "again, alone: $names"
    ctest --test-dir "build/$tree" -j 1 --timeout 300 --test-output-size-passed 4194304 --test-output-size-failed 4194304 \
        --output-junit "$PARKGATE_ROOT/$logs/$name-again.xml" --output-on-failure -R "^($names)\$" 2>&1 || true
    python3 -B scripts/again.py merge "$logs/$name.xml" "$logs/$name-again.xml"
}

# A directory in memory with room for the stores of unit tests, else nothing.
memory() {
    local free
    free=$(df --output=avail -k /dev/shm 2>/dev/null | tail -n 1) || return 0
    if [ "${free:-0}" -gt 4000000 ] && [ -w /dev/shm ]; then echo /dev/shm; fi
}

export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_stack_use_after_return=1:strict_string_checks=1}"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1}"

rm -rf "$logs"
mkdir -p "$logs"
expected=()
install_packages build run test

step configure-asan configure build/asan -DPARKGATE_SANITIZE=ON
step build-asan build build/asan
if [ "$quick" = yes ]; then
    run_unit
    exec python3 -B scripts/test-report.py --some "${expected[@]}"
fi
step configure-release configure build/release -DPARKGATE_UNIT=OFF # they run with sanitizers
step build-release build build/release
step configure-clang configure build/clang -DCMAKE_C_COMPILER=clang-14 -DPARKGATE_FUZZ=ON
step build-clang build_clang

real='(integration|agent|helpers|crash|demo|bench)\.' # processes with deadlines
run_unit
JOBS=$(($(nproc) + 4)) run asan -LE 'release|fuzz|unit' # they wait for devices and deadlines more than they compute
again asan "$real"
run release -L release
again release "$real"
run clang -L fuzz
run release:campaigns -L campaign
if [ -n "$only" ]; then
    exec python3 -B scripts/test-report.py --some "${expected[@]}"
fi
acceptance=passed
python3 -B scripts/check-acceptance.py docs/acceptance.md "${expected[@]}" || acceptance=failed
exec python3 -B scripts/test-report.py --also "acceptance=$acceptance" "${expected[@]}"
