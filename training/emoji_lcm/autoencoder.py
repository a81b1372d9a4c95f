"""The autoencoder: diffusers' `AutoencoderTiny`, f = 8.

Trained for fidelity (no adversary, no perceptual loss): absolute, squared and gradient error on crops of pictures over
coloured and white backgrounds. A share of the encoder's inputs carries noise that the decoder's target does not: in LATINO the
encoder sees iterates that a proximal step has just pulled towards noisy data. Noise on the latents keeps the code
smooth and the decoder robust against the prior's errors.
"""

import copy
import math
from pathlib import Path

import torch
from diffusers import AutoencoderTiny

from . import common, corpus, muon
from .sizes import Sizes

BATCH, CROP, RATE = 32, 64, 2e-3
# Share of the latents that get much noise, and its range, relative to the latents' deviation; the others get LITTLE. Much of it
# first, so that the code is one that noise does not break, and less in the last quarter, for fidelity.
FIRST, LAST, LITTLE = (0.5, (0.05, 0.5)), (0.3, (0.05, 0.35)), 0.03


def model(sizes: Sizes) -> AutoencoderTiny:
    """Untrained."""
    return AutoencoderTiny(
        encoder_block_out_channels=(sizes.ae_width,) * 4,
        decoder_block_out_channels=(sizes.ae_width,) * 4,
        num_encoder_blocks=sizes.ae_blocks,
        num_decoder_blocks=sizes.ae_blocks[::-1],
        latent_channels=sizes.latent_channels,
        scaling_factor=1.0,
    )


def batch(pictures, train: list[int], white: float = 0.4) -> torch.Tensor:
    """Random crops over random backgrounds, half of them mirrored: `[B, 3, CROP, CROP]`."""
    chosen = torch.tensor(train)[torch.randint(len(train), (BATCH,))].tolist()
    top, left = (8 * torch.randint(0, (corpus.SIDE - CROP) // 8 + 1, (2,))).tolist()
    background = torch.rand(BATCH, 3)
    background[torch.rand(BATCH) < white] = 1.0
    x = common.composite(pictures[chosen][:, top : top + CROP, left : left + CROP], background)
    return x.flip(3) if torch.rand(()) < 0.5 else x


def seen(x: torch.Tensor) -> torch.Tensor:
    """What the encoder gets: 40 % with Gaussian noise between 0.02 and 0.4."""
    level = 0.02 * 20 ** torch.rand(len(x), 1, 1, 1)
    level = level * (torch.rand(len(x), 1, 1, 1) < 0.4)
    return x + level * torch.randn_like(x)


def disturbance(z: torch.Tensor, fraction: float) -> torch.Tensor:
    """Noise for the latents `[B, C, h, w]` at that share of the training: what survives it survives LATINO's noise at the late timesteps."""
    share, (low, high) = FIRST if fraction < 0.75 else LAST
    level = low * (high / low) ** torch.rand(len(z), 1, 1, 1)
    level = torch.where(torch.rand(len(z), 1, 1, 1) < share, level, LITTLE).to(z)
    return level * z.detach().std() * torch.randn_like(z)


def loss(y: torch.Tensor, x: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    """Absolute + 4 squared + half the gradients' absolute error, and a weak pull of the latents to zero."""
    d = y - x
    gradient = (d[..., 1:] - d[..., :-1]).abs().mean() + (d[..., 1:, :] - d[..., :-1, :]).abs().mean()
    return d.abs().mean() + 4 * (d**2).mean() + 0.5 * gradient + 1e-4 * (z**2).mean()


@torch.no_grad()
def evaluate(ae: AutoencoderTiny, pictures, held: list[int]) -> tuple[float, float, torch.Tensor, torch.Tensor]:
    """Mean PSNR of round trips at full size on white, the latents' standard deviation, the last pictures and their round trips."""
    quality, latents = [], []
    place = next(ae.parameters()).device
    for first in range(0, len(held), 32):
        x = common.composite(pictures[held[first : first + 32]], torch.ones(len(held[first : first + 32]), 3)).to(place)
        z = ae.encode(x).latents
        y = ae.decode(z).sample
        quality.append(common.psnr(y, x).cpu())
        latents.append(z.cpu())
    return torch.cat(quality).mean().item(), torch.cat(latents).std().item(), x, y


def train(work: Path, minutes: float, sizes: Sizes) -> None:
    """Trains for `minutes` in all and writes `autoencoder/` with its scaling factor."""
    out = work / "autoencoder"
    if out.exists():
        return
    torch.manual_seed(0)
    pictures, listing, _ = corpus.load(work)
    pictures = pictures[:]
    training, held = common.split(listing)
    place = common.device()
    ae = model(sizes).to(place, memory_format=torch.channels_last)
    mean = copy.deepcopy(ae).eval()
    optimiser = muon.Muon(muon.groups(ae), RATE, weight_decay=1e-3)
    clock, step = common.Clock(work, "autoencoder", minutes), 0
    state = clock.resume()
    if state:
        ae.load_state_dict(state["model"])
        mean.load_state_dict(state["mean"])
        optimiser.load_state_dict(state["optimiser"])
        step = state["step"]
    while (f := clock.fraction()) < 1:
        rate = RATE * min(1, step / 200) * (0.5 + 0.5 * math.cos(math.pi * f) + 0.005)
        for group in optimiser.param_groups:
            group["lr"] = rate
        x = batch(pictures, training).to(place, memory_format=torch.channels_last)
        with torch.autocast(place.type, torch.bfloat16):
            z = ae.encode(seen(x)).latents.float()
            y = ae.decode(z + disturbance(z, f)).sample.float()
        error = loss(y, x, z)
        optimiser.zero_grad()
        error.backward()
        torch.nn.utils.clip_grad_norm_(ae.parameters(), 1.0)
        optimiser.step()
        step += 1
        common.average(mean, ae, step, 0.998)
        if step % 1000 == 0:
            quality, spread, _, _ = evaluate(mean, pictures, held[:96])
            clock.say(f"autoencoder: step {step}, {clock.seconds() / 60:.1f} min, loss {error.item():.4f}, held-out PSNR {quality:.2f} dB, latent std {spread:.2f}")
        if clock.due():
            clock.save(model=ae.state_dict(), mean=mean.state_dict(), optimiser=optimiser.state_dict(), step=step)
    quality, spread, _, _ = evaluate(mean, pictures, held)
    mean.register_to_config(scaling_factor=1 / spread)
    mean.to("cpu", memory_format=torch.contiguous_format).save_pretrained(out)
    clock.say(f"autoencoder: {step} steps, held-out PSNR {quality:.2f} dB, scaling factor {1 / spread:.4f}")
