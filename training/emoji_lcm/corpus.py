"""The corpus: emoji pictures of four drawing styles with names and keywords, all MIT or Apache-2.0.

`build` fetches the packages with `npm pack`, renders every picture to 128 x 128 RGBA (the longer side 112 pixels,
centred) and writes `pictures.npy` (uint8, `[N, 128, 128, 4]`) and `corpus.json` into the work folder.
"""

import io
import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import numpy as np
from PIL import Image

SIDE, DRAWN = 128, 112

# (npm package, version, licence, what it gives)
SOURCES = [
    ("@iconify-json/noto", "1.2.9", "Apache-2.0", "style 'drawing': Noto Emoji by Google"),
    ("@iconify-json/fluent-emoji", "1.2.7", "MIT", "style 'glossy': Fluent Emoji by Microsoft, shaded SVG"),
    ("@iconify-json/fluent-emoji-flat", "1.2.6", "MIT", "style 'flat': Fluent Emoji by Microsoft, flat SVG"),
    ("@lobehub/fluent-emoji-3d", "1.1.0", "MIT", "style '3d': Fluent Emoji by Microsoft, 3D renderings"),
    ("unicode-emoji-json", "0.9.0", "MIT", "names and groups"),
    ("emojilib", "4.0.3", "MIT", "keywords"),
]
VECTOR_STYLES = {"drawing": 0, "glossy": 1, "flat": 2}
HELDOUT = Path(__file__).parent.parent / "heldout.txt"


def archive(work: Path, source: int) -> Path:
    """The package's archive in the work folder, as `npm pack` names it."""
    name, version, _, _ = SOURCES[source]
    return work / "packages" / f"{name.lstrip('@').replace('/', '-')}-{version}.tgz"


def fetch(work: Path) -> None:
    """Fetches the packages that are not there yet."""
    missing = [s for i, s in enumerate(SOURCES) if not archive(work, i).exists()]
    if not missing:
        return
    if shutil.which("npm") is None:
        raise SystemExit(f"npm is needed to fetch the corpus; or put the archives of {[f'{n}@{v}' for n, v, _, _ in missing]} into {work / 'packages'}")
    (work / "packages").mkdir(parents=True, exist_ok=True)
    subprocess.run(["npm", "pack", "--silent", *(f"{n}@{v}" for n, v, _, _ in missing)], cwd=work / "packages", check=True)


def member(path: Path, suffix: str) -> bytes:
    """The first file of an archive whose path ends in `suffix`."""
    with tarfile.open(path) as tar:
        for entry in tar:
            if entry.name.endswith(suffix):
                return tar.extractfile(entry).read()
    raise SystemExit(f"{path}: no file ends in {suffix}")


def placed(picture: Image.Image) -> np.ndarray:
    """The picture scaled and centred on a transparent square."""
    picture = picture.convert("RGBA")
    scale = DRAWN / max(picture.size)
    size = tuple(max(1, round(side * scale)) for side in picture.size)
    picture = picture.resize(size, Image.Resampling.LANCZOS)
    canvas = Image.new("RGBA", (SIDE, SIDE), (0, 0, 0, 0))
    canvas.paste(picture, ((SIDE - size[0]) // 2, (SIDE - size[1]) // 2))
    return np.asarray(canvas)


def svg(icons: dict, name: str) -> bytes | None:
    """An icon of an Iconify set as PNG, 256 pixels high; None when the set lacks it or it cannot be rendered."""
    import resvg_py

    icon = icons["icons"].get(name)
    if icon is None:
        return None
    width = icon.get("width", icons.get("width", 16))
    height = icon.get("height", icons.get("height", 16))
    text = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{icon.get("left", 0)} {icon.get("top", 0)} {width} {height}" width="256" height="256">{icon["body"]}</svg>'
    )
    try:
        return bytes(resvg_py.svg_to_bytes(svg_string=text))
    except Exception as error:  # a few icons use features the renderer lacks
        print(f"left out: {name}: {error}")
        return None


def concepts(work: Path) -> dict:
    """Slug to {name, group, keywords, code}; flags are left out."""
    table = json.loads(member(archive(work, 4), "/data-by-emoji.json"))
    keywords = json.loads(member(archive(work, 5), "/emoji-en-US.json"))
    found = {}
    for emoji, entry in table.items():
        if entry["group"] == "Flags":
            continue
        words = [k.replace("_", " ").lower() for k in keywords.get(emoji, []) if k]
        found[entry["slug"].replace("_", "-")] = {
            "name": entry["name"].lower(),
            "group": entry["group"],
            "keywords": words,
            "code": "-".join(f"{ord(c):x}" for c in emoji),
        }
    return found


def build(work: Path, quick: bool) -> None:
    """Fetches and renders; `quick` keeps every tenth concept and the held-out ones."""
    if (work / "pictures.npy").exists():
        return
    fetch(work)
    known = concepts(work)
    held = heldout()
    if quick:
        known = {s: c for i, (s, c) in enumerate(sorted(known.items())) if i % 10 == 0 or s in held}
    pictures, listing = [], []
    for style, source in VECTOR_STYLES.items():
        icons = json.loads(member(archive(work, source), "/icons.json"))
        for slug in known:
            data = svg(icons, slug)
            if data is not None:
                pictures.append(placed(Image.open(io.BytesIO(data))))
                listing.append({"style": style, "slug": slug})
    with tarfile.open(archive(work, 3)) as tar:
        files = {Path(m.name).stem.lower(): m for m in tar.getmembers() if m.name.endswith(".webp")}
        for slug, concept in known.items():
            code = concept["code"]
            entry = files.get(code) or files.get("-".join(p for p in code.split("-") if p != "fe0f"))
            if entry is not None:
                pictures.append(placed(Image.open(io.BytesIO(tar.extractfile(entry).read()))))
                listing.append({"style": "3d", "slug": slug})
    (work / "corpus.json").write_text(json.dumps({"pictures": listing, "concepts": known}))
    np.save(work / "pictures.npy", np.stack(pictures))
    print(f"corpus: {len(pictures)} pictures of {len(known)} concepts, {sum(p['slug'] in held for p in listing)} of them held out")


def heldout() -> set[str]:
    """Slugs of the concepts that never enter training."""
    return set(HELDOUT.read_text().split())


def load(work: Path) -> tuple[np.ndarray, list[dict], dict]:
    """Pictures (memory-mapped), their listing, and the concepts."""
    data = json.loads((work / "corpus.json").read_text())
    return np.load(work / "pictures.npy", mmap_mode="r"), data["pictures"], data["concepts"]
