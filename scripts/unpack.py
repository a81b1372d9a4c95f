#!/usr/bin/env python3
"""Turns a packed model back into a diffusers folder with f16 weights, for tools that read no packed ones.

    scripts/unpack.py public/models/emoji-lcm FOLDER

What packing rounded away does not come back. Needs training/requirements.txt's environment.
"""

import json
import shutil
import sys
from pathlib import Path

from safetensors.torch import save_file

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "training"))
from emoji_lcm.packed import weights  # noqa: E402


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    packed, to = map(Path, sys.argv[1:])
    manifest = json.loads((packed / "manifest.json").read_text())
    for path in (f["path"] for f in manifest["files"] if not f["path"].startswith("shards/")):
        (to / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(packed / path, to / path)
    for name in (p["name"] for p in manifest["packed"]["parts"]):
        stem = "model" if name == "text_encoder" else "diffusion_pytorch_model"
        tensors = {k: v.half().contiguous() for k, v in weights(packed, name).items()}
        save_file(tensors, to / name / f"{stem}.safetensors")
    # Name, licence, source and settings, for "latino pack".
    facts = {k: manifest[k] for k in ("name", "licence", "source", "recommended")}
    (to / "manifest.json").write_text(json.dumps({"version": 1, "files": [], **facts}))


if __name__ == "__main__":
    main()
