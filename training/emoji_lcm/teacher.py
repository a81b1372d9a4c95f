"""The teacher: a latent diffusion UNet with v-prediction, and the text encoder trained with it."""

import copy
import math
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from transformers import CLIPTextModel

from . import common, muon
from .data import Batches
from .iterates import Iterates
from .peers import Peers
from .sizes import Sizes

BATCH, RATE, TEXT_RATE = 48, 1e-3, 2e-4
# Iterates in a batch, and the timesteps that they are used at, the lower ones more often.
ITERATES, ITERATES_LOWEST, ITERATES_HIGHEST = 12, 9, 800


def unet(sizes: Sizes) -> UNet2DConditionModel:
    """Untrained; `attention_head_dim` is the number of heads (diffusers' naming)."""
    down = {False: "DownBlock2D", True: "CrossAttnDownBlock2D"}
    up = {False: "UpBlock2D", True: "CrossAttnUpBlock2D"}
    return UNet2DConditionModel(
        sample_size=16,
        in_channels=sizes.latent_channels,
        out_channels=sizes.latent_channels,
        layers_per_block=1,
        block_out_channels=sizes.unet_channels,
        down_block_types=tuple(down[a] for a in sizes.unet_attention),
        up_block_types=tuple(up[a] for a in sizes.unet_attention[::-1]),
        cross_attention_dim=sizes.text_width,
        attention_head_dim=sizes.heads,
        norm_num_groups=sizes.groups,
    )


def weight(t: torch.Tensor, most: float = 6.0) -> torch.Tensor:
    """Weight of a v-prediction's squared error, in (0, 1].

    That error is (SNR + 1) times the clean latent's; here the factor is cut at `most`, so that nearly clean latents, of which a
    restoration asks nothing, do not take the training over. Minimum-SNR weights (Hang et al., 2023) also fade the noisiest timesteps
    out, where a few-step sampler and the prompt decide nearly everything: those keep their full weight.
    """
    snr = common.ALPHA_BAR / (1 - common.ALPHA_BAR)
    return ((snr + 1).clamp(max=most) / (snr + 1))[t]


def train(work: Path, minutes: float, sizes: Sizes, peers: Peers) -> None:
    """Trains for `minutes` in all and writes `teacher/unet` and `teacher/text_encoder` (averaged weights)."""
    out = work / "teacher"
    if out.exists():
        return
    torch.manual_seed(1 + peers.rank)
    place = common.device()
    data, pairs = Batches(work, 11 + 1000 * peers.rank), Iterates(work)
    text = CLIPTextModel.from_pretrained(work / "text_encoder_start").to(place)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        start = work / "unet_start"
        net = UNet2DConditionModel.from_pretrained(start) if start.exists() else unet(sizes)
        net = net.to(place, memory_format=torch.channels_last).train()
    net.set_attn_processor(AttnProcessor())  # faster than the fused one at such small sizes
    mean_net, mean_text = copy.deepcopy(net).eval(), copy.deepcopy(text).eval()
    optimiser = muon.Muon([*muon.groups(net, rate=RATE), *muon.groups(text, rate=TEXT_RATE)], RATE)
    clock, step, running = common.Clock(work, "teacher", minutes, peers.first), 0, 0.0
    state = clock.resume()
    if state:
        for module, name in ((net, "net"), (text, "text"), (mean_net, "mean_net"), (mean_text, "mean_text")):
            module.load_state_dict(state[name])
        optimiser.load_state_dict(state["optimiser"])
        step, running = state["step"], state["running"]
        data.rng.seed(step + 10**6 * peers.rank)
        torch.manual_seed(step + 10**6 * peers.rank)
    else:
        clock.say(f"teacher: UNet {sum(p.numel() for p in net.parameters()) / 1e6:.1f} M, text encoder {sum(p.numel() for p in text.parameters()) / 1e6:.1f} M")
    first = step
    weights = [*net.parameters(), *text.parameters()]
    while (f := peers.agree(clock.fraction())) < 1:
        for group in optimiser.param_groups:
            group["lr"] = group["rate"] * min(1, step / 200) * (0.5 + 0.5 * math.cos(math.pi * f) + 0.01)
        if step % 100 == 0:
            pairs.refresh()
        # Latents, and LATINO's iterates with the clean latents that they come from.
        late = ITERATES if pairs.pairs else 0
        x, ids = data.draw(BATCH - late)
        t, seen = torch.randint(0, 1000, (BATCH,)), x
        if late:
            starts, clean, said = pairs.draw(late)
            seen, x, ids = torch.cat([x, starts]), torch.cat([x, clean]), torch.cat([ids, said])
            t[BATCH - late :] = ITERATES_LOWEST + ((ITERATES_HIGHEST - ITERATES_LOWEST) * torch.rand(late) ** 2).long()
        seen, x, ids = seen.to(place), x.to(place), ids.to(place)
        noise = torch.randn_like(x)
        a = common.per_sample(common.ALPHA_BAR[t]).to(place)
        z = a.sqrt() * seen + (1 - a).sqrt() * noise
        # The v whose clean latent is x; for seen = x the usual sqrt(alpha_bar) noise - sqrt(1 - alpha_bar) x.
        v = (a.sqrt() * z - x) / (1 - a).sqrt()
        with torch.autocast(place.type, torch.bfloat16):
            context = text(ids).last_hidden_state
            guess = net(z.to(memory_format=torch.channels_last), t.to(place), context, return_dict=False)[0].float()
        error = (((guess - v) ** 2).mean((1, 2, 3)) * weight(t).to(place)).mean()
        optimiser.zero_grad()
        error.backward()
        peers.average_gradients(weights)
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        step += 1
        common.average(mean_net, net, step)
        common.average(mean_text, text, step)
        running = error.item() if step == 1 else 0.99 * running + 0.01 * error.item()
        if step % 250 == 0:
            rate = (step - first) * BATCH * peers.count / max(1e-9, clock.seconds() - clock.before)
            clock.say(f"teacher: step {step}, {clock.seconds() / 60:.1f} min, {rate:.0f} latents/s, loss {running:.4f}")
        if clock.due():
            clock.save(net=net.state_dict(), text=text.state_dict(), mean_net=mean_net.state_dict(), mean_text=mean_text.state_dict(), optimiser=optimiser.state_dict(), step=step, running=running)
    if not peers.first:
        return
    mean_net.to("cpu", memory_format=torch.contiguous_format).save_pretrained(out / "unet")
    mean_text.cpu().save_pretrained(out / "text_encoder")
    clock.say(f"teacher: {step} steps, loss {running:.4f}")
