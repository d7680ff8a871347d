#!/usr/bin/env bash
# Installs what the validator needs and runs it: the one script an operator has to know.
#
# Takes Debian packages and a Rust toolchain, each only where it is missing, so that a second
# run is quick and needs no network. The script can be sourced for its functions; `.ci/run` does,
# and what runs on a server is sent there as functions of this file.
set -euo pipefail

usage() {
    cat <<'USAGE'
Install what a ComputeHorde validator needs, and run it

Usage: ./install.sh [--dry-run] COMMAND [ARGUMENT...]

Trying it:
  demo [ARGUMENT...]  build, then play a cycle on a local subnet (`horde demo`)
  test                build and run all tests

Running a validator:
  local               install or upgrade on this machine
  remote              the same on a server, over ssh, with hotkey and settings
  git-deploy          let `git push` deploy, to a server or to this machine
  uninstall           stop and remove it; settings and data stay
  trusted-miner       set up the GPU server that answers prompts
  package             build the binary to hand on, with checksums

Options:
  --dry-run           show the steps, change nothing
  -h, --help          show this help; after a command: its own

Runs on Debian 12 or newer and on Ubuntu 22.04 or newer, as root or as a user
with sudo. sudo is asked only where it is needed: for Debian packages that are
missing, and for what is installed. Rust comes from the system's rustup package
or else from rustup.rs; a toolchain that is recent enough is left alone.

Running a command again is safe and continues where it was interrupted.

Environment:
  CARGO_HOME, CARGO_TARGET_DIR  as cargo knows them
  HORDE_BUILD                   command that builds instead of cargo: it leaves
                                the program at $HORDE_BINARY
  REMOTE_HOST, REMOTE_DIR       for `test`: run the tests there, over ssh

Exit status: 0 done, 1 a step failed, 2 wrong usage, 75 a server cannot be
reached.

Examples:
  ./install.sh demo
  ./install.sh --dry-run local
  ./install.sh remote validator.example.org ~/.bittensor/wallets/w/hotkeys/h
USAGE
}

project=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
command=
dry_run=
lists_are_fresh=

# Where things are on a machine that runs a validator. The units know these places, too.
program=/usr/local/bin/horde
settings=/etc/horde/horde.env
wallets=/etc/horde/wallets
state=/var/lib/horde
units=/etc/systemd/system
unit_list=/etc/horde/installed-units
runtime=/run/horde-metrics
# what only an operator enables: it listens
by_choice=horde-metrics.socket

# Nobody may be listening any more: a push or a connection that was cut.
say() { printf '%s\n' "$*" >&2 || true; }
fail() { say "install.sh: $1"; exit "${2:-1}"; }
misuse() { fail "$1; see ./install.sh $command --help" 2; }

# A value that the system tells of itself.
of_system() { sed -n "s/^$1=\"\{0,1\}\([^\"]*\)\"\{0,1\}$/\1/p" /etc/os-release; }

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

# --- building ----------------------------------------------------------------------------------

# Builds the release and leaves its path in `built`. What an earlier build left must not pass for
# it.
build_release() {
    built=${CARGO_TARGET_DIR:-$project/target}/release/horde
    if [[ ${HORDE_BUILD:-} ]]; then
        say "building with: $HORDE_BUILD"
        run rm -f "$built"
        run mkdir -p "${built%/*}"
        HORDE_BINARY=$built run bash -c "$HORDE_BUILD" || fail "the build failed"
    else
        install_for_build
        say "building the release; the first time this takes some minutes"
        run cargo build --locked --release --bin horde || fail "the build failed"
    fi
    [[ $dry_run || -x $built ]] || fail "the build left no program at $built"
}

# --- what tests run against ---------------------------------------------------------------------

# In a place of their own beside the build.
install_test_servers() {
    local folder=${CARGO_TARGET_DIR:-$project/target}/test-servers
    install_python_servers
    install_prometheus
}

# An S3 server, a mail server and clients of both.
install_python_servers() {
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

# A browser without a screen, for the pages that people read. Ubuntu has none as a package.
install_test_browser() {
    local name
    for name in chromium-headless-shell chromium google-chrome; do
        ! command -v "$name" >/dev/null || return 0
    done
    if is_available chromium-headless-shell; then
        install_packages chromium-headless-shell
    else
        say "tests that look at pages are passed over: this system has no package chromium-headless-shell, and no Chrome"
    fi
}

# Prometheus and node_exporter, taken out of their packages: those would start services.
install_prometheus() {
    local name unpacked missing=() packages=()
    for name in prometheus promtool prometheus-node-exporter; do
        [[ -x $folder/bin/$name ]] || missing+=("usr/bin/$name")
    done
    ((${#missing[@]} > 0)) || return 0
    if ! command -v apt-get >/dev/null; then
        say "tests with Prometheus are passed over where it is not installed: only Debian's packages are known"
        return
    fi
    command -v systemd-socket-activate >/dev/null || packages+=(systemd)
    command -v openssl >/dev/null || packages+=(openssl)
    ((${#packages[@]} == 0)) || install_packages "${packages[@]}"
    say "taking Prometheus and node_exporter out of their packages for the tests"
    unpacked=$folder/packages
    run rm -rf "$unpacked"
    run mkdir -p "$unpacked" "$folder/bin"
    download_packages "$unpacked" prometheus prometheus-node-exporter
    for name in "${missing[@]}"; do
        run mv -f "$unpacked/$name" "$folder/bin/" || fail "${name##*/} is not in its package"
    done
    run rm -rf "$unpacked"
}

# Unpacks these packages in a folder; installs nothing.
download_packages() {
    local folder=$1 package get=(apt-get -qq -o APT::Sandbox::User=root -o Acquire::Retries=3 download)
    shift
    if [[ $dry_run ]]; then
        say "would download and unpack: $*"
        return
    fi
    (cd "$folder" && "${get[@]}" "$@" 2>/dev/null) || {
        refresh_package_lists
        (cd "$folder" && "${get[@]}" "$@") || fail "apt-get cannot download these packages: $*"
    }
    for package in "$folder"/*.deb; do
        dpkg-deb -x "$package" "$folder" || fail "$package cannot be unpacked"
    done
}

# A Debian system that tests copy, to install the validator in. Only root can make one.
install_test_root() {
    local root=${CARGO_TARGET_DIR:-$project/target}/test-root missing=()
    [[ ! -d $root ]] || return 0
    if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
        say "tests that install the validator are passed over: only root on Debian can make a system for them"
        return
    fi
    command -v debootstrap >/dev/null || missing+=(debootstrap)
    command -v systemd-nspawn >/dev/null || missing+=(systemd-container)
    command -v ssh >/dev/null || missing+=(openssh-client)
    ((${#missing[@]} == 0)) || install_packages "${missing[@]}"
    say "making a Debian system for the tests"
    run rm -rf "$root.new"
    # of this machine's version, so that what is built here runs there
    run debootstrap --variant=minbase \
        --include=systemd,systemd-sysv,dbus,openssh-server,git,cron,ca-certificates,sudo \
        "$(of_system VERSION_CODENAME)" "$root.new" >/dev/null ||
        fail "debootstrap cannot make a system; is the package mirror reachable?"
    # half of its files, which every test would copy
    run rm -rf "$root.new"/usr/share/{doc,man,info,locale,zoneinfo} \
        "$root.new"/var/{cache/apt/archives,lib/apt/lists}
    run mv "$root.new" "$root"
}

# Has cargo run the tests on REMOTE_HOST, in REMOTE_DIR. cargo knows the runner by the platform.
use_remote_host() {
    local platform runner=$project/tests/remote_runner.sh
    REMOTE_DIR=${REMOTE_DIR:-$project}
    export REMOTE_HOST REMOTE_DIR
    platform=$(rustc -vV | sed -n 's/^host: //p')
    platform=${platform^^}
    export "CARGO_TARGET_${platform//-/_}_RUNNER=$runner"
    say "tests run on $REMOTE_HOST, in $REMOTE_DIR"
    run "$runner" --tools
}

# --- on this machine ---------------------------------------------------------------------------

local_usage() {
    cat <<'USAGE'
Install or upgrade a validator on this machine

Usage: ./install.sh local [OPTIONS]

Builds the program as the user who calls, or takes a built one, and as root:
makes the system user horde, its folders, settings and units, backs up and
migrates the database, puts the program in place and starts the timers.
An upgrade is the same command. It stops nothing that runs: passes end with the
program that they began with. What is there already is kept.

Options:
  --binary FILE    install this program instead of building one
  --env-file FILE  take over this .env file as it is, where no settings are yet
  --settings FILE  add these settings where they have no value yet
  --hotkey FILE    copy this hotkey and the coldkeypub.txt of its wallet
  --no-backup      make no backup of the database before it is migrated
  --no-start       start nothing and enable nothing
  --dry-run        show the steps, change nothing
  -h, --help       show this help

Places:
  /usr/local/bin/horde         the program; horde.previous: the one before it
  /etc/horde/horde.env         settings
  /etc/horde/wallets           hotkeys
  /etc/horde/wallet-password   password of an encrypted hotkey, if you put one
  /var/lib/horde               database, backups
  /etc/systemd/system          units
USAGE
}

# What `local` does, in this order. Up to `database`, the program that was there before goes on as
# if nothing were.
install_steps=(account folders trial settings hotkey backup database program units timers)
finished=()

install_local() {
    binary='' env_file='' additions='' hotkey='' no_backup='' no_start=''
    local given=("$@")
    while (($# > 0)); do
        case $1 in
            -h | --help) local_usage; return ;;
            --dry-run) dry_run=1 ;;
            --no-backup) no_backup=1 ;;
            --no-start) no_start=1 ;;
            --binary) file_argument binary "$@"; shift ;;
            --env-file) file_argument env_file "$@"; shift ;;
            --settings) file_argument additions "$@"; shift ;;
            --hotkey) file_argument hotkey "$@"; shift ;;
            *) misuse "unknown argument $1" ;;
        esac
        shift
    done
    if [[ ! $binary ]]; then
        build_release
        binary=$built
        given+=(--binary "$binary")
    fi
    continue_as_root local "${given[@]}"
    PATH=$PATH:/usr/sbin:/sbin
    # a push or a connection that is cut must not end this between two steps
    trap '' HUP PIPE
    trap report_failure EXIT
    local step
    for step in "${install_steps[@]}"; do
        "install_$step"
        finished+=("$step")
    done
    [[ $dry_run ]] || say "installed: $version; \`sudo -u horde horde status\` tells how it does"
}

# Takes the file that follows an option into the variable of that name.
file_argument() {
    [[ ${3:-} ]] || misuse "$2 needs a file"
    [[ -f $(absolute "$3") || $dry_run ]] || fail "there is no file $3" 2
    printf -v "$1" '%s' "$(absolute "$3")"
}

absolute() {
    if [[ $1 == /* ]]; then printf '%s' "$1"; else printf '%s/%s' "$called_from" "$1"; fi
}

# Goes on as root, with these arguments; there is no way back.
continue_as_root() {
    if ((EUID == 0)) || [[ $dry_run ]]; then return; fi
    command -v sudo >/dev/null || fail "$command needs root or sudo"
    cd "$called_from"
    exec sudo "$project/install.sh" "$@"
}

report_failure() {
    local status=$?
    [[ $dry_run ]] || rm -f "$program.new" "$settings.new"
    ((status != 0)) || return 0
    say "  done before that: ${finished[*]:-nothing}"
    say "  not done: ${install_steps[*]:${#finished[@]}}"
    say "  what ran before goes on running; once this is solved, run the same command again"
}

install_account() {
    getent group horde >/dev/null || run groupadd --system horde
    getent passwd horde >/dev/null || run useradd --system --gid horde --home-dir "$state" \
        --no-create-home --shell /usr/sbin/nologin horde
}

# Also waits for another installation to end: what follows must not happen twice at once.
install_folders() {
    make_folder "${settings%/*}" root 0750
    make_folder "$wallets" horde 0750
    make_folder "$state" horde 0700
    make_folder "$state/backups" horde 0700
    [[ ! $dry_run ]] || return 0
    exec 9<"${settings%/*}"
    flock --nonblock 9 || { say "another installation is running; waiting for it"; flock 9; }
}

make_folder() { run install -d -o "$2" -g horde -m "$3" "$1"; }

# The new program must run here, as the user it is meant for, before anything relies on it.
install_trial() {
    version="the program"
    run install -o root -g root -m 0755 "$binary" "$program.new" || fail "$binary cannot be copied"
    [[ ! $dry_run ]] || return 0
    version=$(as_horde "$program.new" --version 2>&1) ||
        fail "$binary does not run on this machine: ${version:0:300}"
}

# With nothing of this environment, which would win over the settings.
as_horde() {
    (cd "$state" && exec runuser -u horde -- env -i HOME="$state" STATE_DIRECTORY="$state" \
        PATH=/usr/local/bin:/usr/bin:/bin NO_COLOR=1 "$@")
}

install_settings() {
    if [[ -s $settings ]]; then
        say "keeping the settings in $settings"
    elif [[ $env_file ]]; then
        say "taking over $env_file as $settings"
        write_settings <"$env_file"
    else
        say "writing settings to fill in: $settings"
        [[ $dry_run ]] || template | write_settings
    fi
    [[ ! $dry_run ]] || return 0
    missing_places | merge_settings
    [[ ! $additions ]] || merge_settings <"$additions"
    read_settings "$settings"
}

# The settings as the new program understands them, in `config`.
read_settings() {
    config=$(as_horde "$program.new" --env-file "$1" config 2>&1) ||
        fail "the settings cannot be used: ${config:0:600}"
}

configured() { sed -n "s/^$1=//p" <<<"$config"; }

# Settings come from the program's own list, so that none is forgotten. Those that are needed, and
# those that this script knows, are left open; the others show their defaults.
template() {
    cat <<'HEAD'
# Settings of the validator, one NAME=value a line. A value with spaces, quotes, # or $ stands in
# "double quotes", with \ before each of \ " $ in it. `horde config` shows what is in force.

HEAD
    as_horde "$program.new" --env-file /dev/null config | sed -n '
        /^DEBUG_/ { N; d }
        N
        s/^\(.*\)\n *\(.*\) (from [^()]*)$/# \2\n#\1\n/
        s/\n#\(HORDE_DB\|BACKUP_DIRECTORY\)=/\n\1=/
        s/\n#\(BITTENSOR_NETUID\|BITTENSOR_NETWORK\)=/\n\1=/
        s/\n#\(BITTENSOR_WALLET_NAME\|BITTENSOR_WALLET_HOTKEY_NAME\)=/\n\1=/
        s/\n#\(BITTENSOR_WALLET_DIRECTORY\)=[^\n]*/\n\1=/
        p'
}

# Stated in the settings, so that a command given by hand finds what the units use.
missing_places() {
    has_value HORDE_DB || printf 'HORDE_DB=%s\n' "$state/horde.db"
    has_value BITTENSOR_WALLET_DIRECTORY || printf 'BITTENSOR_WALLET_DIRECTORY=%s\n' "$wallets"
    has_value BACKUP_DIRECTORY || printf 'BACKUP_DIRECTORY=%s\n' "$state/backups"
}

has_value() { grep -qE "^[[:space:]]*(export[[:space:]]+)?$1[[:space:]]*=[[:space:]]*[^[:space:]#]" "$settings"; }

# Reads assignments, one a line, and adds those whose names have no value yet.
merge_settings() {
    local line name index changed='' lines=()
    mapfile -t lines <"$settings"
    while IFS= read -r line; do
        name=${line%%=*}
        if has_value "$name"; then
            grep -qxF -- "$line" "$settings" || say "$name has a value in $settings, which stays"
            continue
        fi
        changed=1
        for index in "${!lines[@]}"; do
            [[ ${lines[index]} != "$name=" ]] || { lines[index]=$line; continue 2; }
        done
        lines+=("$line")
    done
    [[ ! $changed ]] || printf '%s\n' "${lines[@]}" | write_settings
}

# Settings that the program does not understand never take the place of others.
write_settings() {
    [[ ! $dry_run ]] || return 0
    install -o root -g horde -m 0640 /dev/stdin "$settings.new"
    read_settings "$settings.new"
    mv -f "$settings.new" "$settings"
}

install_hotkey() {
    [[ $hotkey ]] || return 0
    check_hotkey "$hotkey"
    local folder=$wallets/$wallet_name
    local target=$folder/hotkeys/$hotkey_name public=${hotkey%/*/*}/coldkeypub.txt
    [[ ! -e $target ]] || cmp -s "$hotkey" "$target" ||
        fail "another hotkey lies at $target already; move it away first"
    make_folder "$folder" horde 0750
    make_folder "$folder/hotkeys" horde 0750
    run install -o horde -g horde -m 0600 "$hotkey" "$target"
    [[ ! -f $public ]] || run install -o horde -g horde -m 0600 "$public" "$folder/coldkeypub.txt"
    [[ ! $dry_run ]] || return 0
    printf '%s\n' "BITTENSOR_WALLET_NAME=$wallet_name" \
        "BITTENSOR_WALLET_HOTKEY_NAME=$hotkey_name" | merge_settings
    read_settings "$settings"
}

# Refuses what is no hotkey; leaves the names to use in `wallet_name` and `hotkey_name`.
check_hotkey() {
    local real wallet=${1%/*/*} address
    [[ -f $1 && -r $1 && -s $1 ]] || fail "$1 is not a hotkey file that can be read" 2
    real=$(readlink -f -- "$1")
    [[ ${1##*/} != coldkey* && ${real##*/} != coldkey* ]] ||
        fail "$1 is a coldkey, which never belongs on a validator" 2
    [[ ${1%/*} == */hotkeys ]] ||
        fail "$1 does not lie in the folder hotkeys of a wallet" 2
    (($(wc -c <"$1") <= 65536)) || fail "$1 is larger than any hotkey file" 2
    address=$(address_in "$1")
    [[ ! $address || $address != "$(address_in "$wallet/coldkeypub.txt")" ]] ||
        fail "$1 holds the key of coldkeypub.txt: it is a coldkey, which never belongs on a validator" 2
    wallet_name=$(plain_name "${wallet##*/}" mywallet)
    hotkey_name=$(plain_name "${1##*/}" default)
}

address_in() { sed -n 's/.*"ss58Address": *"\([A-Za-z0-9]*\)".*/\1/p' "$1" 2>/dev/null || true; }

# Names that shells and readers of .env files might take for something else are replaced.
plain_name() {
    if [[ $1 =~ ^[[:alnum:]_][[:alnum:]_.@%+=:,-]*$ ]]; then
        printf '%s' "$1"
    else
        printf '%s' "$2"
    fi
}

# By the program that is in place, which knows the database as it is; the new one might change it.
install_backup() {
    local maker=$program said
    if [[ $dry_run ]]; then
        [[ $no_backup ]] || say "would back up the database, if there is one to be upgraded"
        return
    fi
    [[ -e $(configured HORDE_DB) ]] || { say "no database yet, so no backup"; return 0; }
    ! cmp -s "$program.new" "$program" || return 0
    [[ ! $no_backup ]] || { say "no backup, as you wish"; return 0; }
    has_backups "$maker" || maker=$program.new
    has_backups "$maker" || { say "no backup: neither version can make one"; return 0; }
    said=$(as_horde "$maker" --env-file "$settings" backup-db --local-only 2>&1) ||
        fail "the database cannot be backed up (--no-backup goes on without): ${said:0:600}"
    # the result comes after the story
    say "${said##*$'\n'}"
}

has_backups() { as_horde "$1" backup-db --help >/dev/null 2>&1; }

install_database() {
    local said
    if [[ $dry_run ]]; then
        say "would run as horde: $program.new --env-file $settings migrate"
        return
    fi
    said=$(as_horde "$program.new" --env-file "$settings" migrate 2>&1) ||
        fail "the database cannot be migrated: ${said:0:600}"
    say "${said:0:600}"
}

# One rename each: at no moment is there no program.
install_program() {
    if [[ ! $dry_run ]] && cmp -s "$program.new" "$program"; then
        say "this program is in place already"
        rm -f "$program.new"
        return
    fi
    if [[ -e $program && ! $program -ef $program.previous ]]; then
        run ln -f "$program" "$program.previous"
    fi
    run mv -f "$program.new" "$program"
}

# The units of this version, by their paths below systemd/.
unit_files() {
    [[ -d $project/systemd ]] || return 0
    (cd "$project/systemd" && find . -type f \( -path './*.d/*.conf' -o -name '*.service' \
        -o -name '*.timer' -o -name '*.target' -o -name '*.socket' -o -name '*.slice' \
        -o -name '*.path' \) -printf '%P\n' | sort)
}

systemd_runs() { [[ -d /run/systemd/system ]]; }

install_units() {
    local unit wanted
    wanted=$(unit_files)
    while IFS= read -r unit; do
        [[ ! $unit ]] || grep -qxF -- "$unit" <<<"$wanted" || remove_unit "$unit"
    done < <(cat "$unit_list" 2>/dev/null)
    while IFS= read -r unit; do
        [[ ! $unit ]] || cmp -s "$project/systemd/$unit" "$units/$unit" ||
            run install -D -m 0644 "$project/systemd/$unit" "$units/$unit"
    done <<<"$wanted"
    [[ $dry_run ]] || install -m 0644 /dev/stdin "$unit_list" <<<"$wanted"
    ! systemd_runs || run systemctl daemon-reload
}

# A service that runs is left to its end; without its timer it does not begin again.
remove_unit() {
    say "removing $units/$1"
    if [[ $1 != */* ]] && command -v systemctl >/dev/null; then
        run systemctl --quiet disable "$1" || true
        if systemd_runs && [[ $1 != *.service ]]; then run systemctl stop "$1" || true; fi
    fi
    run rm -f "$units/$1"
    [[ $1 != */* || $dry_run ]] || rmdir --ignore-fail-on-non-empty "$units/${1%/*}" || true
}

install_timers() {
    local missing enabled=() timers=()
    mapfile -t enabled < <(unit_files | while IFS= read -r unit; do
        [[ $unit == *[/@]* || $unit == "$by_choice" ]] ||
            ! grep -qx '\[Install\]' "$project/systemd/$unit" || printf '%s\n' "$unit"
    done)
    ((${#enabled[@]} > 0)) || { say "this version brings no units: nothing is started"; return 0; }
    [[ ! $no_start ]] || { say "nothing is enabled or started, as you wish"; return 0; }
    missing=$([[ $dry_run ]] || missing_settings)
    if [[ $missing ]]; then
        say "not started, because these are missing in $settings:$missing"
        say "fill them in and run this again"
        return
    fi
    if ! command -v systemctl >/dev/null; then
        say "this machine has no systemd: nothing is started; crontab.example shows another way"
        return
    fi
    run systemctl --quiet enable "${enabled[@]}"
    if ! systemd_runs; then
        say "no systemd runs here: the units are enabled, and start when one does"
        return
    fi
    mapfile -t timers < <(printf '%s\n' "${enabled[@]}" | grep -E '\.(timer|target|socket)$')
    ((${#timers[@]} == 0)) || run systemctl start "${timers[@]}"
    hand_over_relay
}

# The relay runs on for ever. Told to end, it takes no more jobs and lets those that run end; then
# systemd starts the program that is in place now.
hand_over_relay() {
    local pid
    pid=$(systemctl show --property=MainPID --value horde-relay-organic.service)
    if [[ ${pid:-0} != 0 && ! /proc/$pid/exe -ef $program ]]; then
        say "the relay goes on with the new program once its jobs have ended"
        run systemctl kill --kill-who=main --signal=SIGTERM horde-relay-organic.service
    fi
}

# What no pass can do without.
missing_settings() {
    local name folder file
    for name in BITTENSOR_NETWORK BITTENSOR_NETUID BITTENSOR_WALLET_NAME BITTENSOR_WALLET_HOTKEY_NAME; do
        [[ $(configured "$name") ]] || printf ' %s' "$name"
    done
    folder=$(configured BITTENSOR_WALLET_DIRECTORY)
    file=${folder/#\~/$state}/$(configured BITTENSOR_WALLET_NAME)/hotkeys/$(configured BITTENSOR_WALLET_HOTKEY_NAME)
    [[ $file == *//* || $file == */ || -f $file ]] || printf ' the hotkey file %s' "$file"
}

uninstall_usage() {
    cat <<'USAGE'
Stop and remove the validator on this machine

Usage: ./install.sh uninstall [OPTIONS]

Stops all units, also passes that run, and removes units and programs.
/etc/horde and /var/lib/horde stay, so that installing it again continues.

Options:
  --purge     remove settings, hotkeys, database and backups, too; asks first
  --yes       do not ask
  --dry-run   show the steps, change nothing
  -h, --help  show this help
USAGE
}

uninstall() {
    local purge='' yes='' answer='' given=("$@") unit
    while (($# > 0)); do
        case $1 in
            -h | --help) uninstall_usage; return ;;
            --dry-run) dry_run=1 ;;
            --purge) purge=1 ;;
            --yes) yes=1 ;;
            *) misuse "unknown argument $1" ;;
        esac
        shift
    done
    continue_as_root uninstall "${given[@]}"
    PATH=$PATH:/usr/sbin:/sbin
    if [[ $purge && ! $yes && ! $dry_run ]]; then
        [[ -t 0 ]] || misuse "--purge asks before it deletes, and nobody is here to answer; add --yes"
        read -rp "Delete hotkeys, settings, database and backups for good? Type purge: " answer
        [[ $answer == purge ]] || fail "nothing was changed"
    fi
    stop_units
    while IFS= read -r unit; do
        [[ ! $unit ]] || remove_unit "$unit"
    done < <(cat "$unit_list" 2>/dev/null)
    ! systemd_runs || run systemctl daemon-reload
    run rm -f "$program" "$program.previous" "$program.new" "$unit_list"
    run rm -rf "$runtime"
    if [[ $purge ]]; then
        run rm -rf "${settings%/*}" "$state"
        ! getent passwd horde >/dev/null || run userdel horde
        ! getent group horde >/dev/null || run groupdel horde
    else
        say "${settings%/*} and $state are kept; --purge removes them"
    fi
}

stop_units() {
    systemd_runs || return 0
    run systemctl stop horde.target 2>/dev/null || true
    run systemctl stop 'horde*.timer' 'horde*.socket' 'horde*.service'
}

# --- over ssh ----------------------------------------------------------------------------------

# Opens the one connection that all else goes through. `destination` and `port` are the operator's
# words; ~/.ssh/config is honoured. Where nobody sits in front, ssh does not ask.
connect() {
    [[ $destination && $destination != -* ]] || misuse "an ssh destination is needed"
    folder=$(mktemp -d)
    trap disconnect EXIT
    ssh=(ssh -T -o ControlPath="$folder/ssh" -o ServerAliveInterval=15 -o ServerAliveCountMax=4)
    [[ ! $port ]] || ssh+=(-p "$port")
    [[ -t 0 ]] || ssh+=(-o BatchMode=yes)
    "${ssh[@]}" -o ControlMaster=yes -o ConnectTimeout=20 -fN -- "$destination" ||
        fail "$destination cannot be reached over ssh" 75
    ssh+=(-- "$destination")
}

disconnect() {
    [[ ! ${staging:-} ]] || on_server rm -rf "$staging" || true
    ssh -o ControlPath="$folder/ssh" -O exit -- "$destination" 2>/dev/null || true
    rm -rf "$folder"
}

# Runs a function of this file on the server. Its arguments can be seen there by everybody, its
# stdin cannot.
on_server() {
    local script
    script="set -euo pipefail
$(declare -f)
$(declare -p command program settings wallets state)
dry_run='' lists_are_fresh='' project=''
$(printf '%q ' "$@")"
    # not %q, whose form not every login shell reads
    "${ssh[@]}" "bash -c '${script//\'/\'\\\'\'}'"
}

as_root() { if ((EUID == 0)); then "$@"; else sudo -n "$@"; fi; }

require_root() {
    ((EUID == 0)) || sudo -n true 2>/dev/null ||
        fail "$(id -un) is not root on $(uname -n), and sudo is missing there or asks for a password"
}

# --- remote ------------------------------------------------------------------------------------

remote_usage() {
    cat <<'USAGE'
Install or upgrade a validator on a server, from your own machine

Usage: [NAME=value...] ./install.sh remote [OPTIONS] SSH_DESTINATION HOTKEY_PATH

Copies the hotkey file and the coldkeypub.txt of its wallet, never a coldkey,
and every setting of `horde config` that is set in your environment, except
those that name places of this machine. What the server has a value for already
stays as it is. Then runs `install.sh local` there.

Sends the program as it is built here if it runs there, else the source as it
was committed last, to build it there. Secrets go through the connection, and
are never an argument. The user needs to be root or to have sudo without a
password. A wallet or hotkey whose name has characters that shells treat
specially is called mywallet or default on the server.

Options:
  -p PORT         port of ssh, if ~/.ssh/config does not say
  --binary FILE   send this program instead of building one
  --no-backup, --no-start
                  as for `local`
  --dry-run       show the steps, change nothing, connect to nothing
  -h, --help      show this help

Environment:
  BITTENSOR_NETWORK, BITTENSOR_NETUID  needed
  MIGRATING=1     a server that must not serve yet
  ...             any other setting

Example:
  BITTENSOR_NETWORK=finney BITTENSOR_NETUID=12 MIGRATING=1 \
      ./install.sh remote root@203.0.113.7 ~/.bittensor/wallets/w/hotkeys/h
USAGE
}

remote() {
    local words=() onwards=()
    binary='' port='' destination='' staging=''
    while (($# > 0)); do
        case $1 in
            -h | --help) remote_usage; return ;;
            --dry-run) dry_run=1 ;;
            -p) port_argument "$@"; shift ;;
            --binary) file_argument binary "$@"; shift ;;
            --no-backup | --no-start) onwards+=("$1") ;;
            -*) misuse "unknown option $1" ;;
            *) words+=("$1") ;;
        esac
        shift
    done
    ((${#words[@]} == 2)) || misuse "an ssh destination and the path of a hotkey are needed"
    destination=${words[0]} hotkey=$(absolute "${words[1]}")
    check_hotkey "$hotkey"
    collect_settings
    if [[ $dry_run ]]; then
        say "would send to $destination: hotkey $hotkey_name of wallet $wallet_name"
        say "would send the settings: $(cut -d= -f1 <<<"$collected" | paste -sd ' ')"
        say "would run there: install.sh local ${onwards[*]}"
        return
    fi
    connect
    send_all
    say "installing on $destination"
    secrets_for_server | on_server install_there "$staging" "$wallet_name" "$hotkey_name" \
        "${onwards[@]}"
}

port_argument() {
    is_port "${2:-}" || misuse "-p needs a port"
    port=$2
}

is_port() { [[ $1 =~ ^[1-9][0-9]{0,4}$ ]] && (($1 <= 65535)); }

# Names of all settings, from the program's own list.
setting_names() {
    sed -n '/^ *variable($/ { n; s/^ *"\([A-Z0-9_]*\)",$/\1/p; }
        s/^ *variable("\([A-Z0-9_]*\)",.*/\1/p' "$project/src/settings/variables.rs"
}

# Takes the settings of this environment into `collected`, one assignment a line. All that is
# wrong is said at once.
collect_settings() {
    local name missing='' broken=''
    collected=
    for name in BITTENSOR_NETWORK BITTENSOR_NETUID; do
        [[ ${!name:-} ]] || missing+=" $name"
    done
    for name in $(setting_names); do
        case $name in
            HORDE_DB | BITTENSOR_WALLET_* | BACKUP_DIRECTORY) continue ;;
        esac
        [[ -v $name ]] || continue
        [[ ${!name} != *[[:cntrl:]]* ]] || broken+=" $name"
        collected+="$name=$(quoted "${!name}")"$'\n'
    done
    [[ ! $missing ]] || say "install.sh: these settings are needed in the environment:$missing"
    [[ ! $broken ]] || say "install.sh: these settings have line breaks or control characters:$broken"
    [[ ! $missing && ! $broken ]] || exit 2
    [[ ! ${BITTENSOR_WALLET_PASSWORD_FILE:-} ]] ||
        say "the password of the hotkey is not sent: put it at ${settings%/*}/wallet-password on the server"
}

# As systemd, this program and shells read it alike.
quoted() {
    local text=$1
    if [[ $text =~ ^[A-Za-z0-9_./:@%+,=-]*$ ]]; then
        printf '%s' "$text"
        return
    fi
    text=${text//\\/\\\\}
    text=${text//\"/\\\"}
    text=${text//\$/\\\$}
    printf '"%s"' "$text"
}

# Brings a folder with this script, the units and the program to the server: `staging`.
send_all() {
    local there parts=(install.sh Cargo.toml)
    [[ ! -d $project/systemd ]] || parts+=(systemd)
    there=$(on_server inspect_server)
    staging=$(on_server make_staging)
    tar -C "$project" -cf - "${parts[@]}" | on_server tar -C "$staging" -xf -
    if [[ ! $binary && $there == "$(uname -sm)" ]]; then
        build_release
        binary=$built
    fi
    if [[ $binary ]]; then
        say "sending the program"
        ! on_server receive_program "$staging/horde" <"$binary" || return 0
    fi
    say "a program built here does not run there ($there): sending the source, to build it there"
    git -C "$project" archive HEAD | on_server tar -C "$staging" -xf -
    on_server build_there "$staging" "${HORDE_BUILD:-}"
}

inspect_server() {
    require_root
    uname -sm
}

make_staging() { mktemp -d "$HOME/.horde-install.XXXXXX"; }

receive_program() {
    cat >"$1"
    chmod 0755 "$1"
    "$1" --version >/dev/null 2>&1
}

# By the script that was sent along with the source. What was compiled stays, for the next time.
build_there() {
    cd "$1"
    export CARGO_TARGET_DIR=${XDG_CACHE_HOME:-$HOME/.cache}/horde-build HORDE_BUILD=$2
    # shellcheck source=install.sh
    source ./install.sh
    build_release
    cp "$built" horde
}

# Settings, hotkey, public coldkey: each as one line.
secrets_for_server() {
    local public=${hotkey%/*/*}/coldkeypub.txt
    printf '%s' "$collected" | one_line
    one_line <"$hotkey"
    if [[ -f $public ]]; then one_line <"$public"; else echo; fi
}

one_line() { base64 | tr -d '\n'; echo; }

# Nothing of what came stays there, also when the connection is cut.
install_there() {
    staging=$1
    local wallet=$1/$2 hotkey=$3 file encoded
    shift 3
    trap 'rm -rf "$staging"' EXIT
    (umask 077 && mkdir -p "$wallet/hotkeys")
    for file in "$staging/settings" "$wallet/hotkeys/$hotkey" "$wallet/coldkeypub.txt"; do
        read -r encoded
        [[ ! $encoded ]] || (umask 077 && base64 -d <<<"$encoded" >"$file")
    done
    as_root "$staging/install.sh" local --binary "$staging/horde" --settings "$staging/settings" \
        --hotkey "$wallet/hotkeys/$hotkey" "$@" </dev/null
}

# --- deploying by git push ---------------------------------------------------------------------

git_deploy_usage() {
    cat <<'USAGE'
Let `git push` deploy the validator, to a server or to this machine

Usage: ./install.sh git-deploy [OPTIONS] [SSH_DESTINATION]

Makes ~/repos/validator.git with a hook that takes what is pushed to master:
checks it out, builds it, and runs its `install.sh local`, which backs up and
migrates the database and puts program and units in place. ~/domains/validator
leads to the version that was deployed last. If anything fails, the version
before goes on running, and the push shows why. Other branches deploy nothing.

The user needs to be root or to have sudo without a password.

Options:
  -p PORT     port of ssh, if ~/.ssh/config does not say
  --dry-run   show the steps, change nothing, connect to nothing
  -h, --help  show this help

Environment:
  HORDE_BUILD  command that builds instead of cargo; kept on the server

Afterwards:
  git remote add production SSH_DESTINATION:repos/validator.git
  git push production master
USAGE
}

git_deploy() {
    local where
    destination='' port='' staging=''
    while (($# > 0)); do
        case $1 in
            -h | --help) git_deploy_usage; return ;;
            --dry-run) dry_run=1 ;;
            -p) port_argument "$@"; shift ;;
            -*) misuse "unknown option $1" ;;
            *) [[ ! $destination ]] || misuse "one ssh destination is enough"; destination=$1 ;;
        esac
        shift
    done
    if [[ $dry_run ]]; then
        say "would make ~/repos/validator.git with a hook that deploys master, on ${destination:-this machine}"
        return
    fi
    if [[ $destination ]]; then
        connect
        on_server set_up_deploys "${HORDE_BUILD:-}"
        where=$destination:repos/validator.git
        [[ ! $port ]] || where=ssh://$destination:$port/~/repos/validator.git
    else
        set_up_deploys "${HORDE_BUILD:-}"
        where=$HOME/repos/validator.git
    fi
    say "ready; now, in your clone:"
    say "  git remote add production $where"
    say "  git push production master"
}

set_up_deploys() {
    local repository=$HOME/repos/validator.git
    require_root
    command -v git >/dev/null || install_packages git
    command -v flock >/dev/null || install_packages util-linux
    [[ -d $repository ]] || git init --quiet --bare --initial-branch=master "$repository"
    mkdir -p "$HOME/domains"
    if [[ $1 ]]; then
        git -C "$repository" config horde.build "$1"
    else
        git -C "$repository" config --unset-all horde.build || true
    fi
    {
        printf '%s\n' '#!/usr/bin/env bash' \
            "# Deploys what is pushed to master. Written by install.sh git-deploy, which see." \
            'set -euo pipefail'
        declare -f say receive_push deploy_master report_deploy check_out build_and_install make_current
        printf 'receive_push "$@"\n'
    } >"$repository/hooks/post-receive.new"
    chmod 0755 "$repository/hooks/post-receive.new"
    mv -f "$repository/hooks/post-receive.new" "$repository/hooks/post-receive"
}

# The hook. With the argument `again` it deploys master as it stands, without a push.
receive_push() {
    local new ref
    # git sets these for hooks, and every git below would obey them
    # shellcheck disable=SC2046
    unset $(git rev-parse --local-env-vars)
    repository=$(cd "$(dirname "$0")/.." && pwd)
    releases=$HOME/domains/validator.releases
    current=$HOME/domains/validator
    cd "$repository"
    if [[ ${1:-} == again ]]; then
        deploy_master "$(git rev-parse master)"
        return
    fi
    while read -r _ new ref; do
        if [[ $ref != refs/heads/master ]]; then
            say "${ref#refs/heads/} is not master: nothing is deployed"
            say "to deploy it all the same: git push --force production ${ref#refs/heads/}:master"
        elif [[ $new =~ ^0+$ ]]; then
            say "master is gone: what was deployed stays"
        else
            deploy_master "$new"
        fi
    done
}

deploy_master() {
    commit=$(git rev-parse --short=12 "$1")
    exec 8>deploy.lock
    flock --nonblock 8 || { say "another push is being deployed; waiting for it"; flock 8; }
    if [[ $(git rev-parse master) != "$1" ]]; then
        say "$commit is not deployed: master has moved on since"
        return
    fi
    trap report_deploy EXIT
    say "deploying $commit"
    check_out
    build_and_install
    make_current
    trap - EXIT
    say "deployed: $commit"
}

report_deploy() {
    say "$commit was NOT deployed; the version before goes on running"
    say "push again once it is solved, or without a change: $repository/hooks/post-receive again"
}

# In a place of its own, so that what was deployed last stays whole. A tree that is left from a
# deploy that failed is made anew.
check_out() {
    tree=$releases/$commit
    [[ $(readlink "$current" || true) != "$tree" ]] || return 0
    rm -rf "$tree"
    git worktree prune
    git worktree add --quiet --force --detach "$tree" "$commit"
}

# As the pushed version says. The build folder is shared between versions, for speed.
build_and_install() {
    local build arguments=()
    build=$(git config horde.build || true)
    # of a validator that was deployed to this place before
    [[ ! -f $current/.env ]] || arguments=(--env-file "$current/.env")
    CARGO_TARGET_DIR=$releases/target HORDE_BUILD=$build \
        "$tree/install.sh" local "${arguments[@]}" </dev/null
}

# One rename leads to the new version; the one before it is kept, older ones are not.
make_current() {
    local before old
    before=$(readlink "$current" || true)
    if [[ -d $current && ! -L $current ]]; then
        mv -T "$current" "$current.before"
        say "what was at $current is at $current.before now"
    fi
    ln -sfn "$tree" "$current.new"
    mv -fT "$current.new" "$current"
    for old in "$releases"/*; do
        case $old in
            "$tree" | "$before" | "$releases/target") ;;
            *) rm -rf "$old" ;;
        esac
    done
    git worktree prune
}

# --- trusted miner -----------------------------------------------------------------------------

trusted_miner_usage() {
    cat <<'USAGE'
Set up the GPU server that answers prompts for a validator

Usage: ./install.sh trusted-miner [OPTIONS] SSH_DESTINATION VALIDATOR_PUBLIC_KEY
           [MINER_PORT] [DEFAULT_EXECUTOR_CLASS]

On an Ubuntu server with an NVIDIA GPU and its driver: installs docker and the
NVIDIA container toolkit where they are missing, writes the compose file and
.env of the miner in ~/compute_horde_miner, starts it, waits until its port
answers, and prints the three settings that the validator needs.
Running it again updates the miner; what you have added to its .env stays.

Arguments:
  VALIDATOR_PUBLIC_KEY    the ss58 address of the validator's hotkey, which
                          alone may use the miner; not a path
  MINER_PORT              where the miner listens [8000]
  DEFAULT_EXECUTOR_CLASS  [always_on.llm.a6000]

Options:
  -p PORT         port of ssh, if ~/.ssh/config does not say
  --wait SECONDS  how long its port may take to answer [300]
  --dry-run       show the steps, change nothing, connect to nothing
  -h, --help      show this help
USAGE
}

trusted_miner() {
    local words=() patience=300 key miner_port class address
    destination='' port='' staging=''
    while (($# > 0)); do
        case $1 in
            -h | --help) trusted_miner_usage; return ;;
            --dry-run) dry_run=1 ;;
            -p) port_argument "$@"; shift ;;
            --wait)
                [[ ${2:-} =~ ^[0-9]{1,5}$ ]] || misuse "--wait needs a number of seconds"
                patience=$2
                shift
                ;;
            -*) misuse "unknown option $1" ;;
            *) words+=("$1") ;;
        esac
        shift
    done
    ((${#words[@]} >= 2 && ${#words[@]} <= 4)) ||
        misuse "an ssh destination and the validator's public key are needed"
    destination=${words[0]} key=${words[1]} miner_port=${words[2]:-8000}
    class=${words[3]:-always_on.llm.a6000}
    [[ $key != */* && ! -e $(absolute "$key") ]] ||
        misuse "$key is a path; the public key is needed, the ss58 address of the hotkey"
    [[ $key =~ ^5[1-9A-HJ-NP-Za-km-z]{47}$ ]] ||
        misuse "$key is not an ss58 address: those have 48 letters and digits, the first is a 5"
    is_port "$miner_port" || misuse "$miner_port is not a port"
    [[ $class =~ ^[A-Za-z0-9_.-]+$ ]] || misuse "$class is not the name of an executor class"
    if [[ $dry_run ]]; then
        say "would set up a miner for $key on $destination: docker, NVIDIA container toolkit;"
        say "docker-compose.yml and .env in its folder compute_horde_miner, port $miner_port, class $class"
        return
    fi
    connect
    # stdout is for the settings
    on_server set_up_miner "$key" "$miner_port" "$class" "$patience" >&2
    address=$(ssh -G ${port:+-p "$port"} -- "$destination" | sed -n 's/^hostname //p')
    answers "$address" "$miner_port" ||
        say "port $miner_port of $address does not answer from here; the validator must reach it: look at the firewall"
    say "settings for the validator:"
    # a local miner takes any name for its own; the validator's does not clash with other miners
    printf '%s\n' "TRUSTED_MINER_KEY=$key" "TRUSTED_MINER_ADDRESS=$address" \
        "TRUSTED_MINER_PORT=$miner_port"
}

answers() { timeout 5 bash -c "exec 3<>/dev/tcp/$(printf %q "$1")/$2" 2>/dev/null; }

set_up_miner() {
    local key=$1 miner_port=$2 class=$3 patience=$4 folder=$HOME/compute_horde_miner
    check_gpu_server
    install_docker
    install_nvidia_toolkit
    write_miner_files
    say "starting the miner; the first time this takes some minutes"
    (cd "$folder" && as_root docker compose up --detach --pull always) ||
        fail "the miner cannot be started"
    SECONDS=0
    until answers 127.0.0.1 "$miner_port"; do
        ((SECONDS < patience)) || fail "port $miner_port did not answer within $patience s; \
\`docker compose logs\` in $folder tells why"
        sleep 2
    done
    say "the miner answers at port $miner_port"
}

check_gpu_server() {
    require_root
    [[ $(of_system ID) == ubuntu ]] || fail "the server does not run Ubuntu"
    [[ $(uname -m) == x86_64 ]] || fail "the miner needs an x86_64 server, this is $(uname -m)"
    local gpus
    gpus=$(nvidia-smi --query-gpu=name --format=csv,noheader 2>&1) ||
        fail "no NVIDIA GPU answers (nvidia-smi); install its driver, for example by \
\`ubuntu-drivers install\`, and reboot"
    say "GPU: ${gpus//$'\n'/, }"
}

install_docker() {
    docker compose version >/dev/null 2>&1 || install_packages docker.io docker-compose-v2
}

install_nvidia_toolkit() {
    local source=https://nvidia.github.io/libnvidia-container
    local key=/usr/share/keyrings/nvidia-container-toolkit.asc
    if ! command -v nvidia-ctk >/dev/null; then
        command -v curl >/dev/null || install_packages curl ca-certificates
        say "adding NVIDIA's package source"
        curl -fsSL --retry 3 "$source/gpgkey" | as_root install -m 0644 /dev/stdin "$key" ||
            fail "the key of NVIDIA's packages cannot be fetched"
        printf '%s\n' "deb [signed-by=$key] $source/stable/deb/\$(ARCH) /" |
            as_root install -m 0644 /dev/stdin /etc/apt/sources.list.d/nvidia-container-toolkit.list
        lists_are_fresh=
        install_packages nvidia-container-toolkit
    fi
    if ! as_root docker info --format '{{json .Runtimes}}' | grep -q nvidia; then
        as_root nvidia-ctk runtime configure --runtime=docker
        as_root systemctl restart docker
    fi
}

# What this command is told wins; other values that are there, and secrets, stay.
write_miner_files() {
    (umask 077 && mkdir -p "$folder" && touch "$folder/.env")
    mkdir -p "$HOME/.bittensor/wallets"
    miner_compose_file >"$folder/docker-compose.yml"
    # its last line may lack its end
    [[ -z $(tail -c 1 "$folder/.env") ]] || echo >>"$folder/.env"
    local line name
    while IFS= read -r line; do
        name=${line%%=*}
        case $name in
            LOCAL_MINER_VALIDATOR_PUBLIC_KEY | BITTENSOR_MINER_PORT | PORT_FOR_EXECUTORS | DEFAULT_EXECUTOR_CLASS)
                sed -i "/^$name=/d" "$folder/.env" ;;
        esac
        grep -q "^$name=" "$folder/.env" || printf '%s\n' "$line" >>"$folder/.env"
    done < <(miner_settings)
}

miner_compose_file() {
    cat <<'COMPOSE'
services:
  miner-runner:
    image: backenddevelopersltd/compute-horde-miner-runner:v0-latest
    restart: unless-stopped
    volumes:
      - /var/run/docker.sock:/var/run/docker.sock
      - ${HOST_WALLET_DIR}:/root/.bittensor/wallets
      - ./.env:/root/.env
COMPOSE
}

# A local miner is on no subnet, but its image wants to know a network and a wallet all the same.
miner_settings() {
    cat <<SETTINGS
SECRET_KEY=$(random_word)
POSTGRES_PASSWORD=$(random_word)
DEFAULT_ADMIN_PASSWORD=$(random_word)
IS_LOCAL_MINER=1
LOCAL_MINER_VALIDATOR_PUBLIC_KEY=$key
DEFAULT_EXECUTOR_CLASS=$class
BITTENSOR_NETUID=12
BITTENSOR_NETWORK=finney
BITTENSOR_WALLET_NAME=dummy
BITTENSOR_WALLET_HOTKEY_NAME=dummy
HOST_WALLET_DIR=$HOME/.bittensor/wallets
BITTENSOR_MINER_ADDRESS=auto
BITTENSOR_MINER_PORT=$miner_port
PORT_FOR_EXECUTORS=$miner_port
ADDRESS_FOR_EXECUTORS=172.17.0.1
COMPOSE_PROJECT_NAME=compute_horde_miner
SETTINGS
}

random_word() { head -c 24 /dev/urandom | base64 | tr '+/' '-_'; }

# --- package -----------------------------------------------------------------------------------

package_usage() {
    cat <<'USAGE'
Build the program to hand on, with checksums

Usage: ./install.sh package [OPTIONS]

Leaves horde-VERSION-COMMIT-PLATFORM and SHA256SUMS in target/package. The
program needs the C library of this machine or a newer one: build on the oldest
system that it is meant for.

Options:
  --binary FILE  package this program instead of building one
  --dry-run      show the steps, change nothing
  -h, --help     show this help
USAGE
}

# A program that has outgrown this carries something that it should not.
package_limit_mib=20

package() {
    local version name size place=${CARGO_TARGET_DIR:-$project/target}/package
    binary=
    while (($# > 0)); do
        case $1 in
            -h | --help) package_usage; return ;;
            --dry-run) dry_run=1 ;;
            --binary) file_argument binary "$@"; shift ;;
            *) misuse "unknown argument $1" ;;
        esac
        shift
    done
    [[ $binary ]] || { build_release; binary=$built; }
    if [[ $dry_run ]]; then
        say "would copy $binary and its checksum to $place"
        return
    fi
    version=$("$binary" --version) || fail "$binary does not run"
    [[ $version =~ ^horde\ ([0-9A-Za-z.-]+)\ \(([0-9a-f]+(-dirty)?)\)$ ]] ||
        fail "$binary does not know which commit it is built from: $version"
    name=horde-${BASH_REMATCH[1]}-${BASH_REMATCH[2]}-$(uname -m)-linux-gnu
    size=$(stat -c %s "$binary")
    ((size < package_limit_mib * 1024 * 1024)) || fail "$binary has $(in_mib "$size") MiB, the \
limit is $package_limit_mib; is it a stripped release?"
    mkdir -p "$place"
    install -m 0755 "$binary" "$place/$name.new"
    mv -f "$place/$name.new" "$place/$name"
    (cd "$place" && sha256sum horde-* >SHA256SUMS.new && mv -f SHA256SUMS.new SHA256SUMS)
    say "$place/$name, $(in_mib "$size") MiB"
}

in_mib() { awk -v bytes="$1" 'BEGIN { printf "%.1f", bytes / 1048576 }'; }

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
    if [[ ${REMOTE_HOST:-} ]]; then
        use_remote_host
    else
        install_test_servers
        install_test_browser
        command -v strace >/dev/null || install_packages strace
        install_test_root
    fi
    run cargo test --locked --features failpoints --doc
    run cargo test --locked --features failpoints --tests
}

main() {
    while (($# > 0)); do
        case $1 in
            -h | --help) usage; return ;;
            --dry-run) dry_run=1 ;;
            -*) [[ $command ]] && break; fail "unknown option $1; see ./install.sh --help" 2 ;;
            *) [[ $command ]] && break; command=$1 ;;
        esac
        shift
    done
    called_from=$PWD
    cd "$project"
    case $command in
        demo) demo "$@" ;;
        test) run_tests "$@" ;;
        local) install_local "$@" ;;
        remote) remote "$@" ;;
        git-deploy) git_deploy "$@" ;;
        uninstall) uninstall "$@" ;;
        trusted-miner) trusted_miner "$@" ;;
        package) package "$@" ;;
        '') usage >&2; exit 2 ;;
        *) fail "unknown command $command; see ./install.sh --help" 2 ;;
    esac
}

[[ ${BASH_SOURCE[0]} != "$0" ]] || main "$@"
