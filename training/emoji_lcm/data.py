"""Batches of latents with captions."""

import random
from pathlib import Path

import torch

from . import captions, corpus, tokenizer


class Batches:
    """Random latents for training with captions drawn anew each time."""

    def __init__(self, work: Path, seed: int):
        kept = torch.load(work / "latents.pt", weights_only=True)
        self.latents, self.origin, self.colours = kept["latents"], kept["origin"], kept["colours"]
        _, self.listing, self.concepts = corpus.load(work)
        self.tokens = tokenizer.load(work)
        self.cache: dict[str, list[int]] = {}
        self.rng = random.Random(seed)
        # A concept that is drawn in three near-identical ways is not seen three times as often: pictures are chosen by concept.
        self.by_concept: dict[str, list[int]] = {}
        for k, i in enumerate(self.origin):
            self.by_concept.setdefault(self.listing[i]["slug"], []).append(k)
        self.slugs = sorted(self.by_concept)

    def tokenised(self, text: str) -> list[int]:
        """Ids of a caption, remembered."""
        if text not in self.cache:
            self.cache[text] = tokenizer.ids(self.tokens, [text])[0].tolist()
        return self.cache[text]

    def draw(self, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Latents `[B, C, 16, 16]` and token ids `[B, 24]`."""
        chosen, rows = [], []
        for _ in range(size):
            slug = self.rng.choice(self.slugs)
            k = self.rng.choice(self.by_concept[slug])
            chosen.append(k)
            style = self.listing[self.origin[k]]["style"]
            rows.append(self.tokenised(captions.drawn(style, self.concepts[slug], self.colours[k], self.rng)))
        return self.latents[chosen].float(), torch.tensor(rows)
