#!/usr/bin/env bash
# Makes the two buckets of the prompt pipeline with nothing but the AWS CLI, so that it can be piped
# into bash on any machine. `horde provision-buckets` does the same and leaves the same state.
#
# All is in functions and the last line calls main: a download that was cut short runs nothing.
set -euo pipefail

usage() {
    cat <<'USAGE'
Make and verify the buckets of prompts and answers, with the AWS CLI alone

Usage: ./provision_s3.sh [OPTIONS] PROMPTS_BUCKET ANSWERS_BUCKET

Options:
  --expire-prompts-days N  have S3 delete prompts that are older than this
  -h, --help               show this help

For each bucket: refuses a name that somebody else has, makes the bucket,
removes the default public access block, lets everybody read its objects by a
policy, sets the public access block again so that nothing else is public, and
proves it: an object is written, read without credentials, and deleted.
What is right already is left alone; running it again is safe, and finishes a
run that was cut short.

Environment:
  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY  the key pair (or what else the AWS
                                            CLI finds credentials in)
  AWS_DEFAULT_REGION, else AWS_REGION       where to make them [us-east-1]
  AWS_ENDPOINT_URL                          another S3 server than Amazon's

Exit status: 0 done, 1 a step failed, 2 wrong usage, 75 the server cannot be
reached.

Examples:
  ./provision_s3.sh my-prompts my-answers
  curl -sSf https://example.org/provision_s3.sh | bash -s -- my-prompts my-answers
USAGE
}

say() { printf '%s\n' "$*"; }
complain() { printf '%s\n' "$*" >&2; }
misuse() { complain "provision_s3.sh: $1; see --help"; exit 2; }

# Runs the CLI; its complaints are kept, for `is_refused` and `fail`. Nothing is read from stdin,
# which may be this script.
s3api() {
    local options=()
    [[ ! ${AWS_ENDPOINT_URL:-} ]] || options=(--endpoint-url "$AWS_ENDPOINT_URL")
    AWS_PAGER='' aws "${options[@]}" --region "$region" s3api "$@" \
        </dev/null 2>"$folder/complaint"
}

# Whether the last complaint has one of these names, by S3's own words for it.
is_refused() {
    local name
    for name in "$@"; do
        ! grep -qF "($name)" "$folder/complaint" || return 0
    done
    return 1
}

# Ends the run: which step failed, why, and what is done already.
fail() {
    local why status=1
    why=${2:-$(grep -v '^$' "$folder/complaint" | head -n 3)}
    complain "error: bucket $bucket: $1 failed"
    complain "  because $why"
    if ((${#finished[@]})); then
        complain "  done already: $(IFS=,; printf '%s' "${finished[*]}" | sed 's/,/, /g')"
    fi
    complain "  once that is solved, run this again: it goes on from there"
    ! grep -qE 'Could not connect|Connect timeout|Read timeout|Connection was closed' \
        "$folder/complaint" || status=75
    exit "$status"
}

# One more step is done.
finish() {
    finished+=("$bucket: $1")
    say "$bucket: $1"
}

taken() {
    fail "making the bucket" \
        "somebody else has a bucket of this name, or this key pair may not ask for it"
}

make_bucket() {
    local found own where=()
    if found=$(s3api get-bucket-location --bucket "$bucket" \
        --query LocationConstraint --output text); then
        case $found in
            None | null | '') found=us-east-1 ;;
            EU) found=eu-west-1 ;;
        esac
        # its owner may let everybody ask where it is, so that the answer alone proves nothing
        if own=$(s3api list-buckets --query "Buckets[?Name=='$bucket'].Name" --output text); then
            [[ $own == "$bucket" ]] || taken
        else
            is_refused AccessDenied || fail "making the bucket"
        fi
        [[ $found == "$region" ]] || fail "making the bucket" \
            "the bucket is yours, but in $found; set AWS_DEFAULT_REGION=$found"
        finish "exists already and is yours"
        return
    fi
    ! is_refused AccessDenied AllAccessDisabled 403 || taken
    is_refused NoSuchBucket 404 || fail "making the bucket"
    # the oldest region must not be named
    [[ $region == us-east-1 ]] ||
        where=(--create-bucket-configuration "LocationConstraint=$region")
    if ! s3api create-bucket --bucket "$bucket" "${where[@]}" >/dev/null; then
        ! is_refused BucketAlreadyExists || taken
        is_refused BucketAlreadyOwnedByYou || fail "making the bucket"
    fi
    finish "made"
}

# Acls, acls, policy, buckets: as the CLI prints the four switches of a public access block.
right_block=$'True\tTrue\tFalse\tFalse'

remove_block() {
    local step="removing the default public access block"
    block=
    if block=$(s3api get-public-access-block --bucket "$bucket" --output text --query \
        'PublicAccessBlockConfiguration.[BlockPublicAcls,IgnorePublicAcls,BlockPublicPolicy,RestrictPublicBuckets]'); then
        if [[ $block == "$right_block" ]]; then
            finish "public access block does not hide the policy"
        else
            s3api delete-public-access-block --bucket "$bucket" || fail "$step"
            finish "default public access block removed"
        fi
    else
        is_refused NoSuchPublicAccessBlockConfiguration || fail "$step"
        finish "public access block does not hide the policy"
    fi
}

set_policy() {
    local step="letting everybody read its objects" partition=aws found policy attempt
    case $region in
        cn-*) partition=aws-cn ;;
        us-gov-*) partition=aws-us-gov ;;
    esac
    policy=$(printf '{"Statement":[{"Action":"s3:GetObject","Effect":"Allow","Principal":"*","Resource":"arn:%s:s3:::%s/*","Sid":"PublicRead"}],"Version":"2012-10-17"}' \
        "$partition" "$bucket")
    if found=$(s3api get-bucket-policy --bucket "$bucket" --query Policy --output text); then
        if [[ ${found//[[:space:]]/} == "$policy" ]]; then
            finish "policy is already so: everybody may read its objects"
            return
        fi
        say "$bucket: replacing the policy $found"
    else
        is_refused NoSuchBucketPolicy || fail "$step"
    fi
    # the removal of the block takes some seconds until it counts
    for attempt in 1 2 3 4 5 6 7 8 9 10; do
        if s3api put-bucket-policy --bucket "$bucket" --policy "$policy"; then
            finish "policy set: everybody may read its objects"
            return
        fi
        if ((attempt == 10)) || ! is_refused AccessDenied; then fail "$step"; fi
        sleep 2
    done
}

set_block() {
    if [[ $block == "$right_block" ]]; then
        finish "public access block is already so"
        return
    fi
    s3api put-public-access-block --bucket "$bucket" --public-access-block-configuration \
        'BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=false,RestrictPublicBuckets=false' ||
        fail "setting the public access block"
    finish "public access block set: no public lists, the policy counts"
}

set_expiry() {
    local step="having old objects deleted" found
    if found=$(s3api get-bucket-lifecycle-configuration --bucket "$bucket" --output text \
        --query 'Rules[].[ID,Status,Expiration.Days]'); then
        if [[ $found == "horde-expire"$'\t'"Enabled"$'\t'"$expire_days" ]]; then
            finish "lifecycle is already so: old objects are deleted"
            return
        fi
        [[ $found =~ ^horde-expire[[:space:]]+[A-Za-z]+[[:space:]]+[0-9]+$ ]] || fail "$step" \
            "the bucket has lifecycle rules that were not made here"
    else
        is_refused NoSuchLifecycleConfiguration || fail "$step"
    fi
    s3api put-bucket-lifecycle-configuration --bucket "$bucket" --lifecycle-configuration \
        "{\"Rules\":[{\"ID\":\"horde-expire\",\"Status\":\"Enabled\",\"Filter\":{\"Prefix\":\"\"},\"Expiration\":{\"Days\":$expire_days}}]}" \
        >/dev/null || fail "$step"
    finish "lifecycle set: old objects are deleted"
}

# The CLI cannot make a signed address for an upload (`aws s3 presign` is for downloads), so the
# object is written by the CLI itself. `horde provision-buckets --check` tries signed uploads, too.
prove() {
    local step="proving it by an upload" attempt is_read=
    printf 'provision_s3.sh %s %s\n' "$(date +%s)" "$RANDOM" >"$folder/probe"
    s3api put-object --bucket "$bucket" --key horde-probe --body "$folder/probe" >/dev/null ||
        fail "$step"
    for attempt in 1 2 3 4 5 6 7 8 9 10; do
        if s3api get-object --no-sign-request --bucket "$bucket" --key horde-probe \
            "$folder/seen" >/dev/null && cmp -s "$folder/probe" "$folder/seen"; then
            is_read=1
            break
        fi
        ((attempt == 10)) || sleep 2
    done
    [[ $is_read ]] || cp "$folder/complaint" "$folder/reading"
    s3api delete-object --bucket "$bucket" --key horde-probe >/dev/null || fail "$step"
    [[ $is_read ]] || fail "$step" \
        "it cannot be read without credentials: $(grep -v '^$' "$folder/reading" | head -n 1)"
    finish "proved: an upload was read without credentials"
}

main() {
    local buckets=()
    expire_days=
    while (($# > 0)); do
        case $1 in
            -h | --help) usage; return ;;
            --expire-prompts-days)
                [[ ${2:-} =~ ^[1-9][0-9]{0,4}$ ]] || misuse "--expire-prompts-days needs a number"
                expire_days=$2
                shift
                ;;
            -*) misuse "unknown option $1" ;;
            *) buckets+=("$1") ;;
        esac
        shift
    done
    ((${#buckets[@]} == 2)) || misuse "the names of two buckets are needed"
    for bucket in "${buckets[@]}"; do
        [[ $bucket =~ ^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$ && $bucket != *..* ]] ||
            misuse "$bucket is no bucket's name: 3 to 63 of a-z, 0-9, - and ."
    done
    [[ ${buckets[0]} != "${buckets[1]}" ]] || misuse "prompts and answers need a bucket each"
    command -v aws >/dev/null || misuse "the AWS CLI (aws) is not installed"
    region=${AWS_DEFAULT_REGION:-${AWS_REGION:-us-east-1}}
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    finished=()
    for bucket in "${buckets[@]}"; do
        make_bucket
        remove_block
        set_policy
        set_block
        [[ ! $expire_days || $bucket != "${buckets[0]}" ]] || set_expiry
        prove
    done
    say "S3_BUCKET_NAME_PROMPTS=${buckets[0]}"
    say "S3_BUCKET_NAME_ANSWERS=${buckets[1]}"
    say "both buckets are ready"
}

main "$@"
