#!/bin/sh
# What a step costs beside its work where a server on this machine orders it: the same 1,000 short steps alone and through the server, in turn.
#   bench/cluster/round.sh
# Prints milliseconds a step of each round.
set -eu
. "$(dirname "$0")/server"
steps=1000
seconds() # SEED OPTIONS...
{
    seed=$1
    shift
    rm -rf "$work/run"
    "$ilzo" train --steps $steps --seed "$seed" --batch-size 1 --dev-size 0 --test-size 0 --samples 0 --no-report --threads 1 \
        --stop-on-divergence 0 --run "$work/run" "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
    seconds_of "$work/run"
}

for seed in 1 2 3; do
    alone=$(seconds $seed)
    shared=$(seconds $seed --cluster "$url")
    awk -v a="$alone" -v s="$shared" -v n=$steps \
        'BEGIN { printf "alone %.2f ms a step, through the server %.2f: %.2f more\n", 1000 * a / n, 1000 * s / n, 1000 * (s - a) / n }'
done
