#!/usr/bin/env python3
"""MeZO steps by PyTorch on random weights of a published OPT shape. One JSON object a variant, with the names that `ilzo bench step --json` has.

usage: peer.py SHAPE BATCHxLENGTH [--device cuda] [--variants …] [--steps N] [--seconds S]

Variants, each with the same weights and tokens:
  mezo       what princeton-nlp/MeZO does (large_models/trainer.py, zo_step and zo_update): z in the weights' type, parameters replaced by θ + s·z·ε three times a
             step, an update, logits at every position
  mezo_last  the same, logits at the last position alone, as ilzo computes them
  in_place   z drawn into one buffer and added in place; the third perturbation and the update in one pass; last position
  graph      in_place, with the forward replayed from a CUDA graph
Forwards are functions of tensors without modules: linear, layer_norm and scaled_dot_product_attention.
"""
import argparse
import json
import statistics
import time

import torch
import torch.nn.functional as F

# Vocabulary, hidden, intermediate, layers, heads.
SHAPES = {
    'opt-tiny': (512, 64, 256, 2, 4),
    'opt-125m': (50272, 768, 3072, 12, 12),
    'opt-1.3b': (50272, 2048, 8192, 24, 32),
    'opt-6.7b': (50272, 4096, 16384, 32, 32),
    'opt-13b': (50272, 5120, 20480, 40, 40),
}
POSITIONS = 2048
EPSILON, RATE = 1e-3, 1e-7


class Opt:
    """The weights, and the loss of the last position."""

    def __init__(self, shape, batch, length, device, dtype):
        self.vocabulary, self.hidden, inner, self.layers, self.heads = SHAPES[shape]
        self.batch, self.length = batch, length
        d, self.p = self.hidden, {}

        def matrix(name, rows, columns):
            self.p[name] = torch.empty(rows, columns, device=device, dtype=dtype).normal_(0, 0.02)

        def norm(name):
            self.p[f'{name}.layer_norm'] = torch.ones(d, device=device, dtype=dtype)
            self.p[f'{name}.bias'] = torch.zeros(d, device=device, dtype=dtype)

        matrix('tokens', self.vocabulary, d)
        matrix('positions', POSITIONS + 2, d)
        norm('final')
        for layer in range(self.layers):
            for name, rows, columns in (('q', d, d), ('k', d, d), ('v', d, d), ('o', d, d), ('up', inner, d), ('down', d, inner)):
                matrix(f'{layer}.{name}', rows, columns)
                self.p[f'{layer}.{name}.bias'] = torch.zeros(rows, device=device, dtype=dtype)
            norm(f'{layer}.1')
            norm(f'{layer}.2')
        self.ids = torch.randint(0, self.vocabulary, (batch, length), device=device)
        self.targets = self.ids[:, 0].clone()

    def linear(self, x, name):
        return F.linear(x, self.p[name], self.p[f'{name}.bias'])

    def norm(self, x, name):
        return F.layer_norm(x, (self.hidden,), self.p[f'{name}.layer_norm'], self.p[f'{name}.bias'])

    def attention(self, x, layer):
        q, k, v = (self.linear(x, f'{layer}.{n}').view(self.batch, self.length, self.heads, -1).transpose(1, 2) for n in 'qkv')
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(self.batch, self.length, self.hidden)
        return self.linear(y, f'{layer}.o')

    def loss(self, every):
        x = self.p['tokens'][self.ids] + self.p['positions'][2:self.length + 2]
        for layer in range(self.layers):
            x = x + self.attention(self.norm(x, f'{layer}.1'), layer)
            x = x + self.linear(F.relu(self.linear(self.norm(x, f'{layer}.2'), f'{layer}.up')), f'{layer}.down')
        x = self.norm(x, 'final')
        logits = F.linear(x if every else x[:, -1:], self.p['tokens'])
        return F.cross_entropy(logits[:, -1].float(), self.targets)

    def needed_flop(self):
        """Of the products of both probes, with the head at the last position, as ilzo counts."""
        weights = sum(w.numel() for n, w in self.p.items() if w.dim() == 2 and n not in ('tokens', 'positions'))
        scores = 4.0 * self.layers * self.hidden * self.batch * self.length * (self.length + 1) / 2
        return 2 * (2.0 * weights * self.batch * self.length + scores + 2.0 * self.vocabulary * self.hidden * self.batch)


def noise(weight):
    return torch.normal(mean=0, std=1, size=weight.size(), device=weight.device, dtype=weight.dtype)


def published_step(model, seed, clock, every):
    p = model.p

    def perturb(scale):
        torch.manual_seed(seed)
        for name in p:
            p[name] = p[name] + scale * noise(p[name]) * EPSILON

    times = [clock()]
    perturb(1)
    times.append(clock())
    first = model.loss(every)
    times.append(clock())
    perturb(-2)
    times.append(clock())
    second = model.loss(every)
    times.append(clock())
    gradient = ((first - second) / (2 * EPSILON)).item()
    perturb(1)
    torch.manual_seed(seed)
    for name in p:
        p[name] = p[name] - RATE * (gradient * noise(p[name]))
    return times + [clock()]


def in_place_step(model, seed, clock, forward, buffer):
    def add(factor):
        torch.manual_seed(seed)
        for weight in model.p.values():
            weight.add_(buffer[:weight.numel()].view(weight.shape).normal_(), alpha=factor)

    times = [clock()]
    add(EPSILON)
    times.append(clock())
    first = forward()
    times.append(clock())
    add(-2 * EPSILON)
    times.append(clock())
    second = forward()
    times.append(clock())
    add(EPSILON - RATE * ((first - second) / (2 * EPSILON)).item())
    return times + [clock()]


def graph_of(model):
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(2):
            model.loss(False)
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = model.loss(False)

    def forward():
        graph.replay()
        return result.clone()

    return forward


def step_of(variant, model):
    if variant in ('mezo', 'mezo_last'):
        return lambda seed, clock: published_step(model, seed, clock, every=variant == 'mezo')
    weight = model.p['tokens']
    buffer = torch.empty(max(w.numel() for w in model.p.values()), device=weight.device, dtype=weight.dtype)
    forward = graph_of(model) if variant == 'graph' else lambda: model.loss(False)
    return lambda seed, clock: in_place_step(model, seed, clock, forward, buffer)


def measure(variant, model, arguments):
    cuda = arguments.device.startswith('cuda')

    def clock():
        if cuda:
            torch.cuda.synchronize()
        return time.perf_counter()

    if cuda:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    step = step_of(variant, model)
    begun = clock()
    step(1, clock)
    parts, whole = [], []
    while len(whole) < arguments.steps and (len(whole) < 2 or clock() - begun < arguments.seconds):
        parts.append(step(len(parts) + 2, clock))
        # The step once more without waits between its parts, as a training takes it.
        start = clock()
        step(len(parts) + 100, lambda: 0.0)
        whole.append(clock() - start)
    forward = statistics.median(t[2] - t[1] + t[4] - t[3] for t in parts)
    rest = statistics.median(t[1] - t[0] + t[3] - t[2] + t[5] - t[4] for t in parts)
    return {
        'step_seconds': statistics.median(whole), 'forward_seconds': forward, 'perturb_update_seconds': rest, 'steps': len(whole),
        'forward_gigaflops': model.needed_flop() / forward / 1e9, 'peak_bytes': torch.cuda.max_memory_allocated() if cuda else 0,
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('shape', choices=SHAPES)
    parser.add_argument('size', help='texts x tokens of each')
    parser.add_argument('--device', default='cuda')
    parser.add_argument('--dtype', default='float16')
    parser.add_argument('--variants', default='mezo,mezo_last,in_place,graph')
    parser.add_argument('--steps', type=int, default=5)
    parser.add_argument('--seconds', type=float, default=10, help='of a variant, about')
    arguments = parser.parse_args()
    torch.set_grad_enabled(False)
    torch.manual_seed(0)
    batch, length = map(int, arguments.size.split('x'))
    model = Opt(arguments.shape, batch, length, torch.device(arguments.device), getattr(torch, arguments.dtype))
    for variant in arguments.variants.split(','):
        row = {'peer': f'torch {torch.__version__}', 'shape': arguments.shape, 'batch': batch, 'length': length, 'variant': variant}
        try:
            row.update(measure(variant, model, arguments))
        except (RuntimeError, torch.OutOfMemoryError) as error:
            row['error'] = f'{type(error).__name__}: {str(error)[:200]}'
        print(json.dumps(row), flush=True)


main()
