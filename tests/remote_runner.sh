#!/usr/bin/env bash
# Runs a test program on REMOTE_HOST, in REMOTE_DIR; cargo calls this in its place.
#
# Tests know the paths of the project and of the program `horde` from when they were compiled. So
# both are there under the same paths, by a link to REMOTE_DIR where that is another folder.
# `--tools` prepares what tests run against, as `install.sh test` does on this machine.
set -euo pipefail

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
: "${REMOTE_HOST:?names no machine}" "${REMOTE_DIR:=$project}"

on_host() { ssh -- "$REMOTE_HOST" "bash -c $(single_quoted "set -euo pipefail; $1")"; }

single_quoted() { printf "'%s'" "${1//\'/\'\\\'\'}"; }

# The project without what was built and without its history.
send_project() {
    on_host "$(declare -f make_place); make_place $(printf '%q ' "$project" "$REMOTE_DIR")" </dev/null
    tar -C "$project" --exclude=./target --exclude=./.git -cf - . |
        on_host "tar -C $(printf %q "$REMOTE_DIR") --no-same-owner -xf -"
}

make_place() {
    mkdir -p "$2"
    [[ -e $1 ]] || { mkdir -p "$(dirname "$1")" && ln -s "$2" "$1"; } || true
    [[ $1 -ef $2 ]] || { echo "on $(uname -n), $1 has to be a link to $2" >&2; return 1; }
}

# Sends a file to the same path, unless it is there as it is here.
send_file() {
    local path sum
    path=$(printf %q "$1")
    sum=$(sha256sum <"$1")
    on_host "mkdir -p $(printf %q "$(dirname "$1")"); [[ ! -f $path ]] || sha256sum <$path" </dev/null |
        grep -qxF -- "$sum" || on_host "cat >$path.new; chmod 0755 $path.new; mv -f $path.new $path" <"$1"
}

# What of this environment the tests ask for.
assignments() {
    local name
    for name in CI RUST_BACKTRACE RUST_LOG RUST_TEST_THREADS CARGO_MANIFEST_DIR; do
        [[ ! -v $name ]] || printf '%q ' "$name=${!name}"
    done
    printf '%q' "INSTA_WORKSPACE_ROOT=$project"
}

send_project
if [[ $1 == --tools ]]; then
    on_host "cd $(printf %q "$project"); source ./install.sh; install_test_servers; install_test_browser; install_test_root" </dev/null
    exit
fi
program=$(realpath "$1")
shift
built=$(dirname "$(dirname "$program")")
send_file "$program"
[[ ! -f $built/horde ]] || send_file "$built/horde"
# tests make their folders there
temporary=$(printf %q "$(dirname "$built")/tmp")
on_host "mkdir -p $temporary; cd $(printf %q "$PWD"); exec env $(assignments) $(printf '%q ' "$program" "$@")" </dev/null
