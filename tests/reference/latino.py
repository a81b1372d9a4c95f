"""A plain PyTorch transcription of LATINO, and its trajectories for tests/latino.rs.

Usage: python tests/reference/latino.py [model folder] [output folder]
Needs torch, diffusers, transformers, safetensors. Networks in float32, operators in float64.
Nothing is shared with the Rust code: operators are explicit matrices or FFTs written here.
"""
import sys
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderTiny, UNet2DConditionModel
from safetensors.torch import save_file
from transformers import CLIPTextModel, CLIPTokenizer

MODEL = Path(sys.argv[1] if len(sys.argv) > 1 else "tests/fixtures/tiny-lcm")
OUT = Path(sys.argv[2] if len(sys.argv) > 2 else "tests/fixtures/latino")
SIDE, TIMESTEPS = 128, [999, 759, 499, 259]


def picture():
    """A synthetic scene: gradient, disk, box."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    p = np.stack([0.9 - 0.2 * y, 0.8 + 0.1 * x, 0.85 + 0 * x])
    disk = (x - 0.45) ** 2 + (y - 0.5) ** 2 < 0.09
    p[:, disk] = np.array([0.85, 0.25, 0.2])[:, None]
    box = (abs(x - 0.62) < 0.12) & (abs(y - 0.4) < 0.2)
    p[:, box] = np.array([0.15, 0.35, 0.8])[:, None]
    return torch.tensor(p * 2 - 1)[None]


class Blur:
    """Circular Gaussian blur by FFT."""

    def __init__(self, s):
        c = int(s / 0.3 + 1)
        r = np.arange(-c, c + 1)
        k = np.exp(-(r[:, None] ** 2 + r[None] ** 2) / (2 * s * s))
        k /= k.sum()
        full = np.zeros((SIDE, SIDE))
        full[: 2 * c + 1, : 2 * c + 1] = k
        self.h = torch.fft.fft2(torch.tensor(np.roll(full, (-c, -c), (0, 1))))
        self.m = 3 * SIDE * SIDE

    def A(self, x):
        return torch.fft.ifft2(torch.fft.fft2(x) * self.h).real

    def At(self, y):
        return torch.fft.ifft2(torch.fft.fft2(y) * self.h.conj()).real

    def prox(self, z, y, g):
        top = torch.fft.fft2(y) * self.h.conj() + torch.fft.fft2(z) / g
        return torch.fft.ifft2(top / (self.h.abs() ** 2 + 1 / g)).real


class Bicubic:
    """The published decimation: Keys taps at (i + 1/2) / f, reflect padding, one matrix a side."""

    def __init__(self, f):
        t = np.abs((np.arange(4 * f) + 0.5) / f - 2)
        k = np.where(t < 1, 1.5 * t**3 - 2.5 * t**2 + 1, -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2)
        k /= k.sum()
        n = SIDE // f
        a = np.zeros((n, SIDE))
        for j in range(n):
            for i in range(4 * f):
                p = j * f + i - 2 * f
                p = -p if p < 0 else p
                p = 2 * (SIDE - 1) - p if p >= SIDE else p
                a[j, p] += k[i]
        self.a = torch.tensor(a)
        # The dense normal equations, by Kronecker eigenvalues of A A^T.
        self.lam, self.q = torch.linalg.eigh(self.a @ self.a.T)
        self.m = 3 * n * n

    def A(self, x):
        return self.a @ x @ self.a.T

    def At(self, y):
        return self.a.T @ y @ self.a

    def prox(self, z, y, g):
        r = self.q.T @ (y - self.A(z)) @ self.q
        r = r / (self.lam[:, None] * self.lam[None] + 1 / g)
        return z + self.At(self.q @ r @ self.q.T)


class Denoise:
    m = 3 * SIDE * SIDE

    def A(self, x):
        return x

    def At(self, y):
        return y

    def prox(self, z, y, g):
        return (z + g * y) / (1 + g)


def published(task, t, rmse, sigma_n):
    """delta for the SD1.5 column, as printed in the published code for 512 x 512 pictures."""
    c = lambda constant, side: constant * 3**0.5 * side
    if task.startswith("gaussian-blur"):
        return c(1e-3 if t > 300 else 4e-4, 512) * rmse
    if task.startswith("super-resolution"):
        f = int(task.split("=")[1])
        return (f / 16) ** 2 * c((0.02 if t > 300 else 0.002) / sigma_n, 32) * rmse
    return 0.01 if t > 200 else 1.0


def main():
    torch.manual_seed(0)
    OUT.mkdir(parents=True, exist_ok=True)
    ae = AutoencoderTiny.from_pretrained(MODEL / "vae").float().eval()
    unet = UNet2DConditionModel.from_pretrained(MODEL / "unet").float().eval()
    text = CLIPTextModel.from_pretrained(MODEL / "text_encoder").float().eval()
    tok = CLIPTokenizer.from_pretrained(MODEL / "tokenizer")
    s = ae.config.scaling_factor
    beta = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    ab = torch.cumprod(1 - beta, 0)
    prompt = "a flat icon of a red ball and a blue box on a white background"
    ids = tok(prompt, padding="max_length", max_length=24, truncation=True, return_tensors="pt").input_ids
    context = text(ids).last_hidden_state
    x_true = picture()
    cases = [
        ("gaussian-blur", "gaussian-blur:sigma=3", Blur(3), 0.02, None),
        ("super-resolution", "super-resolution:factor=4", Bicubic(4), 0.02, None),
        ("denoising", "denoising", Denoise(), 0.25, 0.5),
    ]
    for name, task, op, sigma, fixed in cases:
        sigma_n = 2 * sigma
        y = op.A(x_true)
        y = (y + sigma_n * torch.randn(y.shape, dtype=torch.float64)).float()
        saved = {"y": y}
        x = op.At(y.double()).clamp(-1, 1).float()
        for k, t in enumerate(TIMESTEPS):
            n = torch.randn(1, 4, SIDE // 8, SIDE // 8)
            a, b = ab[t].sqrt().float(), (1 - ab[t]).sqrt().float()
            z = a * (s * ae.encode(x).latents) + b * n
            v = unet(z, torch.tensor([t]), context).sample
            u = ae.decode((a * z - b * v) / s).sample.clamp(-1, 1)
            d = op.A(u.double()) - y.double()
            rmse = float((d.pow(2).sum() / op.m + (sigma_n / 2) ** 2).sqrt())
            g = fixed
            if g is None:
                g = published(task, t, rmse, sigma_n) * float(1 - ab[t]) / sigma_n**2
            x = op.prox(u.double(), y.double(), g).clamp(-1, 1).float()
            saved[f"noise_{k}"] = n
            if k in (0, len(TIMESTEPS) - 1):
                saved[f"before_{k}"], saved[f"after_{k}"] = u, x
        meta = {"task": task, "noise": str(sigma), "prompt": prompt, "fixed": str(fixed or "")}
        save_file({k: v.contiguous() for k, v in saved.items()}, OUT / f"{name}.safetensors", meta)
        print(name, {k: tuple(v.shape) for k, v in saved.items()})


with torch.no_grad():
    main()
