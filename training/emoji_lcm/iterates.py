"""Pairs of what LATINO hands to the prior and what the prior should answer.

LATINO encodes its iterate, adds noise and takes a consistency step. At the later, less noisy timesteps that noise does not hide what is wrong
with the iterate: the flat patches of a total variation start, ringing, blur. A prior that has only met noised clean latents
keeps such faults. So training pictures are degraded, restored without a prior (smoothing, regularised inversion, total variation), and
both are encoded; the student learns to answer the noised latent of the second with the clean latent.
"""

import math
import random
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderTiny

from . import captions, common, corpus, tokenizer
from .latents import NO_MIRROR
from .peers import Peers

BATCH, CHUNK = 16, 512


def total_variation(y: torch.Tensor, weight: torch.Tensor, iterations: int = 40) -> torch.Tensor:
    """argmin 1/2 |x - y|^2 + weight TV(x), colours coupled, by Chambolle's dual projection; `weight` is `[B, 1, 1, 1]`."""
    px, py = torch.zeros_like(y), torch.zeros_like(y)

    def divergence():
        return F.pad(px[..., :-1], (0, 1)) - F.pad(px[..., :-1], (1, 0)) + F.pad(py[..., :-1, :], (0, 0, 0, 1)) - F.pad(py[..., :-1, :], (0, 0, 1, 0))

    for _ in range(iterations):
        x = divergence() + y / weight
        gx, gy = F.pad(x[..., 1:] - x[..., :-1], (0, 1)), F.pad(x[..., 1:, :] - x[..., :-1, :], (0, 0, 0, 1))
        norm = 1 + 0.25 * (gx**2 + gy**2).sum(1, keepdim=True).sqrt()
        px, py = (px + 0.25 * gx) / norm, (py + 0.25 * gy) / norm
    return y + weight * divergence()


def gaussian(sigma: float) -> torch.Tensor:
    """The transfer function `[128, 65]` of a Gaussian blur."""
    fy, fx = torch.fft.fftfreq(corpus.SIDE), torch.fft.rfftfreq(corpus.SIDE)
    return torch.exp(-2 * (math.pi * sigma) ** 2 * (fy[:, None] ** 2 + fx[None] ** 2))


def filtered(x: torch.Tensor, transfer: torch.Tensor) -> torch.Tensor:
    return torch.fft.irfft2(torch.fft.rfft2(x) * transfer, s=x.shape[-2:])


def degraded(x: torch.Tensor, rng: random.Random) -> torch.Tensor:
    """A random measurement of the pictures, inverted without a learned prior: `[B, 3, 128, 128]`."""
    kind = rng.choice(["denoise", "denoise", "zoom", "zoom", "blur", "holes"])
    between = lambda low, high: low * (high / low) ** rng.random()
    noise = between(0.02, 0.1)
    if kind == "denoise":
        noise = between(0.1, 2.0)
        start = x + noise * torch.randn_like(x)
        return total_variation(start, torch.full((len(x), 1, 1, 1), noise * rng.uniform(0.5, 1.1)))
    if kind == "zoom":
        factor = rng.choice([2, 4, 4, 8, 8, 16])
        small = F.avg_pool2d(x, factor)
        start = F.interpolate(small + noise * torch.randn_like(small), scale_factor=factor, mode="bicubic")
        # As much data consistency as the measurement's noise allows.
        start = total_variation(start, torch.full((len(x), 1, 1, 1), rng.uniform(0.02, 0.2) * factor / 4))
        return start + F.interpolate(small - F.avg_pool2d(start, factor), scale_factor=factor, mode="nearest")
    if kind == "blur":
        transfer = gaussian(between(1.0, 7.0))
        y = filtered(x, transfer) + noise * torch.randn_like(x)
        start = filtered(y, transfer / (transfer**2 + between(0.3, 3) * noise**2))
        return total_variation(start, torch.full((len(x), 1, 1, 1), rng.uniform(0.02, 0.3)))
    kept = (torch.rand(len(x), 1, *x.shape[-2:]) < between(0.08, 0.5)).float()
    spread = gaussian(rng.uniform(0.8, 2.0))
    start = filtered(kept * x, spread) / filtered(kept, spread).clamp(min=1e-3)
    return total_variation(start.clamp(-1, 1), torch.full((len(x), 1, 1, 1), rng.uniform(0.02, 0.2)))


@torch.no_grad()
def build(work: Path, count: int, peers: Peers) -> None:
    """Writes `iterates/RANK-NUMBER.pt`, CHUNK pairs each: scaled latents of pictures and of their starts, captions' ids, and which pictures they are."""
    folder = work / "iterates"
    folder.mkdir(exist_ok=True)
    pictures, listing, concepts = corpus.load(work)
    training, _ = common.split(listing)
    tokens = tokenizer.load(work)
    place = common.device()
    ae = AutoencoderTiny.from_pretrained(work / "autoencoder").eval().to(place, memory_format=torch.channels_last)

    def encode(x: torch.Tensor) -> torch.Tensor:
        with torch.autocast(place.type, torch.bfloat16):
            z = ae.encode(x.to(place, memory_format=torch.channels_last)).latents
        return (ae.config.scaling_factor * z.float()).half().cpu()

    for number in range(max(1, count // peers.count // CHUNK)):
        out = folder / f"{peers.rank}-{number}.pt"
        if out.exists():
            continue
        seed = 1000 * peers.rank + number
        rng = random.Random(seed)
        torch.manual_seed(seed)
        clean, starts, rows, origin, backgrounds, mirrored = [], [], [], [], [], []
        for _ in range(CHUNK // BATCH):
            chosen = [rng.choice(training) for _ in range(BATCH)]
            names = ["white" if rng.random() < 0.5 else rng.choice(list(common.COLOURS)[1:]) for _ in chosen]
            x = common.composite(pictures[chosen], torch.tensor([common.COLOURS[n] for n in names]))
            for k, i in enumerate(chosen):
                mirrored.append(rng.random() < 0.5 and concepts[listing[i]["slug"]]["group"] not in NO_MIRROR)
                if mirrored[-1]:
                    x[k] = x[k].flip(2)
            origin += chosen
            backgrounds += [common.COLOURS[n] for n in names]
            clean.append(encode(x))
            starts.append(encode(degraded(x, rng).clamp(-1, 1)))
            rows += [captions.drawn(listing[i]["style"], concepts[listing[i]["slug"]], n, rng) for i, n in zip(chosen, names)]
        part = out.with_suffix(".part")
        which = {"origin": torch.tensor(origin), "backgrounds": torch.tensor(backgrounds), "mirrored": torch.tensor(mirrored)}
        torch.save({"clean": torch.cat(clean), "starts": torch.cat(starts), "ids": tokenizer.ids(tokens, rows), **which}, part)
        part.replace(out)
        print(f"iterates: {(number + 1) * CHUNK} pairs, process {peers.rank + 1} of {peers.count}", flush=True)


class Iterates:
    """Random pairs; new chunks may still come in."""

    def __init__(self, work: Path):
        self.folder, self.files, self.pairs = work / "iterates", [], None

    def refresh(self) -> int:
        """Loads what is new; the number of pairs."""
        files = sorted(self.folder.glob("*.pt"))
        if files != self.files:
            parts = [torch.load(path, weights_only=True) for path in files]
            self.pairs = {key: torch.cat([part[key] for part in parts]) for key in parts[0]}
            self.files = files
        return 0 if self.pairs is None else len(self.pairs["ids"])

    def draw(self, size: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Latents of starts and of the pictures, `[B, C, 16, 16]` each, and token ids `[B, 24]`."""
        return self.of(torch.randint(len(self.pairs["ids"]), (size,)))

    def of(self, chosen: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """As `draw`, of the pairs with these numbers."""
        return self.pairs["starts"][chosen].float(), self.pairs["clean"][chosen].float(), self.pairs["ids"][chosen]

    def shown(self, chosen: torch.Tensor, pictures: np.ndarray) -> torch.Tensor:
        """The pictures behind those pairs, `[B, 3, 128, 128]`."""
        x = common.composite(pictures[self.pairs["origin"][chosen].tolist()], self.pairs["backgrounds"][chosen])
        return torch.where(self.pairs["mirrored"][chosen][:, None, None, None], x.flip(3), x)
