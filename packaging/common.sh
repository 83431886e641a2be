# shellcheck shell=sh
# What packaging/quickstart, packaging/test and .ci/run share: sourced by them, POSIX sh.
root=$(cd "$(dirname "$0")/.." && pwd -P)

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$(printf '\033[1m') plain=$(printf '\033[0m')
else
    bold='' plain=''
fi

# What is being done, on a line of its own.
step() {
    printf '%s==> %s%s\n' "$bold" "$*" "$plain"
}

fail() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# The header comment of the script that runs: its help.
help() {
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
}

# Runs a command silently; what it printed is shown when it fails.
quietly() {
    output=$(mktemp)
    if "$@" >"$output" 2>&1; then
        rm -f "$output"
    else
        status=$?
        tail -n 60 "$output" >&2
        rm -f "$output"
        return "$status"
    fi
}

# Runs a command as root, through sudo if need be.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

# Prints the packages of packaging/packages, for the purposes named, that are not installed. On a system
# without dpkg nothing: there CMake names what it does not find.
missing_packages() {
    command -v dpkg-query >/dev/null || return 0
    installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n')
    while read -r purpose package; do
        case " $* " in
        *" $purpose "*) printf '%s\n' "$installed" | grep -qxF "$package installed" || printf ' %s' "$package" ;;
        esac
    done <"$root/packaging/packages"
}

# Installs what the purposes named need and is missing; says nothing and needs no network when nothing is.
install_missing() {
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null ||
        fail "as root, please run first: apt-get install$missing"
    step "Installing Debian packages, which may take some minutes:$missing"
    quietly as_root apt-get -q update || fail "apt-get update failed"
    # shellcheck disable=SC2086 # the names are words
    quietly as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends $missing ||
        fail "apt-get install failed"
}

# configure FOLDER [CMAKE OPTION]...: makes the build directory, or brings it up to date. One that was made for
# another place (a copied tree) is begun again.
configure() {
    build=$1
    shift
    if [ ! -f "$build/CMakeCache.txt" ]; then
        command -v ninja >/dev/null && set -- -G Ninja "$@"
    elif ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$build/CMakeCache.txt"; then
        set -- --fresh "$@"
    fi
    quietly cmake -S "$root" -B "$build" "$@"
}

# compile FOLDER [TARGET]...: builds it, on every processor. Shows progress.
compile() {
    build=$1
    shift
    [ $# -eq 0 ] || set -- --target "$@"
    cmake --build "$build" --parallel "$(nproc)" "$@"
}
