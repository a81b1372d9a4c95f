"""Going on from a packed model instead of from nothing: its tokenizer and autoencoder are taken as they are, the teacher starts from its UNet
and text encoder.

`training/start` is such a pack: the teacher behind the model that is shipped.
"""

import shutil
from pathlib import Path

from diffusers import AutoencoderTiny, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

from . import packed


def begin(work: Path, pack: Path) -> None:
    """Lays the parts where the stages look for them, unless something is there already."""
    if not (pack / "manifest.json").exists():
        raise SystemExit(f"{pack}: there is no manifest.json: --start takes a packed model")
    if not (work / "tokenizer").exists():
        shutil.copytree(pack / "tokenizer", work / "tokenizer")
    if not (work / "autoencoder").exists():
        packed.model(AutoencoderTiny, pack, "vae").save_pretrained(work / "autoencoder")
    start = work / "text_encoder_start"
    if not start.exists():
        text = CLIPTextModel(CLIPTextConfig.from_pretrained(pack / "text_encoder"))
        text.load_state_dict(packed.weights(pack, "text_encoder"))
        text.save_pretrained(start)
    if not (work / "unet_start").exists():
        packed.model(UNet2DConditionModel, pack, "unet").save_pretrained(work / "unet_start")
