"""Latents of the corpus, made once: every picture on white and on coloured backgrounds, mirrored and moved a little."""

import random
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderTiny

from . import common, corpus

# Background and mirroring of each variant; None is a random colour.
VARIANTS = [("white", False), ("white", True), ("white", False), (None, False), (None, True), (None, False)]
# Groups whose pictures say something else when mirrored (letters, arrows, clocks).
NO_MIRROR = {"Symbols"}


def moved(rgba: np.ndarray, rng: random.Random) -> np.ndarray:
    """The picture moved by up to 6 pixels each way: its margin is 8."""
    return np.roll(rgba, (rng.randint(-6, 6), rng.randint(-6, 6)), axis=(0, 1))


@torch.no_grad()
def build(work: Path, quick: bool) -> None:
    """Writes `latents.pt`: scaled latents (half precision) `[N, C, 16, 16]`, their pictures, backgrounds."""
    out = work / "latents.pt"
    if out.exists():
        return
    rng = random.Random(3)
    pictures, listing, concepts = corpus.load(work)
    pictures = pictures[:]
    training, _ = common.split(listing)
    place = common.device()
    ae = AutoencoderTiny.from_pretrained(work / "autoencoder").eval().to(place, memory_format=torch.channels_last)
    scale = ae.config.scaling_factor
    latents, origin, colours = [], [], []
    for number, (colour, mirror) in enumerate(VARIANTS[:3] if quick else VARIANTS):
        chosen = [i for i in training if not (mirror and concepts[listing[i]["slug"]]["group"] in NO_MIRROR)]
        for first in range(0, len(chosen), 32):
            part = chosen[first : first + 32]
            names = [colour or rng.choice(list(common.COLOURS)[1:]) for _ in part]
            background = torch.tensor([common.COLOURS[n] for n in names])
            if colour is None:
                background = (background + 0.03 * torch.randn(background.shape)).clamp(0, 1)
            rgba = np.stack([pictures[i] if number == 0 else moved(pictures[i], rng) for i in part])
            x = common.composite(rgba, background).to(place)
            if mirror:
                x = x.flip(3)
            with torch.autocast(place.type, torch.bfloat16):
                z = ae.encode(x.to(memory_format=torch.channels_last)).latents
            latents.append((scale * z.float()).half().cpu().contiguous())
            origin += part
            colours += names
    torch.save({"latents": torch.cat(latents), "origin": origin, "colours": colours}, out)
    print(f"latents: {len(origin)}, std {torch.cat(latents).float().std().item():.3f}")
