#!/usr/bin/env bash
# Installs what the validator needs and runs it: the one script an operator has to know.
#
# Takes Debian packages and a Rust toolchain, each only where it is missing, so that a second
# run is quick and needs no network. The script can be sourced for its functions; `.ci/run` does.
set -euo pipefail

usage() {
    cat <<'USAGE'
Install what a ComputeHorde validator needs, and run it

Usage: ./install.sh [--dry-run] COMMAND [ARGUMENT...]

Commands:
  demo [ARGUMENT...]  build, then play a cycle on a local subnet (`horde demo`)
  test                build and run all tests

Options:
  --dry-run           show the steps, change nothing
  -h, --help          show this help

Runs on Debian 12 or newer and on Ubuntu 22.04 or newer, as root or as a user
with sudo. sudo is asked only for Debian packages, and only where one is
missing. Rust comes from the system's rustup package or else from rustup.rs;
a toolchain that is recent enough is left alone.

Running a command again is safe and continues where it was interrupted.
CARGO_HOME and CARGO_TARGET_DIR are honoured.

Exit status: 0 done, 1 a step failed, 2 wrong usage.

Examples:
  ./install.sh demo
  ./install.sh --dry-run test
USAGE
}

project=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dry_run=
lists_are_fresh=

say() { printf '%s\n' "$*" >&2; }
fail() { say "install.sh: $1"; exit "${2:-1}"; }

# Runs a command, or shows it where nothing may change.
run() {
    if [[ $dry_run ]]; then
        say "would run:$(printf ' %q' "$@")"
    else
        "$@"
    fi
}

# --- Debian packages ---------------------------------------------------------------------------

# Runs apt-get as root: asks nothing, removes nothing, restarts no service of this machine, and
# waits for another apt to end.
apt_get() {
    local as_root=(env)
    if ((EUID != 0)); then
        command -v sudo >/dev/null || fail "root or sudo is needed to install Debian packages"
        as_root=(sudo env)
    fi
    run "${as_root[@]}" DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l \
        apt-get -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 "$@"
}

# Refreshes the package lists, once in a run. Their lock has no timeout of its own, so a busy one
# is tried again.
refresh_package_lists() {
    local attempt
    [[ ! $lists_are_fresh ]] || return 0
    for attempt in 1 2 3 4; do
        if apt_get update; then
            lists_are_fresh=1
            return
        fi
        say "package lists: attempt $attempt failed"
        ((attempt == 4)) || sleep 15
    done
    fail "the package lists cannot be refreshed; is the package mirror reachable?"
}

# Installs Debian packages with all that they need, and nothing that they only recommend.
install_packages() {
    say "installing Debian packages: $*"
    command -v apt-get >/dev/null ||
        fail "this system has no apt-get; install the equivalents of these yourself: $*"
    refresh_package_lists
    apt_get install --yes --no-install-recommends --no-remove "$@" ||
        fail "apt-get cannot install these packages: $*"
}

# Whether the package can be had, by this user and without removing another one.
is_available() {
    command -v apt-get >/dev/null || return 1
    ((EUID == 0)) || command -v sudo >/dev/null || return 1
    refresh_package_lists
    apt-get --simulate --no-remove install "$1" >/dev/null 2>&1
}

# The packages a build needs: the bundled SQLite is C, TLS trusts the system's certificates, and
# git names the commit that `horde --version` shows.
install_build_packages() {
    local missing=()
    command -v cc >/dev/null || missing+=(gcc)
    [[ -e /usr/include/stdlib.h ]] || missing+=(libc6-dev)
    [[ -e /etc/ssl/certs/ca-certificates.crt ]] || missing+=(ca-certificates)
    command -v git >/dev/null || missing+=(git)
    ((${#missing[@]} == 0)) || install_packages "${missing[@]}"
}

# --- Rust --------------------------------------------------------------------------------------

required_rust() { sed -n 's/^rust-version *= *"\([0-9.]*\)".*/\1/p' "$project/Cargo.toml"; }

# Whether `cargo`, with the arguments given, is there and recent enough.
cargo_suffices() {
    local found
    found=$(RUSTUP_AUTO_INSTALL=0 cargo "$@" --version 2>/dev/null) || return 1
    found=${found#cargo }
    printf '%s\n' "$(required_rust)" "${found%% *}" | sort --check=quiet --version-sort
}

# Takes the first that does: the toolchain in use, rustup's stable one. The operator's default
# toolchain stays what it is; only this run is told to use another.
choose_toolchain() {
    PATH=${CARGO_HOME:-$HOME/.cargo}/bin:$PATH
    cargo_suffices && return
    cargo_suffices +stable && export RUSTUP_TOOLCHAIN=stable
}

# As rustup.rs documents it; that script is one function, so a cut download runs nothing.
install_rustup_from_rust_lang() {
    command -v curl >/dev/null || install_packages curl
    say "installing rustup from rustup.rs"
    run bash -o pipefail -c "curl --proto '=https' --tlsv1.2 -sSfL --retry 3 https://sh.rustup.rs |
        sh -s -- -y --no-modify-path --profile minimal --default-toolchain none" ||
        fail "rustup cannot be installed; install Rust $(required_rust) or newer and run this again"
}

install_rust() {
    choose_toolchain && return
    say "no Rust $(required_rust) or newer found"
    if command -v rustup >/dev/null; then
        say "rustup is here and will be asked for one"
    elif is_available rustup; then
        install_packages rustup
    else
        install_rustup_from_rust_lang
    fi
    run rustup toolchain install stable --profile minimal --component rustfmt --component clippy ||
        fail "the stable Rust toolchain cannot be installed"
    [[ $dry_run ]] || choose_toolchain ||
        fail "Rust $(required_rust) or newer is needed; rustup's stable is older"
}

install_for_build() {
    install_build_packages
    install_rust
}

# --- what tests run against ---------------------------------------------------------------------

# An S3 server, the AWS CLI, the B2 library and a mail server, in a place of their own beside the build.
install_test_servers() {
    local folder=${CARGO_TARGET_DIR:-$project/target}/test-servers
    local wanted='moto[s3,server]==5.2.5 awscli==1.45.11 b2sdk==2.13.2 aiosmtpd==1.4.6'
    [[ $(cat "$folder/installed" 2>/dev/null) != "$wanted" ]] || return 0
    python3 -c 'import ensurepip, venv' 2>/dev/null || install_packages python3 python3-venv
    say "installing an S3 server, a mail server and their clients for the tests"
    run python3 -m venv "$folder" || fail "no Python environment can be made in $folder"
    # shellcheck disable=SC2086 # several words
    run "$folder/bin/pip" install --quiet --disable-pip-version-check $wanted ||
        fail "moto, awscli, b2sdk and aiosmtpd cannot be installed; is the Python package index reachable?"
    [[ $dry_run ]] || printf '%s\n' "$wanted" >"$folder/installed"
}

# --- commands ----------------------------------------------------------------------------------

demo() {
    install_for_build
    say "building horde; the first time this takes some minutes"
    run cargo build --locked --bin horde
    say "starting \`horde demo\`: a whole cycle on a subnet of its own, on this machine alone"
    run exec cargo run --quiet --locked --bin horde -- demo "$@"
}

# `failpoints` lets tests kill a pass between any two steps. The documentation's examples go first,
# so that the run ends with the line of the integration tests.
run_tests() {
    (($# == 0)) || fail "test takes no arguments; for a single test use cargo test" 2
    install_for_build
    install_test_servers
    run cargo test --locked --features failpoints --doc
    run cargo test --locked --features failpoints --tests
}

main() {
    local command=
    while (($# > 0)); do
        case $1 in
            -h | --help) usage; return ;;
            --dry-run) dry_run=1 ;;
            -*) [[ $command ]] && break; fail "unknown option $1; see ./install.sh --help" 2 ;;
            *) [[ $command ]] && break; command=$1 ;;
        esac
        shift
    done
    cd "$project"
    case $command in
        demo) demo "$@" ;;
        test) run_tests "$@" ;;
        '') usage >&2; exit 2 ;;
        *) fail "unknown command $command; see ./install.sh --help" 2 ;;
    esac
}

[[ ${BASH_SOURCE[0]} != "$0" ]] || main "$@"
