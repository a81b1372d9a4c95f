"""What an error of a latent weighs in the picture.

The latent channels do not count alike: some carry a patch's brightness, others a detail that hardly shows. A squared error of latents becomes (nearly) one of
pictures when it is taken in the metric G = E[J^T J] of the decoder's Jacobian J, restricted to the channels of one place.
"""

from pathlib import Path

import torch
from diffusers import AutoencoderTiny

from . import common

STEP, SHARE = 0.1, 0.75


@torch.no_grad()
def gram(work: Path, latents: torch.Tensor) -> torch.Tensor:
    """G by finite differences at `latents` `[N, C, h, w]` (scaled), with trace C: `[C, C]`.

    All places are moved at once, with random signs that all channels share: what different places do to the same pixels averages out.
    """
    place = common.device()
    ae = AutoencoderTiny.from_pretrained(work / "autoencoder").eval().to(place, memory_format=torch.channels_last)
    channels = latents.shape[1]
    total = torch.zeros(channels, channels)
    for z in latents.float().split(8):
        signs = torch.randint(0, 2, (len(z), 1, *z.shape[2:])) * 2.0 - 1
        moved = [z] + [z + STEP * signs * torch.eye(channels)[c].view(1, -1, 1, 1) for c in range(channels)]
        with torch.autocast(place.type, torch.bfloat16, enabled=place.type == "cuda"):
            pictures = [ae.decode(m.to(place) / ae.config.scaling_factor).sample.float().cpu() for m in moved]
        responses = torch.stack([(p - pictures[0]).flatten() for p in pictures[1:]])
        total += responses @ responses.T
    return total * channels / total.trace()


def root(work: Path, latents: torch.Tensor) -> torch.Tensor:
    """M `[C, C]` with |M e|^2 = SHARE e^T G e + (1 - SHARE) |e|^2: channels that hardly show keep some weight."""
    g = gram(work, latents)
    mixed = SHARE * g + (1 - SHARE) * torch.eye(len(g))
    return torch.linalg.cholesky(mixed).T.contiguous()
