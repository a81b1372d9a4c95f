"""A byte-pair vocabulary in CLIP's format (`vocab.json`, `merges.txt`), learned from names, keywords and captions."""

import json
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import CLIPTokenizer

from . import captions, common, corpus

LENGTH = 24
START, END = "<|startoftext|>", "<|endoftext|>"
# CLIP's way to cut a text into words.
WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def byte_letters() -> list[str]:
    """The visible letter that stands for each byte, in CLIP's order."""
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = [chr(b) for b in visible]
    return letters + [chr(256 + n) for n in range(256 - len(visible))]


def texts(concepts: dict, held: set[str]) -> list[str]:
    """Names, keywords and caption words of the concepts for training."""
    found = []
    for slug, concept in concepts.items():
        if slug not in held:
            found += [concept["name"]] * 6 + concept["keywords"] * 2
    openings = [o for s in captions.STYLES.values() for o in s] + captions.ANY_STYLE
    return found + [" ".join(openings) + " on a background " + " ".join(common.COLOURS)] * 200


def build(work: Path, entries: int) -> None:
    """Writes `tokenizer/`."""
    out = work / "tokenizer"
    if out.exists():
        return
    _, _, concepts = corpus.load(work)
    learner = Tokenizer(models.BPE(end_of_word_suffix="</w>", continuing_subword_prefix="", unk_token=END))
    learner.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    learner.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(WORDS), behavior="removed", invert=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    letters = byte_letters()
    trainer = trainers.BpeTrainer(vocab_size=entries, special_tokens=[], end_of_word_suffix="</w>", initial_alphabet=letters)
    learner.train_from_iterator(texts(concepts, corpus.heldout()), trainer)
    learned = json.loads(learner.to_str())["model"]["merges"]
    vocabulary = letters + [letter + "</w>" for letter in letters]
    known, merges = set(vocabulary), []
    for pair in learned:
        left, right = pair if isinstance(pair, list) else pair.split(" ")
        if left + right not in known and len(vocabulary) < entries - 2:
            known.add(left + right)
            vocabulary.append(left + right)
            merges.append((left, right))
    vocabulary += [START, END]
    out.mkdir()
    (out / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate(vocabulary)}, ensure_ascii=False))
    (out / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))
    common.write_json(
        out / "tokenizer_config.json",
        {"tokenizer_class": "CLIPTokenizer", "model_max_length": LENGTH, "bos_token": START, "eos_token": END, "unk_token": END, "pad_token": END},
    )
    print(f"tokenizer: {len(vocabulary)} entries, {len(merges)} merges")


def ids(tokenizer: CLIPTokenizer, captions_: list[str]):
    """Token ids `[B, 24]`, padded with the end token."""
    return tokenizer(captions_, padding="max_length", max_length=LENGTH, truncation=True, return_tensors="pt").input_ids


def load(work: Path) -> CLIPTokenizer:
    return CLIPTokenizer.from_pretrained(work / "tokenizer")
