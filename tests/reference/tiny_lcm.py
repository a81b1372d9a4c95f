"""What diffusers and transformers compute with the tiny trained model, part by part and as a whole.

    python tests/reference/emoji_lcm.py [model folder] [output folder]

Defaults: tests/fixtures/tiny-lcm and tests/fixtures/tiny-lcm. Writes `reference.safetensors` with
the tensors described in pipelines.py. The f16 weights are computed with in f32.
"""

import sys
from pathlib import Path

import torch
from diffusers import AutoencoderTiny, LCMScheduler, UNet2DConditionModel
from transformers import CLIPTextModel

import pipelines

ROOT = pipelines.ROOT


def main(model, target):
    target.mkdir(parents=True, exist_ok=True)
    f32 = {"torch_dtype": torch.float32}
    text = CLIPTextModel.from_pretrained(model / "text_encoder", dtype=torch.float32).eval()
    unet = UNet2DConditionModel.from_pretrained(model / "unet", **f32).eval()
    vae = AutoencoderTiny.from_pretrained(model / "vae", **f32).eval()
    scheduler = LCMScheduler.from_pretrained(model / "scheduler")

    g = torch.Generator().manual_seed(7)

    def randn(*shape):
        return torch.randn(shape, generator=g)

    out = {}
    prompts = ["a glossy 3d emoji of a red apple on a white background", "a drawing of a cat face"]
    ids = torch.cat([pipelines.tokenise(model / "tokenizer", p) for p in prompts])
    pipelines.text_reference(text, ids, out)
    context = out["text.hidden"]
    times = torch.tensor([999, 259])
    pipelines.unet_reference(unet, out, "unet", randn(2, 4, 16, 16), times, context)
    # A smooth picture with an edge, which the encoder has a use for.
    y, x = torch.meshgrid(torch.linspace(-1, 1, 96), torch.linspace(-1, 1, 64), indexing="ij")
    disc = (x**2 + y**2 < 0.5).float()
    picture = torch.stack([x * disc, y * disc, 1 - 2 * disc])[None]
    pipelines.vae_reference(vae, out, picture, randn(1, 4, 9, 7))
    noise = randn(pipelines.STEPS, 1, 4, 16, 16)
    pipelines.generate_reference(text, unet, vae, scheduler, ids[:1], noise, out)
    pipelines.save_reference(out, target, prompts[0], dict(text=text, unet=unet, vae=vae))


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "tests/fixtures/tiny-lcm"
    into = Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "tests/fixtures/tiny-lcm"
    with torch.no_grad():
        main(folder, into)
