#!/usr/bin/env bash
# Measures this build on this machine, beside the work that cannot be avoided and beside PostgreSQL.
# docs/benchmarks.md tells what is measured and how to read it.
#
#   scripts/bench.sh                everything, some 25 minutes
#   scripts/bench.sh --short        the same with a small park, some 2 minutes; its figures say little
#   scripts/bench.sh --only PARTS   of: small,import,large,postgres
#
# BENCH_DIR: where the stores lie while it runs (default: the system's directory for temporary files);
# put it on the disk that you want to measure, with 20 GiB free. Output: build/bench/bench.json and bench.md.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
cd "$PARKGATE_ROOT"

case ${1:-} in
-h | --help)
    sed -n '2,11s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
esac

install_packages build run bench
configure build/release >/dev/null
build build/release parkgate-controller parkgate parkgate-agent bench-load bench-bare
PARKGATE_BUILD_DIR=$PARKGATE_ROOT/build/release exec python3 -B tests/bench/bench.py "$@"
