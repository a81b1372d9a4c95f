"""Gradients of the small pipelines' UNets with respect to the text, by PyTorch's autograd.

    python tests/reference/gradient.py

For each pipeline in tests/fixtures/pipelines (see pipelines.py) writes
tests/fixtures/gradient/<name>.safetensors, which has for the parts `unet` and `unet_odd` of the
pipeline's `reference.safetensors`:

    <part>.seed [B, C, h, w]         a random cotangent v of the UNet's output
    <part>.gradient [B, N, width]    the gradient of sum(v * output) with respect to the context

The inputs are those of `reference.safetensors`. Computed in f64, saved as f32.

Needs torch, diffusers and safetensors.
"""

from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import load_file, save_file

from pipelines import guidance_embedding

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"


def gradients(folder, seed):
    unet = UNet2DConditionModel.from_pretrained(folder / "unet", torch_dtype=torch.float64)
    unet.eval().requires_grad_(False)
    reference = load_file(folder / "reference.safetensors")
    g = torch.Generator().manual_seed(seed)
    out = {}
    for part in ("unet", "unet_odd"):
        if f"{part}.sample" not in reference:
            continue
        given = lambda name: reference[f"{part}.{name}"].double()
        cond = None
        if f"{part}.guidance" in reference:
            # The embedding in f32, as the reference output has it.
            scale = reference[f"{part}.guidance"]
            cond = guidance_embedding(scale, unet.config.time_cond_proj_dim).double()
        context = given("context").requires_grad_()
        output = unet(given("sample"), given("timesteps"), context, timestep_cond=cond).sample
        error = (output - given("output")).norm() / given("output").norm()
        assert error < 1e-5, f"{folder.name}: output differs by {error:.1e}"
        v = torch.randn(output.shape, generator=g)
        (gradient,) = torch.autograd.grad(output, context, v.double())
        out |= {f"{part}.seed": v, f"{part}.gradient": gradient.float()}
        print(f"{folder.name} {part}: output error {error:.1e}, gradient norm {gradient.norm():.3g}")
    return out


def main():
    target = FIXTURES / "gradient"
    target.mkdir(exist_ok=True)
    for seed, name in enumerate(("sd15", "lcm", "sd21"), start=11):
        out = gradients(FIXTURES / "pipelines" / name, seed)
        save_file({k: v.contiguous() for k, v in out.items()}, target / f"{name}.safetensors")


if __name__ == "__main__":
    main()
