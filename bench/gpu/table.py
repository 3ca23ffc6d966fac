#!/usr/bin/env python3
"""The table that check.sh ends with: what became of each part, then the figures. usage: table.py FOLDER"""
import json
import sys


def read(path):
    """The JSON objects of a file, a line each."""
    rows = []
    with open(path) as file:
        for line in file:
            try:
                rows.append(json.loads(line))
            except ValueError:
                pass
    return rows


def step(row):
    """A step of ilzo or of a peer. Needed operations count, also in bf16x3, whose products take three."""
    variant = row.get('variant') or row['precision']
    update = row.get('update_seconds', row.get('perturb_update_seconds'))
    memory = row.get('occupied_bytes') or row.get('peak_bytes') or 0
    return (f"{row['run']:24} {variant:9} {1e3 * row['step_seconds']:9.1f} {1e3 * row['forward_seconds']:10.1f} {1e3 * update:9.1f} "
            f"{row['forward_gigaflops'] / 1e3:9.1f} {memory / 1e9:7.2f}")


folder = sys.argv[1]
print(f"\n{'part':24} {'result':10} {'s':>4}  remark")
with open(f'{folder}/parts.tsv') as file:
    for line in file:
        part, result, seconds, remark = line.rstrip('\n').split('\t')
        print(f'{part:24} {result:10} {seconds:>4}  {remark}'.rstrip())

rows = read(f'{folder}/results.jsonl')
checks = [r for r in rows if r['run'] == 'selftest']
if checks:
    failed = [r for r in checks if not r['passed']]
    print(f'\nself-test: {len(checks)} checks, {len(failed)} failed')
    for row in failed[:20]:
        print(f"  {row['check']}: {row.get('error') or 'difference {}, allowed {}'.format(row['difference'], row['allowed'])}")

steps = [r for r in rows if 'step_seconds' in r]
if steps:
    print(f"\n{'step':24} {'':9} {'step ms':>9} {'forward ms':>10} {'update ms':>9} {'TFLOP/s':>9} {'GB':>7}")
    for row in steps:
        print(step(row))

for row in rows:
    if row.get('benchmark') == 'gemm':
        print(f"gemm {row['precision']:7} {row['tokens']} x {row['inputs']} x {row['outputs']}: {row['plain_gigaflops'] / 1e3:.0f} TFLOP/s, "
              f"two probes {row['dual_gigaflops'] / 1e3:.0f}; mma.sync alone {(row['tensor_core_peak_gigaflops'] or 0) / 1e3:.0f}")
    elif row.get('benchmark') == 'rng':
        print(f"normal deviates {row['normal_gigaelements_per_second']:.0f} G/s; copying {row['copy_gigabytes_per_second']:.0f} GB/s, "
              f"reading {row['read_gigabytes_per_second']:.0f} GB/s, fp32 {row['peak_gigaflops'] / 1e3:.1f} TFLOP/s")
    elif 'error' in row and 'variant' in row:
        print(f"{row['run']} {row['variant']}: {row['error']}")
