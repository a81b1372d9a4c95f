"""Captions: what a picture shows, in the words that visitors of the page are offered."""

import random

STYLES = {
    "drawing": ["a drawing of", "a cartoon of", "a hand drawn emoji of"],
    "flat": ["a flat icon of", "a flat emoji of"],
    "glossy": ["a glossy emoji of", "a shaded emoji of"],
    "3d": ["a glossy 3d emoji of", "a 3d picture of"],
}
ANY_STYLE = ["a picture of", "an emoji of", "a sharp picture of"]


def article(name: str) -> str:
    """The name with "a" or "an", where it reads as a countable thing."""
    if name.split()[0] in {"the", "a", "an"} or name.split()[-1].endswith("s") or name.split()[-1].endswith("ing"):
        return name
    return ("an " if name[0] in "aeiou" else "a ") + name


def plain(style: str, name: str, background: str) -> str:
    """The caption without chance: style, name, background."""
    return f"{STYLES[style][0]} {article(name)} on a {background} background"


def drawn(style: str, concept: dict, background: str, rng: random.Random) -> str:
    """A caption for training: mostly plain, sometimes with keywords, without style or background, or empty (10 %)."""
    if rng.random() < 0.1:
        return ""
    name, keywords = concept["name"], concept["keywords"]
    if keywords and rng.random() < 0.12:
        name = rng.choice(keywords)
    opening = STYLES[style][0] if rng.random() < 0.6 else rng.choice(STYLES[style])
    if rng.random() < 0.15:
        opening = rng.choice(ANY_STYLE)
    text = f"{opening} {article(name) if rng.random() < 0.85 else name}"
    if keywords and rng.random() < 0.25:
        text += ", " + ", ".join(rng.sample(keywords, min(len(keywords), rng.randint(1, 2))))
    if rng.random() < 0.8:
        text += f" on a {background} background"
    return text
