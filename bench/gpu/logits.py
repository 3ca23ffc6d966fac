#!/usr/bin/env python3
"""Logits of ilzo on a GPU against those that PyTorch computes in float64 from the same OPT checkpoint, in each precision.

usage: logits.py ILZO FOLDER DEVICE PRECISION…

The root of the mean squared difference, relative to the logits, may be what rounding to the precision explains: sixteen units of fp32, of two bfloat16 numbers (bf16x3),
of fp16 or of bfloat16 (products add up rounding errors like a random walk; the checks of `ilzo selftest` are the sharper ones). Ends with 1 where it is more.
"""
import json
import math
import os
import subprocess
import sys
import tempfile

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

ALLOWED = {'fp32': 16 * 2.0 ** -24, 'bf16x3': 16 * 2.0 ** -16, 'fp16': 16 * 2.0 ** -11, 'bf16': 16 * 2.0 ** -8}
LENGTHS = (1, 37, 129, 300)


def forward(weights, config, ids):
    """Logits at every position."""
    hidden, heads, length = config['hidden_size'], config['num_attention_heads'], len(ids)
    size = hidden // heads

    def norm(x, name):
        return F.layer_norm(x, (hidden,), weights[f'{name}.weight'], weights[f'{name}.bias'])

    def linear(x, name):
        return F.linear(x, weights[f'{name}.weight'], weights[f'{name}.bias'])

    x = weights['embed_tokens.weight'][ids] + weights['embed_positions.weight'][2:length + 2]
    mask = torch.full((length, length), -math.inf, dtype=x.dtype, device=x.device).triu(1)
    for layer in range(config['num_hidden_layers']):
        prefix = f'layers.{layer}'
        y = norm(x, f'{prefix}.self_attn_layer_norm')
        q, k, v = (linear(y, f'{prefix}.self_attn.{n}_proj').view(length, heads, size).transpose(0, 1) for n in 'qkv')
        mixed = (q @ k.transpose(1, 2) / math.sqrt(size) + mask).softmax(-1) @ v
        x = x + linear(mixed.transpose(0, 1).reshape(length, hidden), f'{prefix}.self_attn.out_proj')
        x = x + linear(F.relu(linear(norm(x, f'{prefix}.final_layer_norm'), f'{prefix}.fc1')), f'{prefix}.fc2')
    return F.linear(norm(x, 'final_layer_norm'), weights['embed_tokens.weight'])


def score(ilzo, folder, device, precision, texts):
    """The logits of ilzo, a tensor a text."""
    with tempfile.TemporaryDirectory() as scratch:
        rows, logits = os.path.join(scratch, 'texts.jsonl'), os.path.join(scratch, 'logits.safetensors')
        with open(rows, 'w') as file:
            file.writelines(json.dumps({'ids': ids}) + '\n' for ids in texts)
        command = [ilzo, 'score', '--model', folder, '--input', rows, '--logits', logits, '--device', device, '--precision', precision]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        found = load_file(logits)
        return [found[f'logits.{i}'].double() for i in range(len(texts))]


def main():
    ilzo, folder, device, precisions = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
    torch.set_grad_enabled(False)
    where = 'cuda' if device.startswith('cuda') else 'cpu'
    with open(os.path.join(folder, 'config.json')) as file:
        config = json.load(file)
    weights = {k.removeprefix('model.').removeprefix('decoder.'): v.double().to(where) for k, v in load_file(os.path.join(folder, 'model.safetensors')).items()}
    generator = torch.Generator().manual_seed(1)
    texts = [torch.randint(4, config['vocab_size'], (n,), generator=generator).tolist() for n in LENGTHS]
    wanted = [forward(weights, config, ids).cpu() for ids in texts]
    scale = sum((w ** 2).sum().item() for w in wanted)
    failed = False
    for precision in precisions:
        found = score(ilzo, folder, device, precision, texts)
        error = math.sqrt(sum(((f - w) ** 2).sum().item() for f, w in zip(found, wanted)) / scale)
        passed = error <= ALLOWED[precision]
        failed |= not passed
        print(json.dumps({'check': 'logits', 'precision': precision, 'relative_rms': error, 'allowed': ALLOWED[precision], 'passed': passed}), flush=True)
    sys.exit(failed)


main()
