"""Reference values of forward operators from deepinv, for tests in src/physics.

Usage: python tests/reference/physics.py [output folder]
Needs torch, safetensors and deepinv==0.3.0, the operator library that LATINO's published code pins.
Operators whose proximal step deepinv iterates on are solved densely in float64 from deepinv's own
forward operator, applied to the identity.
"""
import sys
from pathlib import Path

import deepinv as dinv
import torch
from safetensors.torch import save_file

OUT = Path(sys.argv[1] if len(sys.argv) > 1 else "tests/fixtures/physics")
H, W = 16, 24
GAMMAS = {"small": 0.3, "large": 200.0}


def dense_prox(physics, z, y, gamma):
    """argmin gamma/2 |A x - y|^2 + 1/2 |x - z|^2 through the matrix of A."""
    eye = torch.eye(H * W, dtype=torch.float64).reshape(-1, 1, H, W)
    a = physics.A(eye).reshape(H * W, -1).T
    left = torch.eye(H * W, dtype=torch.float64) + gamma * a.T @ a
    right = z.flatten() + gamma * a.T @ y.flatten()
    return torch.linalg.solve(left, right).reshape(z.shape)


def main():
    torch.set_default_dtype(torch.float64)
    g = torch.Generator().manual_seed(7)
    uniform = lambda *shape: torch.rand(*shape, generator=g) * 2 - 1
    size = (1, H, W)
    x, z = uniform(1, *size), uniform(1, *size)
    mask = (torch.rand(1, *size, generator=g) > 0.4).double()
    # Not symmetric; deepinv's BlurFFT correlates with its filter.
    kernel = torch.rand(1, 1, 5, 3, generator=g)
    kernel /= kernel.sum()
    gaussian = dinv.physics.blur.gaussian_blur(sigma=(1.5, 1.5)).double()
    operators = {
        "gaussian": dinv.physics.BlurFFT(img_size=size, filter=gaussian),
        "correlation": dinv.physics.BlurFFT(img_size=size, filter=kernel),
        "bicubic": dinv.physics.Downsampling(
            img_size=size, filter="bicubic", factor=4, padding="reflect"
        ),
        "inpainting": dinv.physics.Inpainting(size, mask=mask[0]),
    }
    out = {"x": x, "z": z, "mask": mask, "kernel": kernel, "gaussian.filter": gaussian}
    for name, physics in operators.items():
        physics = physics.double()
        clean = physics.A(x)
        # Measurements that no picture explains exactly.
        y = clean + 0.1 * uniform(*clean.shape)
        if name == "inpainting":
            y = y * mask
        out[f"{name}.forward"], out[f"{name}.y"] = clean, y
        out[f"{name}.adjoint"] = physics.A_adjoint(y)
        for label, gamma in GAMMAS.items():
            if name == "bicubic":
                p = dense_prox(physics, z, y, gamma)
            else:
                p = physics.prox_l2(z, y, gamma)
                assert (p - dense_prox(physics, z, y, gamma)).abs().max() < 1e-5
            out[f"{name}.prox.{label}"] = p
    OUT.mkdir(parents=True, exist_ok=True)
    save_file({k: v.float().contiguous() for k, v in out.items()}, OUT / "deepinv.safetensors")
    print({k: tuple(v.shape) for k, v in out.items()})


main()
