"""Fine-tunes IlZo's built-in model on its built-in SST-2 sample with MeZO in plain PyTorch, the way the reference code does it, and
prints the accuracy and the time: the peer of `ilzo train --dtype fp32`, with the same rows, prompts, batch size, rate and radius.

    python3 torch_mezo_train.py --seed 0 --steps 1500

Weights are fp32 and perturbed in place, noise is drawn again for each pass, rows are padded on the right and each of the two
candidates is a row. Batches are epochs of a shuffled training set; the noise and the order are PyTorch's, so two runs agree with
ilzo's in distribution, not in numbers. Only torch and numpy are needed.
"""
import argparse
import json
import pathlib
import re
import time

import numpy
import torch
import torch.nn.functional as F

BUILT_IN = pathlib.Path(__file__).parents[2] / "src/IlZo.BuiltIn"
MODEL, DATA = BUILT_IN / "opt-reviews-6m", BUILT_IN / "sst2"
LAYERS, HEADS, BOS = 6, 4, 2


class Tokenizer:
    """Byte-level BPE of vocab.json and merges.txt; letters outside the basic alphabets may be split otherwise than by GPT-2."""

    WORDS = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?[^\W\d_]+| ?\d+| ?[^\s\w]+|\s+(?!\S)|\s+")

    def __init__(self, folder):
        self.ids = json.load(open(folder / "vocab.json", encoding="utf-8"))
        lines = open(folder / "merges.txt", encoding="utf-8").read().split("\n")
        self.ranks = {tuple(line.split()): rank for rank, line in enumerate(l for l in lines if l and not l.startswith("#version"))}
        printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
        others = [b for b in range(256) if b not in printable]
        self.letters = {b: chr(b) for b in printable} | {b: chr(256 + i) for i, b in enumerate(others)}

    def encode(self, text):
        ids = [BOS]
        for word in self.WORDS.findall(text):
            parts = [self.letters[b] for b in word.encode()]
            while len(parts) > 1:
                rank, at = min((self.ranks.get(pair, 1 << 30), i) for i, pair in enumerate(zip(parts, parts[1:])))
                if rank == 1 << 30:
                    break
                parts[at:at + 2] = [parts[at] + parts[at + 1]]
            ids += [self.ids[part] for part in parts]
        return ids


def read_weights(path):
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8:8 + length])
    weights = {}
    for name, entry in header.items():
        if name != "__metadata__":
            first, last = entry["data_offsets"]
            numbers = numpy.frombuffer(raw[8 + length + first:8 + length + last], numpy.float16).astype(numpy.float32)
            weights[name.removeprefix("model.decoder.")] = torch.from_numpy(numbers.reshape(entry["shape"]).copy())
    return weights


def option_scores(w, rows):
    """Mean log-probability of each row's option; a row is (ids, option length)."""
    width = max(len(ids) for ids, _ in rows)
    ids = torch.tensor([r + [1] * (width - len(r)) for r, _ in rows])
    hidden = w["embed_tokens.weight"].shape[1]
    x = w["embed_tokens.weight"][ids] + w["embed_positions.weight"][torch.arange(width) + 2]
    mask = torch.full((width, width), float("-inf")).triu(1)
    norm = lambda x, name: F.layer_norm(x, (hidden,), w[name + ".weight"], w[name + ".bias"])
    linear = lambda x, name: F.linear(x, w[name + ".weight"], w[name + ".bias"])
    for i in range(LAYERS):
        p = f"layers.{i}."
        y = norm(x, p + "self_attn_layer_norm")
        q, k, v = (linear(y, f"{p}self_attn.{n}_proj").view(len(rows), width, HEADS, -1).transpose(1, 2) for n in "qkv")
        a = torch.softmax(q @ k.transpose(2, 3) * (hidden // HEADS) ** -0.5 + mask, -1) @ v
        x = x + linear(a.transpose(1, 2).reshape(len(rows), width, hidden), p + "self_attn.out_proj")
        x = x + linear(F.relu(linear(norm(x, p + "final_layer_norm"), p + "fc1")), p + "fc2")
    log_probabilities = torch.log_softmax(norm(x, "final_layer_norm") @ w["embed_tokens.weight"].T, -1)
    scores = []
    for r, (tokens, option) in enumerate(rows):
        at = torch.arange(len(tokens) - option, len(tokens))
        scores.append(log_probabilities[r, at - 1, torch.tensor(tokens)[at]].mean())
    return torch.stack(scores)


def loss_and_correct(w, examples):
    scores = option_scores(w, [row for rows, _ in examples for row in rows]).view(len(examples), 2)
    labels = torch.tensor([label for _, label in examples])
    return F.cross_entropy(scores, labels).item(), (scores.argmax(-1) == labels).sum().item()


def evaluate(w, examples):
    total, correct = 0.0, 0
    for first in range(0, len(examples), 32):
        chunk = examples[first:first + 32]
        loss, right = loss_and_correct(w, chunk)
        total, correct = total + loss * len(chunk), correct + right
    return total / len(examples), correct / len(examples)


def perturb(w, seed, scale):
    generator = torch.Generator().manual_seed(seed)
    for tensor in w.values():
        tensor.add_(torch.randn(tensor.shape, generator=generator), alpha=scale)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--lr", type=float, default=5e-5)
    parser.add_argument("--eps", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    tokenizer = Tokenizer(MODEL)

    def load(split):
        examples = []
        for line in open(DATA / f"{split}.jsonl", encoding="utf-8"):
            row = json.loads(line)
            prompt = row["sentence"].strip() + " Sentiment:"
            length = len(tokenizer.encode(prompt))
            full = [tokenizer.encode(prompt + answer) for answer in (" negative", " positive")]
            examples.append(([(ids, len(ids) - length) for ids in full], row["label"]))
        return examples

    train, test = load("train"), load("validation")
    w = read_weights(MODEL / "model.safetensors")
    order, noise = numpy.random.RandomState(options.seed), numpy.random.RandomState(options.seed + 1000)
    with torch.no_grad():
        print("before: test loss {:.4f}, accuracy {:.4f}".format(*evaluate(w, test)))
        queue, start = [], time.perf_counter()
        for _ in range(options.steps):
            if len(queue) < options.batch:
                queue = list(order.permutation(len(train)))
            batch, queue = [train[i] for i in queue[:options.batch]], queue[options.batch:]
            seed = int(noise.randint(2**31))
            perturb(w, seed, options.eps)
            plus, _ = loss_and_correct(w, batch)
            perturb(w, seed, -2 * options.eps)
            minus, _ = loss_and_correct(w, batch)
            perturb(w, seed, options.eps)
            perturb(w, seed, -options.lr * (plus - minus) / (2 * options.eps))
        seconds = time.perf_counter() - start
        print("after {} steps in {:.1f} s ({:.4f} s a step): test loss {:.4f}, accuracy {:.4f}".format(
            options.steps, seconds, seconds / options.steps, *evaluate(w, test)))


main()
