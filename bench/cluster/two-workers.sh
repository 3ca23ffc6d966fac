#!/bin/sh
# Trains a run alone on one core, and then the same run by two workers on a core each:
#   bench/cluster/two-workers.sh [OPTIONS OF 'ilzo train'...]
# Prints the seconds of the steps and how many times as fast two workers are, and fails if the three logs are not equal. The programs are
# those in PATH, or what ILZO and ILZO_NATS_SERVER name.
set -eu
ilzo=${ILZO:-ilzo}
server=${ILZO_NATS_SERVER:-nats-server}
work=$(mktemp -d)
trap 'kill $nats 2>/dev/null || true; rm -rf "$work"' EXIT
port=$((20000 + $$ % 10000))
"$server" -js -sd "$work/nats" -a 127.0.0.1 -p $port >"$work/nats.log" 2>&1 &
nats=$!
sleep 1
kill -0 $nats || { cat "$work/nats.log" >&2; exit 1; }

train() # CORE FOLDER OPTIONS...
{
    core=$1
    folder=$2
    shift 2
    taskset -c "$core" "$ilzo" train --threads 1 --run "$work/$folder" "$@" >"$work/$folder.log" 2>&1 || { cat "$work/$folder.log" >&2; exit 1; }
}

[ $# -gt 0 ] || set -- --steps 200 --batch-size 128 --eval-every 100000
train 0 alone "$@"
train 0 first --cluster nats://127.0.0.1:$port "$@" &
first=$!
train 1 second --cluster nats://127.0.0.1:$port "$@"
wait "$first"

seconds() # FOLDER
{
    sed -n 's/.*"steps": *\([0-9.]*\).*/\1/p' "$work/$1/clock.json"
}

cmp "$work/alone/trajectory.bin" "$work/first/trajectory.bin"
cmp "$work/alone/trajectory.bin" "$work/second/trajectory.bin"
awk -v one="$(seconds alone)" -v two="$(seconds second)" \
    'BEGIN { printf "alone %.1f s, two workers %.1f s: %.2f times as fast; equal logs\n", one, two, one / two }'
