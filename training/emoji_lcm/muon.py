"""Muon (Jordan et al., 2024): momentum whose matrices are orthogonalised by Newton-Schulz iterations; AdamW for the rest.

A convolution's kernel counts as the matrix `[out, in * k * k]`.
"""

import torch


def orthogonalised(matrix: torch.Tensor, iterations: int = 5) -> torch.Tensor:
    """The nearest (semi-)orthogonal matrix, roughly: the published quintic iteration, in bfloat16."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = matrix.bfloat16()
    wide = x.shape[0] <= x.shape[1]
    if not wide:
        x = x.T
    x = x / (x.norm() + 1e-7)
    for _ in range(iterations):
        s = x @ x.T
        x = a * x + (b * s + c * s @ s) @ x
    return x if wide else x.T


class Muon(torch.optim.Optimizer):
    """`groups` as for AdamW; a group with `muon=True` holds weights of two or more dimensions. `lr` is AdamW's; Muon's steps are
    scaled to its size (0.2 sqrt(max(out, in)), Liu et al., 2025), so that one rate and one weight decay serve both.
    """

    def __init__(self, groups, lr: float, betas=(0.9, 0.99), momentum: float = 0.95, weight_decay: float = 1e-2):
        super().__init__(groups, {"lr": lr, "betas": betas, "momentum": momentum, "weight_decay": weight_decay, "muon": False})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            (self.matrices if group["muon"] else self.adam)(group)

    def matrices(self, group) -> None:
        for p in group["params"]:
            if p.grad is None:
                continue
            state = self.state[p]
            kept = state.setdefault("momentum", torch.zeros_like(p))
            kept.lerp_(p.grad, 1 - group["momentum"])
            update = p.grad.lerp(kept, group["momentum"])
            rows = update.reshape(len(update), -1)
            size = 0.2 * max(rows.shape) ** 0.5
            p.mul_(1 - group["lr"] * group["weight_decay"])
            p.add_(orthogonalised(rows).to(p.dtype).reshape(p.shape), alpha=-group["lr"] * size)

    def adam(self, group) -> None:
        first, second = group["betas"]
        for p in group["params"]:
            if p.grad is None:
                continue
            state = self.state[p]
            if not state:
                state.update(step=torch.zeros(()), mean=torch.zeros_like(p), square=torch.zeros_like(p))
            state["step"] += 1
            state["mean"].lerp_(p.grad, 1 - first)
            state["square"].mul_(second).addcmul_(p.grad, p.grad, value=1 - second)
            n = state["step"].item()
            scale = (state["square"] / (1 - second**n)).sqrt_().add_(1e-8)
            p.mul_(1 - group["lr"] * group["weight_decay"])
            p.addcdiv_(state["mean"], scale, value=-group["lr"] / (1 - first**n))


def groups(*modules: torch.nn.Module, skip: tuple[str, ...] = (), **options) -> list[dict]:
    """Parameter groups of the modules: hidden matrices for Muon; vectors, embeddings and what is named in `skip` for AdamW."""
    matrices, rest = [], []
    for module in modules:
        for name, p in module.named_parameters():
            hidden = p.ndim >= 2 and min(p.shape[0], p[0].numel()) > 16 and "embedding" not in name and not any(s in name for s in skip)
            (matrices if hidden else rest).append(p)
    return [{"params": matrices, "muon": True, **options}, {"params": rest, "muon": False, **options}]
