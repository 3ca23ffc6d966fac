#!/bin/sh
# Trains a run alone on one core, and then the same run by two workers on a core each:
#   bench/cluster/two-workers.sh [OPTIONS OF 'ilzo train'...]
# Prints the seconds of the steps and how many times as fast two workers are, and fails if the three logs are not equal.
set -eu
. "$(dirname "$0")/server"

train() # CORE FOLDER OPTIONS...
{
    core=$1
    folder=$2
    shift 2
    taskset -c "$core" "$ilzo" train --threads 1 --run "$work/$folder" "$@" >"$work/$folder.log" 2>&1 || { cat "$work/$folder.log" >&2; exit 1; }
}

[ $# -gt 0 ] || set -- --steps 200 --batch-size 128 --eval-every 100000
train 0 alone "$@"
train 0 first --cluster "$url" "$@" &
first=$!
train 1 second --cluster "$url" "$@"
wait "$first"

cmp "$work/alone/trajectory.bin" "$work/first/trajectory.bin"
cmp "$work/alone/trajectory.bin" "$work/second/trajectory.bin"
awk -v one="$(seconds_of "$work/alone")" -v two="$(seconds_of "$work/second")" \
    'BEGIN { printf "alone %.1f s, two workers %.1f s: %.2f times as fast; equal logs\n", one, two, one / two }'
