"""Sizes of the two models: the embedded one, and a tiny one for tests only."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """What the parts are made of."""

    # Autoencoder: channels of all levels, residual blocks of each level from full size down, latent channels.
    ae_width: int
    ae_blocks: tuple[int, int, int, int]
    latent_channels: int
    # UNet: channels and attention of the levels at 16 x 16, 8 x 8, ..., groups of the normalisations, attention heads.
    unet_channels: tuple[int, ...]
    unet_attention: tuple[bool, ...]
    groups: int
    heads: int
    # Text encoder: entries of the vocabulary, width, layers.
    entries: int
    text_width: int
    text_layers: int


EMBEDDED = Sizes(
    ae_width=32,
    ae_blocks=(1, 2, 4, 4),
    latent_channels=12,
    unet_channels=(128, 224),
    unet_attention=(False, True),
    groups=16,
    heads=4,
    entries=3072,
    text_width=256,
    text_layers=4,
)

TINY = Sizes(
    ae_width=16,
    ae_blocks=(1, 1, 1, 1),
    latent_channels=4,
    unet_channels=(24, 32),
    unet_attention=(False, True),
    groups=8,
    heads=4,
    entries=1024,
    text_width=32,
    text_layers=1,
)
