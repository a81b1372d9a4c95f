#!/usr/bin/env python3
"""Writes the README's table of results: mean PSNR over the held-out sample pictures.

    cargo build --release && scripts/results.py [--latino target/release/latino] [-- options for every restore]

Each picture is degraded and restored by `latino restore` with its own prompt, and by bicubic
enlargement and the pseudo-inverse, which `latino` reports beside it. Needs nothing but Python 3.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
TASKS = [
    ("Gaussian blur, sigma 3", "gaussian-blur:sigma=3", 0.02),
    ("super-resolution x4", "super-resolution:factor=4", 0.02),
    ("super-resolution x8", "super-resolution:factor=8", 0.02),
    ("denoising", "denoising", 0.5),
    ("inpainting, a box of a quarter", "inpainting:box=0.25", 0.02),
]


def restore(latino, sample, task, noise, seed, extra):
    with tempfile.TemporaryDirectory() as out:
        command = [latino, "restore", "--model", ROOT / "public/models/emoji-lcm",
                   "--image", ROOT / "public/samples" / sample["file"], "--task", task, "--noise", str(noise),
                   "--prompt", sample["prompt"], "--seed", str(seed), "--out", out, "--json", *extra]
        run = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, check=True)
    return json.loads(run.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latino", default=str(ROOT / "target/release/latino"))
    parser.add_argument("--seeds", type=int, default=2, help="measurements per picture")
    parser.add_argument("--pictures", type=int, help="only the first so many")
    parser.add_argument("--tasks", nargs="*", help="only tasks whose SPEC contains one of these")
    parser.add_argument("extra", nargs="*", help="after --: passed to every restore")
    args = parser.parse_args()
    samples = json.loads((ROOT / "public/samples/samples.json").read_text())[:args.pictures]
    print(f"| task | noise | degraded | pseudo-inverse | LATINO | s per picture |\n|---|---|---|---|---|---|")
    for title, task, noise in TASKS:
        if args.tasks and not any(t in task for t in args.tasks):
            continue
        rows = [restore(args.latino, s, task, noise, seed, args.extra) for s in samples for seed in range(args.seeds)]
        mean = lambda read: statistics.fmean(read(r) for r in rows)
        print(f"| {title} | {noise} | {mean(lambda r: r['bicubic']['psnr']):.2f} "
              f"| {mean(lambda r: r['baseline']['psnr']):.2f} | {mean(lambda r: r['samples'][0]['metrics']['psnr']):.2f} "
              f"| {mean(lambda r: r['samples'][0]['seconds']):.1f} |", flush=True)


if __name__ == "__main__":
    main()
