#!/usr/bin/env bash
# Plays campaigns (docs/reliability.md) on the release build; builds it first.
#
#   scripts/campaign.sh --list               what there is, with the goals
#   scripts/campaign.sh power                one, for its share of CI
#   scripts/campaign.sh power --hours 2      one, for two hours, added to tests/campaigns/totals.json
#   scripts/campaign.sh all --hours 1        each for one hour
#   scripts/campaign.sh --merge FILE         adds the totals of another tree, FILE, to those of this one
#   scripts/campaign.sh --budget             how long the shares of CI take together
#   scripts/campaign.sh --report             writes the totals into docs/reliability.md
set -euo pipefail
source "$(dirname "$0")/lib.sh"
cd "$PARKGATE_ROOT"

case ${1:---help} in
-h | --help) sed -n '2,11s/^# \{0,1\}//p' "$0"; exit 0 ;;
--list | --budget | --merge) exec /usr/bin/python3 -B tests/campaigns/run.py "$@" ;;
--report) exec /usr/bin/python3 -B tests/campaigns/report.py --write ;;
esac
mkdir -p build/campaigns
configure build/release >build/campaigns/build.log 2>&1 && build build/release >>build/campaigns/build.log 2>&1 ||
    { tail -n 40 build/campaigns/build.log; die "the release build failed"; }
case " $* " in
*" fuzz "* | *" all "*)
    configure build/clang -DCMAKE_C_COMPILER=clang-14 -DPARKGATE_FUZZ=ON >>build/campaigns/build.log 2>&1 &&
        build build/clang fuzz_programs >>build/campaigns/build.log 2>&1 || die "the fuzz programs do not build: build/campaigns/build.log"
    ;;
esac
exec /usr/bin/python3 -B tests/campaigns/run.py "$@"
