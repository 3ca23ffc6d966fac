#!/usr/bin/env bash
# MeZO steps of the OPT-125M shape by IlZo and by current PyTorch (libtorch, TorchPeer/), in turn on this machine, and one table of both.
#
#   run.sh [--threads N] [--rounds N] [--steps N] [--batches "16x128 16x14"] [--all-logits]
#
# Each round starts each program once for each batch (texts x tokens); figures are medians over rounds of the programs' own medians.
set -euo pipefail
cd "$(dirname "$0")"
threads=$(nproc) rounds=2 steps=3 batches='16x128 16x14' logits=
while [ $# -gt 0 ]; do
    case $1 in
        --threads | --rounds | --steps | --batches)
            [ $# -gt 1 ] || { echo "run.sh: $1 has no value." >&2; exit 2; }
            printf -v "${1#--}" %s "$2"; shift 2 ;;
        --all-logits) logits=$1; shift ;;
        *) echo "run.sh: '$1' is no option; --threads, --rounds, --steps, --batches or --all-logits was expected." >&2; exit 2 ;;
    esac
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dotnet build -c Release -v quiet TorchPeer >"$work/log" || { cat "$work/log" >&2; exit 1; }
dotnet build -c Release -v quiet ../../src/IlZo.Cli >"$work/log" || { cat "$work/log" >&2; exit 1; }
peer="dotnet $PWD/TorchPeer/bin/Release/net10.0/TorchPeer.dll"
ilzo="dotnet $PWD/../../src/IlZo.Cli/bin/Release/net10.0/ilzo.dll"
libraries=$(./libstdcxx.sh "$work")
torch() { env ${libraries:+LD_LIBRARY_PATH=$libraries} $peer "$@"; }

# number FILE NAME: a number of the one JSON object in a file.
number() { tr -d ' \n' <"$1" | grep -o "\"$2\":[-+0-9.eE]*" | head -n 1 | cut -d: -f2; }

# Both compute the same before their times are compared: the log-probabilities of a text under the built-in model, to 1e-4 nats.
model=../../src/IlZo.BuiltIn/opt-reviews-6m
$ilzo score --model $model --text 'a gripping film, never dull. It was' >"$work/ilzo"
torch --model $model --ids "$(grep -o '"ids":\[[0-9,]*' "$work/ilzo" | cut -d[ -f2)" >"$work/torch"
ours=$(number "$work/ilzo" nll) theirs=$(number "$work/torch" nll)
awk -v a="$ours" -v b="$theirs" 'BEGIN { d = a - b; exit !(d < 1e-4 && d > -1e-4) }' ||
    { echo "run.sh: a text has a loss of $ours in IlZo and of $theirs in libtorch; the same to 1e-4 was expected." >&2; exit 1; }

for ((round = 1; round <= rounds; round++)); do
    for batch in $batches; do
        of="--batch ${batch%x*} --seq ${batch#*x} --threads $threads --steps $steps"
        for who in torch ilzo; do
            load=$(cut -d' ' -f1 /proc/loadavg 2>/dev/null || echo unknown)
            case $who in
                torch) torch $of $logits >"$work/$who" ;;
                ilzo) $ilzo bench step --shape opt-125m $of --json >"$work/$who" ;;
            esac
            line="$batch $who $(for name in step_seconds forward_seconds update_seconds processor_seconds peak_rss_bytes; do
                number "$work/$who" $name; done | tr '\n' ' ')"
            echo "$line" >>"$work/all"
            echo "round $round, load $load: $line" >&2
        done
    done
done

# median BATCH WHO COLUMN: over the rounds.
median() {
    awk -v b="$1" -v w="$2" -v c="$3" '$1 == b && $2 == w { print $c }' "$work/all" | sort -g |
        awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'
}
processor=$(lscpu 2>/dev/null | sed -n 's/^Model name: *//p' | head -n 1)
libtorch=$(grep -o '"libtorch":"[^"]*"' "$work/torch" | cut -d'"' -f4)
echo "${processor:-unknown processor}, $threads threads, $(date +%F), libtorch $libtorch, medians of $rounds rounds of $steps steps"
echo
echo '| texts x tokens | program | step | of it forwards | perturbing, updating | processor time | peak memory | ratio of steps | of processor time |'
echo '|---|---|---|---|---|---|---|---|---|'
for batch in $batches; do
    for who in torch ilzo; do
        echo "$batch $who $(for column in 3 4 5 6 7; do median "$batch" $who $column | tr '\n' ' '; done)"
    done | awk '
        { step[$2] = $3; processor[$2] = $6; line[$2] = sprintf("%.2f s | %.2f s | %.2f s | %.2f s | %.2f GB", $3, $4, $5, $6, $7 / 1e9) }
        END {
            printf "| %s | libtorch | %s | | |\n", $1, line["torch"]
            printf "| | IlZo | %s | %.2f | %.2f |\n", line["ilzo"], step["torch"] / step["ilzo"], processor["torch"] / processor["ilzo"]
        }'
done
