#!/usr/bin/env python3
"""Writes the table of PSNR by precision for BENCHMARKS.md: LATINO with the embedded model, packed.

    cargo build --release && scripts/quantisation.py [--latino target/release/latino]

The model is packed with UNet and text encoder in f16, q8 and q4 (autoencoder f16), and each packed
model restores the sample pictures from the same measurements. Needs nothing but Python 3.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
TASKS = [("gaussian-blur:sigma=3", 0.02), ("super-resolution:factor=4", 0.02), ("inpainting:box=0.25", 0.02)]
PRECISIONS = ["f16", "q8", "q4"]


def call(*command):
    run = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, check=True)
    return run.stdout.decode()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latino", default=str(ROOT / "target/release/latino"))
    parser.add_argument("--seeds", type=int, default=1, help="measurements per picture")
    parser.add_argument("--pictures", type=int, help="only the first so many")
    args = parser.parse_args()
    samples = json.loads((ROOT / "public/samples/samples.json").read_text())[:args.pictures]
    with tempfile.TemporaryDirectory() as folder:
        for p in PRECISIONS:
            print(call(args.latino, "pack", "--from", ROOT / "public/models/emoji-lcm", "--to", f"{folder}/{p}",
                       "--unet", p, "--text", p, "--vae", "f16").splitlines()[-1])
        print("\n| task | " + " | ".join(PRECISIONS) + " | largest loss of q8, q4 |\n|---|---|---|---|---|")
        for task, noise in TASKS:
            psnr = {}
            for p in PRECISIONS:
                psnr[p] = [
                    json.loads(call(args.latino, "restore", "--model", f"{folder}/{p}", "--image",
                                    ROOT / "public/samples" / s["file"], "--task", task, "--noise", noise, "--prompt",
                                    s["prompt"], "--seed", seed, "--out", f"{folder}/out", "--json")
                               )["samples"][0]["metrics"]["psnr"]
                    for s in samples for seed in range(args.seeds)]
            mean = " | ".join(f"{statistics.fmean(psnr[p]):.2f}" for p in PRECISIONS)
            loss = ", ".join(f"{max(a - b for a, b in zip(psnr['f16'], psnr[p])):.2f}" for p in PRECISIONS[1:])
            print(f"| {task} | {mean} | {loss} |", flush=True)


if __name__ == "__main__":
    main()
