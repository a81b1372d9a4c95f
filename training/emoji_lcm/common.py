"""What the stages share: the clock, checkpoints, pictures as tensors, the noise schedule."""

import json
import time
from pathlib import Path

import numpy as np
import torch

from . import corpus

# Background colours of the captions, in [0, 1].
COLOURS = {
    "white": (1.0, 1.0, 1.0), "red": (0.85, 0.2, 0.2), "orange": (0.96, 0.6, 0.2), "yellow": (0.98, 0.88, 0.3), "green": (0.3, 0.7, 0.35),
    "teal": (0.2, 0.65, 0.65), "blue": (0.25, 0.45, 0.85), "purple": (0.55, 0.35, 0.8), "pink": (0.97, 0.65, 0.75), "brown": (0.55, 0.38, 0.25),
    "gray": (0.55, 0.55, 0.55), "black": (0.08, 0.08, 0.08),
}

# The schedule of Stable Diffusion 1.5 ("scaled_linear").
ALPHA_BAR = torch.cumprod(1 - torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2, 0).float()


def per_sample(values: torch.Tensor) -> torch.Tensor:
    """`[B]` as `[B, 1, 1, 1]`."""
    return values[:, None, None, None]


def noised(clean: torch.Tensor, t: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
    """z_t = sqrt(alpha_bar) x + sqrt(1 - alpha_bar) noise."""
    a = per_sample(ALPHA_BAR[t])
    return a.sqrt() * clean + (1 - a).sqrt() * noise


def clean_of(z: torch.Tensor, v: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """The clean latent of a v-prediction: sqrt(alpha_bar) z - sqrt(1 - alpha_bar) v."""
    a = per_sample(ALPHA_BAR[t])
    return a.sqrt() * z - (1 - a).sqrt() * v


def noise_of(z: torch.Tensor, v: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """The noise of a v-prediction: sqrt(alpha_bar) v + sqrt(1 - alpha_bar) z."""
    a = per_sample(ALPHA_BAR[t])
    return a.sqrt() * v + (1 - a).sqrt() * z


def composite(rgba: np.ndarray, background: torch.Tensor) -> torch.Tensor:
    """Pictures `[B, H, W, 4]` in uint8 over backgrounds `[B, 3]` in [0, 1]: `[B, 3, H, W]` in [-1, 1]."""
    x = torch.from_numpy(np.ascontiguousarray(rgba)).permute(0, 3, 1, 2).float() / 255
    alpha = x[:, 3:]
    return (x[:, :3] * alpha + background[:, :, None, None] * (1 - alpha)) * 2 - 1


def split(listing: list[dict]) -> tuple[list[int], list[int]]:
    """Indices of the pictures for training and of the held-out ones; by concept, never by picture."""
    held = corpus.heldout()
    train = [i for i, p in enumerate(listing) if p["slug"] not in held]
    return train, [i for i, p in enumerate(listing) if p["slug"] in held]


def psnr(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """PSNR in dB of each picture in [-1, 1], clamped."""
    return -10 * torch.log10((((a.clamp(-1, 1) - b) / 2) ** 2).mean((1, 2, 3)))


def device() -> torch.device:
    """A GPU when there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def average(mean: torch.nn.Module, model: torch.nn.Module, step: int, most: float = 0.9995) -> None:
    """One step of an exponential moving average of the weights that warms up."""
    decay = min(most, (1 + step) / (10 + step))
    with torch.no_grad():
        torch._foreach_lerp_(list(mean.parameters()), list(model.parameters()), 1 - decay)


class Clock:
    """Training time spent by a stage, over all its runs, and where to keep its checkpoint."""

    def __init__(self, work: Path, stage: str, minutes: float, speaks: bool = True):
        self.speaks = speaks
        self.path, self.total = work / f"{stage}.checkpoint", minutes * 60
        self.before, self.start, self.saved = 0.0, time.time(), time.time()
        self.log = open(work / f"{stage}.log", "a")

    def resume(self) -> dict | None:
        """The last checkpoint, if there is one."""
        if not self.path.exists():
            return None
        state = torch.load(self.path, weights_only=True)
        self.before = state["seconds"]
        self.say(f"resumed after {self.before / 60:.1f} of {self.total / 60:.0f} minutes")
        return state

    def seconds(self) -> float:
        return self.before + time.time() - self.start

    def fraction(self) -> float:
        """Share of the stage's time that has been used, in [0, 1]."""
        return 1.0 if self.total <= 0 else min(1.0, self.seconds() / self.total)

    def due(self, minutes: float = 3) -> bool:
        return self.speaks and time.time() - self.saved > minutes * 60

    def save(self, **state) -> None:
        """Writes a checkpoint; a cut run leaves the one before."""
        part = self.path.with_suffix(".part")
        torch.save({"seconds": self.seconds(), **state}, part)
        part.replace(self.path)
        self.saved = time.time()

    def say(self, text: str) -> None:
        if not self.speaks:
            return
        print(text, flush=True)
        self.log.write(text + "\n")
        self.log.flush()


def write_json(path: Path, value) -> None:
    """JSON with a final newline."""
    path.write_text(json.dumps(value, indent=1) + "\n")
