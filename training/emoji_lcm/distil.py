"""Latent consistency distillation (Luo et al., 2023): the student jumps to the end of the guided teacher's trajectory.

One DDIM step of the teacher over 20 timesteps with classifier-free guidance, an averaged student as target, and the pseudo-Huber
distance of predicted clean latents. The guidance scale is distilled in: the student runs without guidance. A share of each
batch are LATINO's own iterates (`iterates.py`), answered with the clean latent in the least squares sense of the picture (`metric.py`).
"""

import copy
import math
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from transformers import CLIPTextModel

from . import common, metric, muon, tokenizer
from .data import Batches
from .iterates import Iterates
from .peers import Peers

BATCH, RATE, SKIP = 24, 5e-4, 20
# Iterates in a batch besides, their weight, and the highest timestep (in steps of SKIP) that they are noised to.
ITERATES, ITERATES_WEIGHT, ITERATES_HIGHEST = 24, 2.0, 25
GUIDANCE = 2.0
HUBER = 1e-3
SIGMA_DATA, TIMESTEP_SCALING = 0.5, 10.0


def boundary(t: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """c_skip and c_out of latent consistency models, `[B, 1, 1, 1]` each: the identity at t = 0."""
    tau = TIMESTEP_SCALING * t.float()
    return (
        common.per_sample(SIGMA_DATA**2 / (tau**2 + SIGMA_DATA**2)),
        common.per_sample(tau / (tau**2 + SIGMA_DATA**2).sqrt()),
    )


def timesteps(count: int) -> torch.Tensor:
    """Timesteps for iterates; the early, nearly clean ones are where a restoration starts, so the square prefers them."""
    return (1 + (ITERATES_HIGHEST * torch.rand(count) ** 2).long()) * SKIP - 1


def train(work: Path, minutes: float, peers: Peers) -> None:
    """Distils for `minutes` in all and writes `student/unet` (averaged weights)."""
    out = work / "student"
    if out.exists():
        return
    torch.manual_seed(2 + peers.rank)
    place = common.device()
    data = Batches(work, 12 + 1000 * peers.rank)
    pairs = Iterates(work)
    pairs.refresh()
    text = CLIPTextModel.from_pretrained(work / "teacher" / "text_encoder").eval().to(place)
    teacher = UNet2DConditionModel.from_pretrained(work / "teacher" / "unet").eval().to(place, memory_format=torch.channels_last)
    teacher.set_attn_processor(AttnProcessor())
    student, target, mean = copy.deepcopy(teacher).train(), copy.deepcopy(teacher), copy.deepcopy(teacher)
    for module in (text, teacher, target, mean):
        module.requires_grad_(False)
    optimiser = muon.Muon(muon.groups(student), RATE, weight_decay=0)
    clock, step, running = common.Clock(work, "distil", minutes, peers.first), 0, 0.0
    state = clock.resume()
    if state:
        for module, name in ((student, "student"), (target, "target"), (mean, "mean")):
            module.load_state_dict(state[name])
        optimiser.load_state_dict(state["optimiser"])
        step, running = state["step"], state["running"]
        data.rng.seed(step + 10**6 * peers.rank)
        torch.manual_seed(step + 10**6 * peers.rank)
    shown = metric.root(work, data.latents[torch.randperm(len(data.latents), generator=torch.Generator().manual_seed(4))[:64]])
    with torch.no_grad():
        empty = text(tokenizer.ids(data.tokens, [""]).to(place)).last_hidden_state
    weights, first = list(student.parameters()), step
    while (f := peers.agree(clock.fraction())) < 1:
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1, step / 100) * (0.5 + 0.5 * math.cos(math.pi * f) + 0.01)
        x, ids = data.draw(BATCH)
        x, ids = x.to(place, memory_format=torch.channels_last), ids.to(place)
        t = torch.randint(1, 1000 // SKIP + 1, (BATCH,)) * SKIP - 1
        s = (t - SKIP).clamp(min=0)
        z = common.noised(x.cpu(), t, torch.randn(x.shape)).to(place, memory_format=torch.channels_last)
        with torch.autocast(place.type, torch.bfloat16):
            with torch.no_grad():
                context = text(ids).last_hidden_state.float()
                both = torch.cat([context, empty.expand(BATCH, -1, -1)])
                with_text, without = teacher(torch.cat([z, z]), torch.cat([t, t]).to(place), both, return_dict=False)[0].float().chunk(2)
                v = without + GUIDANCE * (with_text - without)
                clean, noise = common.clean_of(z.cpu(), v.cpu(), t), common.noise_of(z.cpu(), v.cpu(), t)
                before = common.noised(clean, s, noise).to(place, memory_format=torch.channels_last)
                end = common.clean_of(before.cpu(), target(before, s.to(place), context, return_dict=False)[0].float().cpu(), s)
                skip, scale = boundary(s)
                end = skip * before.cpu() + scale * end
                late = timesteps(ITERATES)
                start, answer, said = pairs.draw(ITERATES)
                start = common.noised(start, late, torch.randn(start.shape)).to(place, memory_format=torch.channels_last)
                said = text(said.to(place)).last_hidden_state.float()
            z, t, context = torch.cat([z, start]), torch.cat([t, late]), torch.cat([context, said])
            guess = student(z, t.to(place), context, return_dict=False)[0].float()
        guess = common.clean_of(z.cpu(), guess.cpu(), t)
        error = (((guess[:BATCH] - end) ** 2 + HUBER**2).sqrt() - HUBER).mean()
        restored = (torch.einsum("dc,bchw->bdhw", shown, guess[BATCH:] - answer) ** 2).mean()
        error = error + ITERATES_WEIGHT * restored
        optimiser.zero_grad()
        error.backward()
        peers.average_gradients(weights)
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        step += 1
        common.average(target, student, step, 0.95)
        common.average(mean, student, step, 0.998)
        running = error.item() if step == 1 else 0.99 * running + 0.01 * error.item()
        if step % 100 == 0:
            rate = (step - first) * BATCH * peers.count / max(1e-9, clock.seconds() - clock.before)
            clock.say(f"distil: step {step}, {clock.seconds() / 60:.1f} min, {rate:.0f} latents/s, loss {running:.4f}")
        if clock.due():
            clock.save(student=student.state_dict(), target=target.state_dict(), mean=mean.state_dict(), optimiser=optimiser.state_dict(), step=step, running=running)
    if not peers.first:
        return
    mean.to("cpu", memory_format=torch.contiguous_format).save_pretrained(out / "unet")
    clock.say(f"distil: {step} steps, loss {running:.4f}")
