# Shared by the scripts beside this file: messages, packages, builds. Source it, from bash with
# `set -euo pipefail`; it defines functions and PARKGATE_ROOT only.

PARKGATE_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '== %s\n' "$*"; }

die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# Runs a command as root, or by sudo.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "this needs root or sudo, and there is neither; as root run: $*"
    fi
}

# packages_of GROUP...: the names of these groups of packaging/apt-packages.txt.
packages_of() {
    local group name wanted=" $* " in=no
    while read -r name group; do
        case "$name $group" in
        "# group: "*) [[ $wanted == *" ${group#group: } "* ]] && in=yes || in=no ;;
        "#"* | " ") ;;
        *) if [ "$in" = yes ]; then printf '%s\n' "$name"; fi ;;
        esac
    done <"$PARKGATE_ROOT/packaging/apt-packages.txt"
}

# install_packages GROUP...: only what is missing; asks the archive nothing when nothing is.
install_packages() {
    local name missing=()
    for name in $(packages_of "$@"); do
        if [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" != installed ]; then
            missing+=("$name")
        fi
    done
    if [ ${#missing[@]} -eq 0 ]; then
        say "packages: all there"
        return
    fi
    say "packages: installing as $([ "$(id -u)" -eq 0 ] && echo root || echo "root by sudo"): ${missing[*]}"
    as_root apt-get -q update || say "apt-get update had errors; trying all the same"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install \
        "${missing[@]}" || die "apt-get could not install: ${missing[*]}"
}

# configure DIR [cmake option...]: a build directory, ccache where there is one.
configure() {
    local dir=$1
    shift
    local launcher=()
    if command -v ccache >/dev/null; then
        launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache)
    fi
    cmake -S "$PARKGATE_ROOT" -B "$dir" -G Ninja "${launcher[@]}" "$@"
}

# build DIR [target...]
build() {
    local dir=$1
    shift
    ninja -C "$dir" -j "$(nproc)" "$@"
}
