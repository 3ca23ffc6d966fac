#!/usr/bin/env bash
# Everything that a machine with an NVIDIA GPU can say about ilzo in one call of at most nine minutes: whether it is right, how fast it is, and PyTorch beside it. The
# machine needs the driver and python3; ptxas, PyTorch and Nsight Compute are used where they are there. README.md beside this file says what each part does.
#
#   check.sh [--ilzo FILE] [--device cuda:N] [--out FOLDER] [--budget SECONDS] [--parts "env selftest …"]
#
# It ends with one table, and with exit code 1 if a part failed. What does not fit into the time, or lacks something, is named there and no failure.
set -u
here=$(cd "$(dirname "$0")" && pwd)
ilzo=$here/ilzo device=cuda:0 out=gpu-check budget=540 parts='env ptxas selftest replay logits small large gemm rng profile'
while [ $# -gt 0 ]; do
    case $1 in
        --ilzo | --device | --out | --budget | --parts)
            [ $# -gt 1 ] || { echo "check.sh: $1 has no value." >&2; exit 2; }
            printf -v "${1#--}" %s "$2"; shift 2 ;;
        *) echo "check.sh: '$1' is no option; --ilzo, --device, --out, --budget or --parts was expected." >&2; exit 2 ;;
    esac
done
[[ $budget =~ ^[0-9]+$ ]] || { echo "check.sh: --budget is '$budget'; seconds were expected." >&2; exit 2; }
for part in $parts; do
    case $part in env | ptxas | selftest | replay | logits | small | large | gemm | rng | profile) ;;
        *) echo "check.sh: '$part' is no part; env, ptxas, selftest, replay, logits, small, large, gemm, rng or profile was expected." >&2; exit 2 ;;
    esac
done
mkdir -p "$out" && out=$(cd "$out" && pwd) || exit 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Kernels are assembled in this call, not taken from the driver's cache of an earlier one, and nothing is written elsewhere.
export TMPDIR=$work CUDA_CACHE_PATH=$work/cache CUDA_CACHE_MAXSIZE=1073741824 PYTHONUNBUFFERED=1 ILZO_DEBUG=1
: >"$out/log.txt"; : >"$out/results.jsonl"; : >"$out/parts.tsv"

left() { echo $((budget - SECONDS)); }
say() { printf '[%3d s] %s\n' "$SECONDS" "$*" | tee -a "$out/log.txt"; }
wanted() { [[ " $parts " == *" $1 "* ]]; }

# A line of the table: the part, what it is (ok, failed, or why it was left out), how long it took, and a word on it.
note() { printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "${4:-}" >>"$out/parts.tsv"; say "$1: $2${4:+, $4}"; }

# run NAME SECONDS COMMAND…: at most that long and no longer than is left; objects of its output become results, and what it writes besides is in the log.
run() {
    local name=$1 limit=$2 from=$SECONDS code=0
    shift 2
    if [ "$(left)" -lt 10 ]; then note "$name" 'no time' 0; return 1; fi
    [ "$limit" -gt $(($(left) - 5)) ] && limit=$(($(left) - 5))
    timeout -k 3 "$limit" "$@" >"$work/$name.out" 2>"$work/$name.err" || code=$?
    sed -n "s|^{|{\"run\":\"$name\",|p" "$work/$name.out" >>"$out/results.jsonl"
    { echo "--- $name: exit code $code, $((SECONDS - from)) s: $*"; tail -n 40 "$work/$name.err"; } >>"$out/log.txt"
    case $code in
        0) note "$name" ok $((SECONDS - from)) "$(said "$name")" ;;
        124 | 137) note "$name" 'no time' $((SECONDS - from)) "stopped after $limit s" ;;
        *) note "$name" failed $((SECONDS - from)) "$(tail -n 1 "$work/$name.err" | tr '\t' ' ' | cut -c1-160)" ;;
    esac
    return $code
}

# What is worth a word of a part that went well.
said() {
    case $1 in
        replay-*) grep -ho '"weights_sha256": *"[0-9a-f]*"' "$work/$1.out" | grep -o '[0-9a-f]\{64\}' | cut -c1-16 ;;
        logits) grep -o '"precision": "[a-z0-9]*", "relative_rms": [0-9.e-]*' "$work/logits.out" | sed 's/.*: "\(.*\)", .*: /\1 /' | paste -sd, ;;
    esac
}

# Parts that need the device; each says so itself where there is none.
on_device() {
    wanted "$1" || return 1
    [ -n "$has_device" ] || { note "$1" 'no device' 0; return 1; }
}

environment() {
    date; uname -srm; nproc; free -g | head -2
    nvidia-smi; nvidia-smi -q -d CLOCK | head -30
    ldconfig -p | grep libcuda.so
    ptxas --version | tail -2; ncu --version | tail -1
    python3 -c 'import torch; print("torch", torch.__version__, "CUDA", torch.version.cuda)'
    ls -l "$ilzo"; sha256sum "$ilzo"
}

# Registers, spills and memory of each kernel as the assembler of the CUDA toolkit makes it, on the processors.
assemble() {
    local folder=$work/ptx
    "$ilzo" selftest --write-ptx "$folder" || return
    cut -f1 "$folder/index.tsv" | xargs -P "$(nproc)" -I{} sh -c 'timeout 60 ptxas -arch=sm_90a -v "$1/{}.ptx" -o "$1/{}.cubin" >"$1/{}.log" 2>&1; echo $? >"$1/{}.code"' sh "$folder"
    while IFS=$'\t' read -r file name; do
        printf '%s\t%s\t%s\n' "$(cat "$folder/$file.code")" "$name" \
            "$(grep -hoE 'Used [0-9]+ registers|[0-9]+ bytes stack frame|[0-9]+ bytes spill [a-z]+|error.*' "$folder/$file.log" | paste -sd' ')"
    done <"$folder/index.tsv" >"$out/ptxas.tsv"
    awk -F'\t' '$1 != 0 { refused++ } $3 ~ /[1-9][0-9]* bytes spill/ { spilling++ }
        END { printf "%d kernels, %d refused, %d with spills\n", NR, refused, spilling; exit refused > 0 }' "$out/ptxas.tsv"
}

has_torch=$(python3 -c 'import torch; print("yes")' 2>/dev/null)
[ -n "$has_torch" ] || say 'PyTorch is not there: logits and peers are left out.'
peer() {
    if [ -z "$has_torch" ]; then note "$1" 'no PyTorch' 0; return 1; fi
    run "$1" "$2" python3 "$here/peer.py" "${@:3}" --device cuda
}

[ -x "$ilzo" ] || { [ -f "$ilzo.xz" ] && xz -dkc "$ilzo.xz" >"$work/ilzo" && chmod +x "$work/ilzo" && ilzo=$work/ilzo; }
[ -x "$ilzo" ] || { echo "check.sh: there is no '$ilzo'; --ilzo names the published command." >&2; exit 2; }
wanted env && { environment >"$out/env.txt" 2>&1; note env ok 0 "$(nvidia-smi --query-gpu=name,driver_version --format=csv,noheader 2>/dev/null | head -1)"; }
# Compute capability 9.0 has products of warpgroups.
has_warpgroups=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | head -1 | grep -x '9\.0')
has_device=$("$ilzo" devices --json 2>>"$out/log.txt" | grep -o "\"name\": *\"$device\"")

# What takes the processors runs beside what is not timed.
if wanted ptxas; then
    if command -v ptxas >/dev/null; then assemble >"$work/ptxas.out" 2>"$work/ptxas.err" & ptxas=$!; else note ptxas 'no ptxas' 0; fi
fi

if on_device selftest; then
    if run selftest 150 "$ilzo" selftest --device "$device" --json; then :; fi
    cp "$work/selftest.out" "$out/selftest.jsonl" 2>/dev/null
fi

if on_device replay; then
    train() { run "replay-$1" 60 "$ilzo" train --device "$device" --allow-worse --steps 100 --eval-every 100 --dev-size 64 --test-size 64 --run "$work/$1" --json; }
    if train gpu && run replay-cpu 60 "$ilzo" replay --run "$work/gpu" --json && train again; then
        found=$(cat "$work"/replay-{gpu,cpu,again}.out | grep -o '"weights_sha256": *"[0-9a-f]*"' | cut -d'"' -f4 | sort -u)
        if [ "$(wc -l <<<"$found")" != 1 ]; then
            note replay failed 0 'other bits of the weights'
        elif grep -q "\"base_weights_sha256\": *\"$found\"" "$work/gpu/config.json"; then
            note replay failed 0 'the training did not change the weights'
        else
            note replay ok 0 'the same bits from the GPU, from its log on the CPU, and from the GPU again'
        fi
    fi
fi

if on_device logits; then
    if [ -z "$has_torch" ]; then
        note logits 'no PyTorch' 0
    elif "$ilzo" bench make --shape opt-125m --out "$work/opt-125m" >>"$out/log.txt" 2>&1; then
        run logits 60 python3 "$here/logits.py" "$ilzo" "$work/opt-125m" "$device" fp32 bf16x3 fp16 bf16
    fi
fi

if [ -n "${ptxas:-}" ]; then
    # Not while something is timed: what is not assembled by now is left out.
    if timeout 30 tail --pid="$ptxas" -f /dev/null && wait "$ptxas"; then
        note ptxas ok "$SECONDS" "$(tail -n 1 "$work/ptxas.out")"
    elif kill "$ptxas" 2>/dev/null; then
        note ptxas 'no time' "$SECONDS"
    else
        note ptxas failed "$SECONDS" "$(cat "$work/ptxas.out" "$work/ptxas.err" | tail -n 1)"
    fi
fi

step() { run "$1" "$2" "$ilzo" bench step --device "$device" --shape "$3" --precision "$4" --batch "${5%x*}" --seq "${5#*x}" --steps "$6" --json; }
if on_device small; then
    for size in 16x32 16x128; do
        for precision in fp16 bf16x3; do step "opt-1.3b-$size-$precision" 30 opt-1.3b $precision $size 5; done
        peer "opt-1.3b-$size-torch" 35 opt-1.3b $size --seconds 5
    done
    # The same step with every layer but two in the machine's memory.
    run opt-1.3b-streamed 60 "$ilzo" bench step --device "$device" --shape opt-1.3b --holes --weight-memory 0 --precision fp16 \
        --batch 16 --seq 128 --steps 5 --json
fi
if on_device large; then
    for size in 16x128 16x32; do
        for precision in fp16 bf16x3; do
            step "opt-13b-$size-$precision" 50 opt-13b $precision $size 3
            [ -z "$has_warpgroups" ] || ILZO_WGMMA=1 step "opt-13b-$size-$precision-wgmma" 50 opt-13b $precision $size 3
        done
        peer "opt-13b-$size-torch" 60 opt-13b $size --seconds 8 --variants mezo,in_place
    done
fi
if on_device gemm; then
    gemm() { run "$1" 30 "$ilzo" bench gemm --device "$device" --precision "$2" --tokens 2048 --repetitions 2 --json; }
    for precision in fp16 bf16x3; do
        gemm "gemm-$precision" $precision
        [ -z "$has_warpgroups" ] || ILZO_WGMMA=1 gemm "gemm-$precision-wgmma" $precision
    done
fi
if on_device rng; then run rng 20 "$ilzo" bench rng --device "$device" --json; fi

# Each launch of a small forward pass: time, registers, occupancy, bank conflicts. Kernels are called after their class.
if on_device profile; then
    if command -v ncu >/dev/null; then
        run profile 60 ncu --clock-control none --csv --page raw --launch-count 600 --metrics \
            gpu__time_duration.sum,launch__registers_per_thread,launch__grid_size,launch__block_size,sm__warps_active.avg.pct_of_peak_sustained_active,l1tex__data_bank_conflicts_pipe_lsu_mem_shared.sum,smsp__inst_executed.sum,sm__inst_executed_pipe_tensor.sum \
            "$ilzo" bench forward --device "$device" --shape opt-1.3b --precision fp16 --batch 16 --seq 128 --steps 1 --json
        gzip -9 -c "$work/profile.out" >"$out/profile.csv.gz" 2>/dev/null
    else
        note profile 'no ncu' 0
    fi
fi

python3 "$here/table.py" "$out" | tee "$out/table.txt"
! grep -q $'\tfailed\t' "$out/parts.tsv"
