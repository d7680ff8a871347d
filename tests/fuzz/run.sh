#!/usr/bin/env bash
# Fuzzes the decoders of outside bytes: tests/fuzz/run.sh [SECONDS [DECODER...]]
#
# Each decoder, or each that is named, for SECONDS (600). New inputs go to corpus/DECODER, those on
# which a decoder failed to crashes/DECODER; both belong to the repository, and `cargo test --test it
# decoding` replays them. Needs a C++ compiler besides Rust; stable Rust will do.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

seconds=${1:-600}
(($# > 0)) && shift
work=$PWD/../../target/fuzz
host=$(rustc -vV | sed -n 's/^host: //p')
fuzzer=$work/$host/release/horde-fuzz

# what is kept of one decoder: small inputs, and few of them
longest=4096
most_kept=40
largest_kept=49152

# the coverage that libFuzzer asks for, by options that stable Rust has; only for what runs here and
# not for what runs while building, hence --target
build() {
    RUSTFLAGS="-Cpasses=sancov-module \
        -Cllvm-args=-sanitizer-coverage-level=4 \
        -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
        -Cllvm-args=-sanitizer-coverage-pc-table \
        -Cllvm-args=-sanitizer-coverage-trace-compares" \
        cargo build --locked --release --target "$host" --target-dir "$work"
}

libfuzzer() {
    local name=$1
    shift
    DECODER=$name nice -n 19 "$fuzzer" \
        -rss_limit_mb=1024 -malloc_limit_mb=512 -timeout=10 -verbosity=1 "$@"
}

# The smallest set of inputs that reaches all that the others reach, small ones first; of those as
# many as may be kept.
keep() {
    local name=$1 kept=corpus/$1 merged=$work/merged/$1 count=0 size=0 file bytes
    rm -rf "$merged" && mkdir -p "$merged"
    libfuzzer "$name" -merge=1 -max_len="$longest" "$merged" "$kept" "$work/found/$name" \
        2>"$work/$name.merge.log"
    rm -rf "$kept" && mkdir -p "$kept"
    while read -r bytes file; do
        ((count += 1, size += bytes))
        ((count <= most_kept && size <= largest_kept)) || break
        cp "$file" "$kept/"
    done < <(find "$merged" -type f -printf '%s %p\n' | sort -n)
}

fuzz() {
    local name=$1 status=0
    mkdir -p "corpus/$name" "crashes/$name" "$work/found/$name" "$work/seeds/$name"
    SEEDS=$work/seeds/$name libfuzzer "$name" -max_total_time="$seconds" -max_len=65536 \
        -print_final_stats=1 -artifact_prefix="crashes/$name/" \
        "$work/found/$name" "corpus/$name" "$work/seeds/$name" 2>"$work/$name.log" || status=$?
    grep -E '^#[0-9]+.*(DONE|pulse|NEW|REDUCE|INITED)' "$work/$name.log" | tail -n 1 || true
    grep -E '^stat::|ERROR: |panicked at' "$work/$name.log" || true
    cp "$work/seeds/$name"/* "$work/found/$name/"
    rmdir "crashes/$name" 2>/dev/null || true
    ((status == 0)) && keep "$name"
    return "$status"
}

build
mapfile -t all < <("$fuzzer")
(($# > 0)) && all=("$@")
failed=()
for name in "${all[@]}"; do
    echo "==> $name, $seconds s"
    fuzz "$name" || failed+=("$name")
done
if ((${#failed[@]} > 0)); then
    echo "failed: ${failed[*]}; the inputs are in tests/fuzz/crashes" >&2
    exit 1
fi
