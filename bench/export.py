"""Exports the subjects of the comparison: ONNX files, model folders, inputs and PyTorch's outputs.

    bench/export.py OUT [SUBJECT...]

emoji: the embedded model, 128 x 128. sd15: Stable Diffusion 1.5's block structure at half its width
with random weights, UNet on a 16 x 16 latent, autoencoder on 64 x 64 pixels. Everything that a
contestant gets is a raw little-endian f32 file; `subject.json` lists them.
"""

import json
import pathlib
import sys

import numpy as np
import torch
from diffusers import AutoencoderKL, AutoencoderTiny, UNet2DConditionModel

from ops import Recorder, write_ops

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "training"))
from emoji_lcm import packed  # noqa: E402


class Unet(torch.nn.Module):
    def __init__(self, unet):
        super().__init__()
        self.unet = unet

    def forward(self, sample, timestep, context):
        return self.unet(sample, timestep, context, return_dict=False)[0]


class Encode(torch.nn.Module):
    def __init__(self, vae):
        super().__init__()
        self.vae = vae

    def forward(self, picture):
        if isinstance(self.vae, AutoencoderTiny):
            return self.vae.encode(picture, return_dict=False)[0]
        moments = self.vae.quant_conv(self.vae.encoder(picture))
        return moments.chunk(2, dim=1)[0]


class Decode(torch.nn.Module):
    def __init__(self, vae):
        super().__init__()
        self.vae = vae

    def forward(self, latent):
        return self.vae.decode(latent, return_dict=False)[0]


def randomise(model, generator):
    """Gaussian weights of variance 1 / fan-in, norms near one, biases near zero, all exact in f16."""
    for name, p in model.named_parameters():
        if p.dim() > 1:
            scale, shift = (p[0].numel()) ** -0.5, 0.0
        else:
            scale, shift = 0.02, 1.0 if name.endswith("weight") else 0.0
        p.data = (torch.randn(p.shape, generator=generator) * scale + shift).half().float()


def emoji(out):
    shipped, folder = ROOT / "public/models/emoji-lcm", out / "model"
    unet = packed.model(UNet2DConditionModel, shipped, "unet")
    vae = packed.model(AutoencoderTiny, shipped, "vae")
    for name, model in ("unet", unet), ("vae", vae):
        model.save_pretrained(folder / name)
    return folder, unet, vae, dict(latent=16, tokens=24, picture=128)


def sd15(out):
    generator = torch.Generator().manual_seed(15)
    unet = UNet2DConditionModel(
        sample_size=64, block_out_channels=(160, 320, 640, 640), attention_head_dim=8,
        cross_attention_dim=768, norm_num_groups=32, layers_per_block=2)
    vae = AutoencoderKL(
        block_out_channels=(64, 128, 256, 256), layers_per_block=2, latent_channels=4, norm_num_groups=32,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4, sample_size=512)
    folder = out / "model"
    for name, model in ("unet", unet), ("vae", vae):
        randomise(model, generator)
        model.half().save_pretrained(folder / name)
        model.float()
    return folder, unet, vae, dict(latent=16, tokens=77, picture=64)


def taesd(out):
    """The layout of TAESD, Stable Diffusion 1.5's tiny autoencoder, at the size of sd15's: random weights, for time only."""
    generator = torch.Generator().manual_seed(64)
    tiny = AutoencoderTiny()
    randomise(tiny, generator)
    folder = out / "model"
    tiny.half().save_pretrained(folder / "vae")
    tiny.float()
    return folder, None, tiny, dict(latent=8, tokens=0, picture=64)


SUBJECTS = {"emoji": emoji, "sd15": sd15, "taesd": taesd}


def export(name, out):
    out.mkdir(parents=True, exist_ok=True)
    folder, unet, vae, size = SUBJECTS[name](out)
    random = torch.Generator().manual_seed(1)
    draw = lambda *shape: torch.randn(shape, generator=random)
    parts = {}
    if unet is not None:
        side, width = size["latent"], unet.config.cross_attention_dim
        parts["unet"] = (Unet(unet), {
            "sample": draw(1, unet.config.in_channels, side, side), "timestep": torch.tensor([499.0]),
            "context": draw(1, size["tokens"], width)})
    side = size["picture"]
    parts["encode"] = (Encode(vae), {"picture": torch.tanh(draw(1, 3, side, side))})
    parts["decode"] = (Decode(vae), {"latent": draw(1, vae.config.latent_channels, side // 8, side // 8)})
    described = {"name": name, "parts": {}}
    for part, (module, inputs) in parts.items():
        module.eval()
        with torch.no_grad(), Recorder(module) as recorder:
            result = module(*inputs.values())
        torch.onnx.export(module, tuple(inputs.values()), out / f"{part}.onnx", input_names=list(inputs),
                          output_names=["result"], dynamo=True, external_data=True, optimize=True)
        files = {}
        for key, value in (*inputs.items(), ("result", result)):
            file = f"{part}.{key}.bin"
            value.detach().numpy().astype("<f4").tofile(out / file)
            files[key] = {"file": file, "shape": list(value.shape)}
        described["parts"][part] = {
            "onnx": f"{part}.onnx",
            "data": f"{part}.onnx.data" if (out / f"{part}.onnx.data").exists() else None,
            "files": files,
            "parameters": sum(p.numel() for p in module.parameters()),
            "operations": write_ops(out / "ops", recorder.seen),
        }
        flops = sum(o["flops"] * o["count"] for o in described["parts"][part]["operations"])
        described["parts"][part]["flops"] = flops
        print(f"{name} {part}: {flops / 1e9:.2f} GFLOP, output rms {result.square().mean().sqrt():.3f}", flush=True)
    wanted = [p for p in ("unet", "vae") if (folder / p).exists()]
    described["model"] = {}
    for p in wanted:
        for path in sorted((folder / p).iterdir()):
            target = out / "model" / p / path.name
            if target != path:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())
            described["model"][f"{p}/{path.name}"] = path.stat().st_size
    (out / "subject.json").write_text(json.dumps(described, indent=1))


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    out = pathlib.Path(sys.argv[1])
    for name in sys.argv[2:] or SUBJECTS:
        export(name, out / name)


if __name__ == "__main__":
    main()
