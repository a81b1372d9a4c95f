"""A plain PyTorch transcription of LATINO-PRO with autograd, and one run of it for tests/latino_pro.rs.

Usage: python tests/reference/latino_pro.py [model folder] [output file]
Needs torch, diffusers, transformers, safetensors. Denoising with a fixed proximal step size, so that
only the prompt's optimisation is new against latino.py. Networks in float32.
"""
import sys
from pathlib import Path

import torch
from diffusers import AutoencoderTiny, UNet2DConditionModel
from safetensors.torch import save_file
from transformers import CLIPTextModel, CLIPTokenizer

MODEL = Path(sys.argv[1] if len(sys.argv) > 1 else "tests/fixtures/tiny-lcm")
OUT = Path(sys.argv[2] if len(sys.argv) > 2 else "tests/fixtures/latino/pro.safetensors")
SIDE, SIGMA, GAMMA = 64, 0.25, 0.5
CHAIN, LAST, ITERATIONS = [999, 639, 259], [999, 499], 3
STEP, RADIUS, FROZEN = 0.5, 2.0, 4
PROMPT = "a flat icon of a red ball on a white background"


def main():
    torch.manual_seed(0)
    ae = AutoencoderTiny.from_pretrained(MODEL / "vae").float().eval().requires_grad_(False)
    unet = UNet2DConditionModel.from_pretrained(MODEL / "unet").float().eval().requires_grad_(False)
    text = CLIPTextModel.from_pretrained(MODEL / "text_encoder").float().eval()
    tok = CLIPTokenizer.from_pretrained(MODEL / "tokenizer")
    s = ae.config.scaling_factor
    beta = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    ab = torch.cumprod(1 - beta, 0)
    a, b = ab.sqrt().float(), (1 - ab).sqrt().float()
    ids = tok(PROMPT, padding="max_length", max_length=24, truncation=True, return_tensors="pt").input_ids
    with torch.no_grad():
        start = text(ids).last_hidden_state
    grid = torch.linspace(-1, 1, SIDE)
    truth = 0.8 - 0.2 * grid[None, :, None] + 0 * grid[None, None, :]
    truth = truth.expand(3, SIDE, SIDE).clone()
    disk = grid[:, None] ** 2 + grid[None, :] ** 2 < 0.3
    truth[:, disk] = torch.tensor([0.7, -0.5, -0.6])[:, None]
    y = truth[None] + 2 * SIGMA * torch.randn(1, 3, SIDE, SIDE)

    noises = []

    def draw():
        noises.append(torch.randn(1, 4, SIDE // 8, SIDE // 8))
        return noises[-1]

    def decode(z0):
        return ae.decode(z0 / s).sample.clamp(-1, 1)

    def encode(x):
        return s * ae.encode(x).latents

    def prox(u):
        return ((u + GAMMA * y) / (1 + GAMMA)).clamp(-1, 1)

    c, total = start.clone(), torch.zeros_like(start)
    latent = encode(y.clamp(-1, 1))
    for _ in range(ITERATIONS):
        z = a[CHAIN[0]] * latent + b[CHAIN[0]] * draw()
        for k, t in enumerate(CHAIN):
            c = c.detach().requires_grad_(True)
            v = unet(z, torch.tensor([t]), c).sample
            z0 = a[t] * z - b[t] * v
            with torch.no_grad():
                latent = encode(prox(decode(z0)))
            if k + 1 == len(CHAIN):
                break
            n = CHAIN[k + 1]
            new = a[n] * latent + b[n] * draw()
            log_p = -(new - a[n] * z0).pow(2).sum() / (2 * (1 - ab[n]))
            (h,) = torch.autograd.grad(log_p, c)
            h = h / (h.norm(dim=-1, keepdim=True) + 1e-8)
            h[:, :FROZEN] = 0
            total = total + h
            z = new
        moved = c.detach() + STEP * total - start
        length = moved.norm(dim=-1, keepdim=True)
        c = start + moved * (RADIUS / length.clamp(min=RADIUS))
    with torch.no_grad():
        z = a[LAST[0]] * latent + b[LAST[0]] * draw()
        for k, t in enumerate(LAST):
            v = unet(z, torch.tensor([t]), c).sample
            x = prox(decode(a[t] * z - b[t] * v))
            if k + 1 < len(LAST):
                n = LAST[k + 1]
                z = a[n] * encode(x) + b[n] * draw()
    saved = {"y": y, "embedding": c.detach(), "picture": x, "noise": torch.stack(noises)}
    meta = {"prompt": PROMPT, "moved": str(float((c - start).norm(dim=-1).max()))}
    save_file({k: v.contiguous() for k, v in saved.items()}, OUT, meta)
    print(meta, {k: tuple(v.shape) for k, v in saved.items()})


main()
