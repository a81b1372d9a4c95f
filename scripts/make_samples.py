#!/usr/bin/env python3
"""Make the gallery's sample pictures from emoji that the shipped model never saw.

    npm pack @iconify-json/noto@1.2.9 @lobehub/fluent-emoji-3d@1.1.0
    pip install resvg-py==0.5.0 pillow
    python scripts/make_samples.py --packages DIR_WITH_THE_TGZ_FILES [--heldout heldout.txt]

Every concept must be in the model's `heldout.txt` (checked when given). The pictures are
placed as in training: the longer side 112 pixels, centred in 128x128, on white.
"""

import argparse
import io
import json
import tarfile
from pathlib import Path

import resvg_py
from PIL import Image

SIDE, DRAWN = 128, 112
NOTO = ("iconify-json-noto-1.2.9.tgz", "Noto Emoji by Google", "Apache-2.0")
FLUENT = ("lobehub-fluent-emoji-3d-1.1.0.tgz", "Fluent Emoji by Microsoft", "MIT")
# (slug in heldout.txt, code point of the 3D picture or None for Noto, name)
SAMPLES = [
    ("pear", None, "pear"),
    ("money-mouth-face", "1f911", "money-mouth face"),
    ("rooster", None, "rooster"),
    ("purple-heart", "1f49c", "purple heart"),
    ("castle", None, "castle"),
    ("cactus", "1f335", "cactus"),
    ("locomotive", None, "locomotive"),
    ("raccoon", "1f99d", "raccoon"),
]
# Held out as well, for choosing settings: results are reported on SAMPLES only.
VALIDATION = [
    ("garlic", None, "garlic"),
    ("alien", "1f47d", "alien"),
    ("fallen-leaf", None, "fallen leaf"),
    ("volleyball", "1f3d0", "volleyball"),
    ("skunk", None, "skunk"),
    ("ring", "1f48d", "ring"),
    ("passenger-ship", None, "passenger ship"),
    ("skull", "1f480", "skull"),
]


def member(package: Path, suffix: str) -> bytes:
    """The bytes of the first file in an npm package whose path ends in `suffix`."""
    with tarfile.open(package) as archive:
        for entry in archive:
            if entry.name.endswith(suffix):
                file = archive.extractfile(entry)
                if file is not None:
                    return file.read()
    raise SystemExit(f"{package}: no file ends in {suffix}")


def noto(icons: dict, slug: str) -> Image.Image:
    """A Noto drawing, rendered at 256 pixels."""
    icon = icons["icons"][slug]
    width = icon.get("width", icons.get("width", 16))
    height = icon.get("height", icons.get("height", 16))
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{icon.get("left", 0)} {icon.get("top", 0)} {width} {height}" '
        f'width="256" height="256">{icon["body"]}</svg>'
    )
    return Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg))))


def placed(picture: Image.Image) -> Image.Image:
    """Scaled, centred, on white."""
    picture = picture.convert("RGBA")
    scale = DRAWN / max(picture.size)
    size = tuple(max(1, round(side * scale)) for side in picture.size)
    picture = picture.resize(size, Image.Resampling.LANCZOS)
    canvas = Image.new("RGBA", (SIDE, SIDE), (255, 255, 255, 255))
    canvas.alpha_composite(picture, ((SIDE - size[0]) // 2, (SIDE - size[1]) // 2))
    return canvas.convert("RGB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", type=Path, required=True)
    parser.add_argument("--heldout", type=Path)
    parser.add_argument("--out", type=Path, default=Path("public/samples"))
    parser.add_argument("--validation", action="store_true", help="the other eight, for choosing settings; give --out")
    args = parser.parse_args()
    samples = VALIDATION if args.validation else SAMPLES

    if args.heldout:
        heldout = set(args.heldout.read_text().split())
        seen = [slug for slug, _, _ in samples if slug not in heldout]
        if seen:
            raise SystemExit(f"not held out from training: {', '.join(seen)}")

    icons = json.loads(member(args.packages / NOTO[0], "/icons.json"))
    args.out.mkdir(parents=True, exist_ok=True)
    listing = []
    for slug, code, name in samples:
        if code is None:
            picture, style, (_, source, licence) = noto(icons, slug), "a drawing of", NOTO
        else:
            data = member(args.packages / FLUENT[0], f"/{code}.webp")
            picture, style, (_, source, licence) = Image.open(io.BytesIO(data)), "a glossy 3d emoji of", FLUENT
        file = f"{slug}.png"
        placed(picture).save(args.out / file, optimize=True)
        listing.append(
            {
                "file": file,
                "name": name,
                "prompt": f"{style} a {name} on a white background",
                "source": source,
                "licence": licence,
            }
        )
    (args.out / "samples.json").write_text(json.dumps(listing, indent=1) + "\n")


if __name__ == "__main__":
    main()
