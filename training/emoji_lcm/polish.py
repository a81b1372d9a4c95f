"""The decoder's last lesson: to decode what the student answers, not only what the encoder says.

The encoder stays as it is, so the latents' meaning does too. Half of a batch are the student's answers to noised iterates (`iterates.py`), whose errors no noise resembles, and
half are clean latents with a little noise; both are to become the picture.
"""

import copy
import math
from pathlib import Path

import torch
from diffusers import AutoencoderTiny, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from transformers import CLIPTextModel

from . import autoencoder, common, corpus, distil, muon
from .iterates import Iterates

BATCH, RATE = 16, 1e-3


def train(work: Path, minutes: float) -> None:
    """Trains the decoder for `minutes` in all and writes `polished/`, an autoencoder."""
    out = work / "polished"
    if out.exists():
        return
    torch.manual_seed(6)
    place = common.device()
    pictures, listing, _ = corpus.load(work)
    pictures = pictures[:]
    _, held = common.split(listing)
    pairs = Iterates(work)
    pairs.refresh()
    ae = AutoencoderTiny.from_pretrained(work / "autoencoder").to(place, memory_format=torch.channels_last)
    scale = ae.config.scaling_factor
    ae.encoder.requires_grad_(False)
    text = CLIPTextModel.from_pretrained(work / "teacher" / "text_encoder").eval().to(place)
    student = UNet2DConditionModel.from_pretrained(work / "student" / "unet").eval().to(place, memory_format=torch.channels_last)
    student.set_attn_processor(AttnProcessor())
    mean = copy.deepcopy(ae.decoder).eval()
    optimiser = muon.Muon(muon.groups(ae.decoder), RATE, weight_decay=0)
    clock, step, running = common.Clock(work, "polish", minutes), 0, 0.0
    state = clock.resume()
    if state:
        ae.decoder.load_state_dict(state["decoder"])
        mean.load_state_dict(state["mean"])
        optimiser.load_state_dict(state["optimiser"])
        step = state["step"]
        torch.manual_seed(step)
    while (f := clock.fraction()) < 1:
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1, (step + 1) / 50) * (0.5 + 0.5 * math.cos(math.pi * f) + 0.003)
        chosen = torch.randint(len(pairs.pairs["ids"]), (BATCH,))
        starts, clean, ids = pairs.of(chosen)
        x = pairs.shown(chosen, pictures).to(place, memory_format=torch.channels_last)
        half = BATCH // 2
        # Half of them at the last timestep of all lists, where the recommended settings start.
        t = torch.where(torch.rand(half) < 0.5, distil.SKIP - 1, distil.timesteps(half))
        with torch.autocast(place.type, torch.bfloat16):
            with torch.no_grad():
                z = common.noised(starts[:half], t, torch.randn(starts[:half].shape)).to(memory_format=torch.channels_last)
                v = student(z.to(place), t.to(place), text(ids[:half].to(place)).last_hidden_state, return_dict=False)[0].float().cpu()
                answers = common.clean_of(z, v, t)
                latents = torch.cat([answers, clean[half:] + 0.05 * torch.rand(half, 1, 1, 1) * torch.randn(clean[half:].shape)]).to(place)
            y = ae.decode((latents / scale).to(memory_format=torch.channels_last)).sample.float()
        error = autoencoder.loss(y, x, latents)
        optimiser.zero_grad()
        error.backward()
        torch.nn.utils.clip_grad_norm_(ae.decoder.parameters(), 1.0)
        optimiser.step()
        step += 1
        common.average(mean, ae.decoder, step, 0.99)
        running = error.item() if step == 1 else 0.98 * running + 0.02 * error.item()
        if step % 50 == 0:
            clock.say(f"polish: step {step}, {clock.seconds() / 60:.1f} min, loss {running:.4f}")
        if clock.due():
            clock.save(decoder=ae.decoder.state_dict(), mean=mean.state_dict(), optimiser=optimiser.state_dict(), step=step)
    before, _, _, _ = autoencoder.evaluate(AutoencoderTiny.from_pretrained(work / "autoencoder").eval().to(place), pictures, held)
    ae.decoder.load_state_dict(mean.state_dict())
    after, _, _, _ = autoencoder.evaluate(ae, pictures, held)
    ae.to("cpu", memory_format=torch.contiguous_format).save_pretrained(out)
    clock.say(f"polish: {step} steps, loss {running:.4f}, held-out PSNR of round trips {before:.2f} before, {after:.2f} dB after")

