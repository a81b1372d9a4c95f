"""The finished model as a diffusers folder (a `StableDiffusionPipeline` with `LCMScheduler`), half precision."""

import shutil
from pathlib import Path

import torch
from diffusers import AutoencoderTiny, LCMScheduler, UNet2DConditionModel
from transformers import CLIPTextModel

from . import common


def write(work: Path) -> None:
    """Writes `model/`."""
    out = work / "model"
    if out.exists():
        shutil.rmtree(out)
    UNet2DConditionModel.from_pretrained(work / "student" / "unet").to(torch.float16).save_pretrained(out / "unet")
    CLIPTextModel.from_pretrained(work / "teacher" / "text_encoder").to(torch.float16).save_pretrained(out / "text_encoder")
    polished = work / "polished"
    AutoencoderTiny.from_pretrained(polished if polished.exists() else work / "autoencoder").to(torch.float16).save_pretrained(out / "vae")
    shutil.copytree(work / "tokenizer", out / "tokenizer")
    LCMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", prediction_type="v_prediction", original_inference_steps=50, clip_sample=False
    ).save_pretrained(out / "scheduler")
    common.write_json(
        out / "model_index.json",
        {
            "_class_name": "StableDiffusionPipeline",
            "_diffusers_version": "0.42.1",
            "feature_extractor": [None, None],
            "image_encoder": [None, None],
            "requires_safety_checker": False,
            "safety_checker": [None, None],
            "scheduler": ["diffusers", "LCMScheduler"],
            "text_encoder": ["transformers", "CLIPTextModel"],
            "tokenizer": ["transformers", "CLIPTokenizer"],
            "unet": ["diffusers", "UNet2DConditionModel"],
            "vae": ["diffusers", "AutoencoderTiny"],
        },
    )
    print(f"exported: {sum(f.stat().st_size for f in out.rglob('*') if f.is_file()) / 1e6:.1f} MB in {out}")
