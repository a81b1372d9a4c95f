#!/usr/bin/env python3
"""Writes the tables of the section "Quantisation" in BENCHMARKS.md.

    cargo build --release
    scripts/quantisation.py --model MODEL   PSNR of LATINO by precision; MODEL is the embedded model before packing
    scripts/quantisation.py --errors MODEL  relative error of each network by precision, any model

PSNR: the embedded model is packed with UNet and text encoder in f16, q8 and q4 (autoencoder f16),
and each packed model restores the sample pictures from the same measurements. Errors: |a - b| / |b|
in the Euclidean norm of each network's output for random inputs, weights rounded on loading. Needs
nothing but Python 3.
"""

import argparse
import array
import json
import math
import pathlib
import random
import statistics
import struct
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
TASKS = [("gaussian-blur:sigma=3", 0.02), ("super-resolution:factor=4", 0.02), ("inpainting:box=0.25", 0.02)]
PRECISIONS = ["f16", "q8", "q4"]


def call(*command):
    run = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, check=True)
    return run.stdout.decode()


def write_tensors(path, tensors):
    header, data = {}, b""
    for name, (shape, values) in tensors.items():
        start = len(data)
        data += array.array("f", values).tobytes()
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [start, len(data)]}
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def read_tensor(path):
    data = path.read_bytes()
    return array.array("f", data[8 + struct.unpack("<Q", data[:8])[0]:])


def errors(latino, model, side):
    draw = random.Random(0)
    gauss = lambda *shape: (list(shape), [draw.gauss(0, 1) for _ in range(math.prod(shape))])
    config = lambda part: json.loads((model / part / "config.json").read_text())
    text, unet, vae = config("text_encoder"), config("unet"), config("vae")
    tokens, latents = text["max_position_embeddings"], vae["latent_channels"]
    ids = [float(draw.randrange(text["vocab_size"])) for _ in range(tokens)]
    smooth = [math.sin(0.1 * (i % (8 * side)) + 0.05 * (i // (8 * side))) for i in range(3 * (8 * side) ** 2)]
    inputs = {
        "text": {"input_ids": ([1, tokens], ids)},
        "unet": {"sample": gauss(1, unet["in_channels"], side, side), "timestep": ([1], [499.0]),
                 "encoder_hidden_states": gauss(1, tokens, unet["cross_attention_dim"])},
        "encode": {"image": ([1, 3, 8 * side, 8 * side], smooth)},
        "decode": {"latent": gauss(1, latents, side, side)},
    }
    print("| network | " + " | ".join(PRECISIONS) + " |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        given, out = pathlib.Path(folder, "in.safetensors"), pathlib.Path(folder, "out.safetensors")
        for part, tensors in inputs.items():
            write_tensors(given, tensors)
            found = {}
            for p in ["f32", *PRECISIONS]:
                call(latino, "forward", "--model", model, "--part", part, "--inputs", given, "--outputs", out,
                     "--weights", p)
                found[p] = read_tensor(out)
            exact = found["f32"]
            size = math.sqrt(sum(x * x for x in exact))
            off = lambda p: math.sqrt(sum((a - b) ** 2 for a, b in zip(found[p], exact))) / size
            print(f"| {part} | " + " | ".join(f"{off(p):.1e}" for p in PRECISIONS) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latino", default=str(ROOT / "target/release/latino"))
    parser.add_argument("--seeds", type=int, default=1, help="measurements per picture")
    parser.add_argument("--pictures", type=int, help="only the first so many")
    parser.add_argument("--model", type=pathlib.Path, help="the embedded model before packing: training/run.sh makes it (its work folder's model/)")
    parser.add_argument("--errors", type=pathlib.Path, metavar="MODEL", help="a diffusers folder")
    parser.add_argument("--side", type=int, default=16, help="of the latents, with --errors")
    args = parser.parse_args()
    if args.errors:
        return errors(args.latino, args.errors, args.side)
    if not args.model:
        parser.error("--model or --errors is needed")
    samples = json.loads((ROOT / "public/samples/samples.json").read_text())[:args.pictures]
    with tempfile.TemporaryDirectory() as folder:
        for p in PRECISIONS:
            print(call(args.latino, "pack", "--from", args.model, "--to", f"{folder}/{p}",
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
