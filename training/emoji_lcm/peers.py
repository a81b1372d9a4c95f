"""Several processes train one model: each on a batch of its own, with averaged gradients.

On a CPU, two processes with one thread each are much faster than one with two: small layers do not wait for each other.
"""

import os
import tempfile
from collections.abc import Callable

import torch
import torch.distributed as dist


class Peers:
    """This process among `count`; the first one logs and saves."""

    def __init__(self, rank: int = 0, count: int = 1):
        self.rank, self.count = rank, count

    @property
    def first(self) -> bool:
        return self.rank == 0

    def average_gradients(self, parameters: list[torch.nn.Parameter]) -> None:
        """Replaces every gradient by the mean over the processes."""
        if self.count == 1:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        flat = torch.cat([g.flatten() for g in gradients]).bfloat16()
        dist.all_reduce(flat)
        flat = flat.float() / self.count
        first = 0
        for g in gradients:
            g.copy_(flat[first : first + g.numel()].view_as(g))
            first += g.numel()

    def agree(self, value: float) -> float:
        """The first process's value, everywhere."""
        if self.count == 1:
            return value
        shared = torch.tensor([value], dtype=torch.float64)
        dist.broadcast(shared, 0)
        return shared.item()


def _start(rank: int, count: int, file: str, work: Callable, arguments: tuple) -> None:
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // count))
    dist.init_process_group("gloo", init_method=f"file://{file}", rank=rank, world_size=count)
    work(*arguments, Peers(rank, count))
    dist.destroy_process_group()


def run(count: int, work: Callable, *arguments) -> None:
    """Calls `work(*arguments, peers)` in `count` processes, or in this one."""
    if count <= 1 or torch.cuda.is_available():
        work(*arguments, Peers())
        return
    with tempfile.TemporaryDirectory() as folder:
        torch.multiprocessing.spawn(_start, (count, f"{folder}/rendezvous", work, arguments), count)
