#!/bin/sh
# What a step costs beside its work where a server on this machine orders it: the same 1,000 short steps alone and through the server, in turn.
#   bench/cluster/round.sh
# Prints milliseconds a step of each round. The programs are those in PATH, or what ILZO and ILZO_NATS_SERVER name.
set -eu
ilzo=${ILZO:-ilzo}
server=${ILZO_NATS_SERVER:-nats-server}
steps=1000
work=$(mktemp -d)
trap 'kill $nats 2>/dev/null || true; rm -rf "$work"' EXIT
port=$((20000 + $$ % 10000))
"$server" -js -sd "$work/nats" -a 127.0.0.1 -p $port >"$work/nats.log" 2>&1 &
nats=$!
sleep 1
kill -0 $nats || { cat "$work/nats.log" >&2; exit 1; }

seconds() # SEED OPTIONS...
{
    seed=$1
    shift
    rm -rf "$work/run"
    "$ilzo" train --steps $steps --seed "$seed" --batch-size 1 --dev-size 0 --test-size 0 --samples 0 --no-report --threads 1 \
        --stop-on-divergence 0 --run "$work/run" "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
    sed -n 's/.*"steps": *\([0-9.]*\).*/\1/p' "$work/run/clock.json"
}

for seed in 1 2 3; do
    alone=$(seconds $seed)
    shared=$(seconds $seed --cluster nats://127.0.0.1:$port)
    awk -v a="$alone" -v s="$shared" -v n=$steps \
        'BEGIN { printf "alone %.2f ms a step, through the server %.2f: %.2f more\n", 1000 * a / n, 1000 * s / n, 1000 * (s - a) / n }'
done
