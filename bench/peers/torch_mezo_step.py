"""Times one MeZO step of an OPT shape in plain PyTorch, the way the reference code does it: weights are perturbed in place by
+eps z, -2 eps z and +eps z with z drawn again from a seed each time, two forwards, then an update with z once more.

    python3 torch_mezo_step.py --threads 2 --batch 16 --seq 128
    python3 torch_mezo_step.py --threads 2 --lengths lengths.json     # a real batch: token counts of 16 prompts, two candidates each, padded

The weights are random fp32; loss: cross-entropy at the last position (or over two candidates). No package but torch is needed.
"""
import argparse
import json
import statistics
import time

import torch
import torch.nn.functional as F

HIDDEN, LAYERS, HEADS, VOCABULARY, POSITIONS = 768, 12, 12, 50272, 2050


def make_weights():
    shapes = {"embed": (VOCABULARY, HIDDEN), "positions": (POSITIONS, HIDDEN), "norm.w": (HIDDEN,), "norm.b": (HIDDEN,)}
    for i in range(LAYERS):
        for name in ("q", "k", "v", "o"):
            shapes[f"{i}.{name}.w"], shapes[f"{i}.{name}.b"] = (HIDDEN, HIDDEN), (HIDDEN,)
        shapes[f"{i}.fc1.w"], shapes[f"{i}.fc1.b"] = (4 * HIDDEN, HIDDEN), (4 * HIDDEN,)
        shapes[f"{i}.fc2.w"], shapes[f"{i}.fc2.b"] = (HIDDEN, 4 * HIDDEN), (HIDDEN,)
        for name in ("n1", "n2"):
            shapes[f"{i}.{name}.w"], shapes[f"{i}.{name}.b"] = (HIDDEN,), (HIDDEN,)
    return {k: torch.randn(s) * 0.02 + (1 if ".n" in k and k.endswith("w") or k == "norm.w" else 0) for k, s in shapes.items()}


def last_logits(w, ids, last):
    rows, length = ids.shape
    x = w["embed"][ids] + w["positions"][torch.arange(length) + 2]
    mask = torch.full((length, length), float("-inf")).triu(1)
    for i in range(LAYERS):
        y = F.layer_norm(x, (HIDDEN,), w[f"{i}.n1.w"], w[f"{i}.n1.b"])
        q, k, v = (F.linear(y, w[f"{i}.{n}.w"], w[f"{i}.{n}.b"]).view(rows, length, HEADS, -1).transpose(1, 2) for n in "qkv")
        a = torch.softmax(q @ k.transpose(2, 3) * (HIDDEN // HEADS) ** -0.5 + mask, -1) @ v
        x = x + F.linear(a.transpose(1, 2).reshape(rows, length, HIDDEN), w[f"{i}.o.w"], w[f"{i}.o.b"])
        y = F.layer_norm(x, (HIDDEN,), w[f"{i}.n2.w"], w[f"{i}.n2.b"])
        x = x + F.linear(F.relu(F.linear(y, w[f"{i}.fc1.w"], w[f"{i}.fc1.b"])), w[f"{i}.fc2.w"], w[f"{i}.fc2.b"])
    x = F.layer_norm(x, (HIDDEN,), w["norm.w"], w["norm.b"])
    # The reference code computes logits at every position.
    return torch.log_softmax(x @ w["embed"].T, -1)[torch.arange(rows), last]


def perturb(w, seed, scale):
    torch.manual_seed(seed)
    for tensor in w.values():
        tensor.add_(torch.randn(tensor.shape), alpha=scale)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--seq", type=int, default=128)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--lengths", help="JSON list of prompt lengths: each row is there once for each of two candidates, padded to the longest")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.lengths:
        lengths = [n + 1 for n in json.load(open(options.lengths)) for _ in range(2)]
        width = (max(lengths) + 7) // 8 * 8
        ids, last = torch.randint(VOCABULARY, (len(lengths), width)), torch.tensor(lengths) - 2
    else:
        ids, last = torch.randint(VOCABULARY, (options.batch, options.seq)), torch.full((options.batch,), options.seq - 1)
    w = make_weights()
    times = []
    with torch.no_grad():
        for step in range(options.steps + 1):
            start = time.perf_counter()
            perturb(w, step, 1e-3)
            plus = -last_logits(w, ids, last)[:, 0].mean().item()
            perturb(w, step, -2e-3)
            minus = -last_logits(w, ids, last)[:, 0].mean().item()
            perturb(w, step, 1e-3)
            perturb(w, step, -1e-7 * (plus - minus) / 2e-3)
            times.append(time.perf_counter() - start)
    print(f"{statistics.median(times[1:]):.3f} s a step (median of {options.steps}), torch {torch.__version__}, {options.threads} threads")


main()
