#!/usr/bin/env bash
# How long short commands take from start to end: `benches/startup.sh [HORDE]`, 50 runs each
# after 5 that are not counted. Prints minimum, median and maximum in milliseconds.
set -euo pipefail

horde=${1:-target/release/horde}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export HORDE_DB="$folder/horde.db"
"$horde" migrate >/dev/null

measure() {
    local times=() start end run
    for run in {1..55}; do
        start=${EPOCHREALTIME/[.,]/}
        "$horde" "$@" >/dev/null
        end=${EPOCHREALTIME/[.,]/}
        ((run <= 5)) || times+=($((end - start)))
    done
    mapfile -t times < <(printf '%s\n' "${times[@]}" | sort -n)
    printf 'horde %-10s min %s  median %s  max %s ms\n' "$*" \
        "$(milliseconds "${times[0]}")" "$(milliseconds "${times[25]}")" \
        "$(milliseconds "${times[-1]}")"
}

milliseconds() {
    printf '%d.%d' $(($1 / 1000)) $(($1 % 1000 / 100))
}

measure --version
measure status
measure status --json
measure metrics
measure config
