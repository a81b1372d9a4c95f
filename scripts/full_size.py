#!/usr/bin/env python3
"""Every network at Stable Diffusion 1.5's full size against diffusers: the same random weights, the same inputs, relative errors of the outputs.

    scripts/random_sd15.py FOLDER [--quick]
    scripts/full_size.py FOLDER [--latino PATH] [--side 64] [--device cpu|gpu] [--weights f32,f16,q8,q4]

Parts are text, unet, encode, decode and, of a folder made with --quick, quick-encode and quick-decode (the tiny autoencoder).
The reference is PyTorch in f32 on the folder's f16 weights. Error: |a - b| / |b| in the Euclidean norm. Needs training/requirements.txt's environment
(torch, diffusers, transformers), 8 GB of memory and, on two cores, half an hour at 512 x 512 (--side 64).
"""

import argparse
import os
import subprocess
import tempfile
import time
from pathlib import Path

import torch
from diffusers import AutoencoderKL, AutoencoderTiny, UNet2DConditionModel
from safetensors.torch import load_file, save_file
from transformers import CLIPTextModel

ROOT = Path(__file__).resolve().parent.parent


def inputs(part: str, side: int) -> dict[str, torch.Tensor]:
    draw = torch.Generator().manual_seed(0)
    gauss = lambda *shape: torch.randn(shape, generator=draw)
    if part == "text":
        return {"input_ids": torch.randint(49408, (1, 77), generator=draw).float()}
    if part == "unet":
        return {"sample": gauss(1, 4, side, side), "timestep": torch.tensor([499.0]), "encoder_hidden_states": gauss(1, 77, 768)}
    if part.endswith("decode"):
        return {"latent": gauss(1, 4, side, side)}
    n = torch.arange(8 * side)
    return {"image": (torch.sin(0.1 * n[None, :] + 0.05 * n[:, None]) * 0.8).expand(1, 3, -1, -1).contiguous()}


@torch.no_grad()
def reference(folder: Path, part: str, given: dict[str, torch.Tensor]) -> torch.Tensor:
    wide = {"torch_dtype": torch.float32}
    if part == "text":
        return CLIPTextModel.from_pretrained(folder / "text_encoder", **wide).eval()(given["input_ids"].long()).last_hidden_state
    if part == "unet":
        unet = UNet2DConditionModel.from_pretrained(folder / "unet", **wide).eval()
        return unet(given["sample"], given["timestep"], given["encoder_hidden_states"]).sample
    if part.startswith("quick"):
        tiny = AutoencoderTiny.from_pretrained(folder / "vae_quick", **wide).eval()
        return tiny.decode(given["latent"]).sample if part == "quick-decode" else tiny.encode(given["image"]).latents
    vae = AutoencoderKL.from_pretrained(folder / "vae", **wide).eval()
    return vae.decode(given["latent"]).sample if part == "decode" else vae.encode(given["image"]).latent_dist.mean


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--latino", default=str(Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "latino"))
    parser.add_argument("--side", type=int, default=64, help="of the latents")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--weights", default="f32")
    parser.add_argument("--parts", default="text,encode,unet,decode")
    args = parser.parse_args()
    print(f"| network, {8 * args.side} x {8 * args.side} | weights | relative error | PyTorch's seconds | ours, loading included |\n|---|---|---|---|---|")
    for part in args.parts.split(","):
        given = inputs(part, args.side)
        begun = time.time()
        exact = reference(args.folder, part, given)
        theirs = time.time() - begun
        with tempfile.TemporaryDirectory() as folder:
            source, out = Path(folder, "in.safetensors"), Path(folder, "out.safetensors")
            save_file(given, source)
            model = args.folder
            if part.startswith("quick"):
                model = Path(folder)
                Path(folder, "vae").symlink_to((args.folder / "vae_quick").resolve())
            for weights in args.weights.split(","):
                command = [args.latino, "forward", "--model", str(model), "--part", part.removeprefix("quick-"), "--inputs", str(source), "--outputs", str(out)]
                begun = time.time()
                subprocess.run([*command, "--weights", weights, "--device", args.device], check=True)
                ours = time.time() - begun
                (got,) = load_file(out).values()
                error = ((got - exact).norm() / exact.norm()).item()
                print(f"| {part} | {weights} | {error:.1e} | {theirs:.0f} | {ours:.0f} |", flush=True)


if __name__ == "__main__":
    main()
