"""The evaluation report: `report/report.json`, `report/README.md` and contact sheets, all numbers on held-out concepts.

What the restoration itself reaches is measured by the product's own solver (`latino compare`, `scripts/results.sh`).
"""

import random
from pathlib import Path

import torch
from diffusers import AutoencoderTiny, UNet2DConditionModel
from PIL import Image
from transformers import CLIPTextModel

from . import captions, common, corpus, tokenizer

STEPS = {1: [999], 4: [999, 759, 499, 259], 8: [999, 879, 759, 639, 499, 379, 259, 139]}
PROMPTS = [
    "a glossy 3d emoji of a red apple on a white background",
    "a drawing of a cat face on a blue background",
    "a flat icon of a rocket on a black background",
    "a glossy 3d emoji of a grinning face on a yellow background",
    "a glossy 3d emoji of a house on a green background",
    "a drawing of a butterfly on a white background",
    "a drawing of a fire on a white background",
    "a flat icon of a penguin on a teal background",
    "a glossy 3d emoji of a pizza on a white background",
    "a drawing of a sailboat on a pink background",
    "a drawing of a pear on a white background",
    "a glossy 3d emoji of a raccoon on a white background",
]


class Model:
    """A folder in diffusers layout, on the CPU in single precision."""

    def __init__(self, folder: Path, unet: Path | None = None):
        self.ae = AutoencoderTiny.from_pretrained(folder / "vae").float().eval()
        self.unet = UNet2DConditionModel.from_pretrained(unet or folder / "unet").float().eval()
        self.text = CLIPTextModel.from_pretrained(folder / "text_encoder").float().eval()
        self.tokens = tokenizer.CLIPTokenizer.from_pretrained(folder / "tokenizer")
        self.scale = self.ae.config.scaling_factor

    def context(self, prompts: list[str]) -> torch.Tensor:
        return self.text(tokenizer.ids(self.tokens, prompts)).last_hidden_state

    def clean(self, z: torch.Tensor, t: int, context: torch.Tensor) -> torch.Tensor:
        """One consistency step to the clean latent."""
        times = torch.full((len(z),), t)
        return common.clean_of(z, self.unet(z, times, context).sample, times)

    def sample(self, prompts: list[str], times: list[int], seed: int = 3) -> torch.Tensor:
        """Multistep consistency sampling: pictures `[B, 3, 128, 128]`."""
        rng = torch.Generator().manual_seed(seed)
        context = self.context(prompts)
        z = torch.randn(len(prompts), self.unet.config.in_channels, 16, 16, generator=rng)
        for i, t in enumerate(times):
            x = self.clean(z, t, context)
            if i + 1 < len(times):
                z = common.noised(x, torch.full((len(x),), times[i + 1]), torch.randn(z.shape, generator=rng))
        return self.decode(x)

    def decode(self, latent: torch.Tensor) -> torch.Tensor:
        return self.ae.decode(latent / self.scale).sample.clamp(-1, 1)

    def encode(self, picture: torch.Tensor) -> torch.Tensor:
        return self.scale * self.ae.encode(picture).latents


def sheet(rows: list[torch.Tensor], path: Path) -> None:
    """Rows of pictures as one PNG."""
    grid = torch.cat([torch.cat(list(row), 2) for row in rows], 1)
    Image.fromarray(((grid.clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()).save(path)


def gallery(work: Path, count: int = 32) -> None:
    """Writes `heldout/`: pictures of held-out concepts, one a concept, and `heldout.json`, the list for `latino compare`."""
    pictures, listing, concepts = corpus.load(work)
    _, held = common.split(listing)
    folder = work / "heldout"
    folder.mkdir(exist_ok=True)
    rng, entries = random.Random(1), {}
    rng.shuffle(held)
    for i in held:
        style, slug = listing[i]["style"], listing[i]["slug"]
        if style not in ("drawing", "3d") or slug in entries or len(entries) == count:
            continue
        x = common.composite(pictures[[i]], torch.ones(1, 3))
        sheet([x], folder / f"{slug}.png")
        entries[slug] = {"file": f"{slug}.png", "name": concepts[slug]["name"], "prompt": captions.plain(style, concepts[slug]["name"], "white")}
    common.write_json(folder / "heldout.json", list(entries.values()))


@torch.no_grad()
def report(work: Path) -> None:
    """Writes the report of `model/`."""
    out = work / "report"
    out.mkdir(exist_ok=True)
    torch.manual_seed(4)
    gallery(work)
    model = Model(work / "model")
    pictures, listing, concepts = corpus.load(work)
    _, held = common.split(listing)
    found: dict = {"held_out_pictures": len(held), "autoencoder": {}, "one_step": []}

    def white(chosen: list[int]) -> torch.Tensor:
        return common.composite(pictures[chosen], torch.ones(len(chosen), 3))

    per_style: dict[str, list[float]] = {}
    for i in held:
        x = white([i])
        per_style.setdefault(listing[i]["style"], []).append(common.psnr(model.ae.decode(model.ae.encode(x).latents).sample, x).item())
    everything = [p for values in per_style.values() for p in values]
    found["autoencoder"] = {"mean": sum(everything) / len(everything), **{s: sum(v) / len(v) for s, v in per_style.items()}}

    # How much of a noised latent one consistency step finds again, under the right, a wrong and no prompt.
    chosen = [i for i in held if listing[i]["style"] in ("drawing", "3d")][::2][:64]
    x = white(chosen)
    z = model.encode(x)
    right = [captions.plain(listing[i]["style"], concepts[listing[i]["slug"]]["name"], "white") for i in chosen]
    prompts = {"right": right, "wrong": right[7:] + right[:7], "other background": [p.replace("white", "green") for p in right], "none": [""] * len(right)}
    for t in (259, 499, 759, 879, 999):
        noise = torch.randn(z.shape, generator=torch.Generator().manual_seed(t))
        noisy = common.noised(z, torch.full((len(z),), t), noise)
        row = {"t": t}
        for name, texts in prompts.items():
            row[name] = common.psnr(model.decode(model.clean(noisy, t, model.context(texts))), x).mean().item()
        found["one_step"].append(row)
        print("one step from t =", t, {k: round(v, 2) for k, v in row.items() if k != "t"}, flush=True)

    sheet([model.sample(PROMPTS, times) for times in STEPS.values()], out / "samples.png")
    some = chosen[:12]
    sheet([white(some), model.decode(model.encode(white(some)))], out / "autoencoder.png")
    common.write_json(out / "report.json", found)
    lines = ["# Evaluation", "", f"{len(held)} pictures of held-out concepts; PSNR in dB.", "", "| autoencoder round trip | dB |", "|---|---|"]
    lines += [f"| {name} | {value:.2f} |" for name, value in found["autoencoder"].items()]
    lines += ["", f"One consistency step from a noised latent ({len(chosen)} pictures), decoded:", "", "| t | " + " | ".join(prompts) + " |", "|---|" + "---|" * len(prompts)]
    lines += ["| " + str(row["t"]) + " | " + " | ".join(f"{row[name]:.2f}" for name in prompts) + " |" for row in found["one_step"]]
    lines += ["", "`samples.png`: rows are 1, 4 and 8 steps of", "", *(f"- {p}" for p in PROMPTS), "", "`autoencoder.png`: held-out pictures and their round trips."]
    (out / "README.md").write_text("\n".join(lines) + "\n")
    print(f"autoencoder on held-out concepts: {found['autoencoder']['mean']:.2f} dB; report in {out}")
