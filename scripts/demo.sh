#!/usr/bin/env bash
# Shows Parkgate at work: a logistics park with four gates, 2,000 workers and a morning, on emulated devices.
# 演示：四个出入口、两千名人员的物流园区的一个早晨，全部使用模拟设备。
#
#   scripts/demo.sh               plays the morning, then the park stays up for your own commands · 演示后园区保持运行
#   scripts/demo.sh --once        ends by itself; status 0 only if all came out as expected · 自行结束，符合预期才返回 0
#   scripts/demo.sh --keep DIR    makes the park in DIR and leaves it there · 园区建在 DIR 并保留
#
# Installs the packages of packaging/apt-packages.txt that are missing (as root, or by sudo: it says which), builds into
# build/release, and writes nothing else outside of that and a temporary directory. PARKGATE_BUILD_DIR names a tree that is
# built already: then nothing is installed or built.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case " $* " in
*" --help "* | *" -h "*)
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"
    exit 0
    ;;
esac

programs=(parkgate parkgate-controller parkgate-agent parkgate-nfc parkgate-board parkgate-terminal
    peer-pn532 peer-turnstile peer-hikvision peer-ctl)
tree=${PARKGATE_BUILD_DIR:-}
if [ -z "$tree" ]; then
    tree=$PARKGATE_ROOT/build/release
    install_packages build run
    say "building into $tree"
    if ! log=$({ configure "$tree" -DPARKGATE_SANITIZE=OFF && build "$tree" "${programs[@]}"; } 2>&1); then
        tail -n 40 <<<"$log" >&2
        die "the build failed"
    fi
fi
cd "$PARKGATE_ROOT"
exec env PYTHONUNBUFFERED=1 /usr/bin/python3 -B tests/demo/demo.py --build "$tree" "$@"
