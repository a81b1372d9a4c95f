#!/usr/bin/env python3
"""Are the posterior samples as far apart as they are from the truth? Runs `latino restore` with several samples on the held-out sample pictures and prints
the mean empirical coverage of the central intervals (nominal 50 and 90 %), and the error of the mean relative to the samples' spread.

    scripts/calibration.py [--latino PATH] [--model DIR] [--samples K] [--limit N] [-- options of latino restore, such as --start 259 --steps 4]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TASKS = ["gaussian-blur:sigma=6@0.02", "super-resolution:factor=8@0.02", "super-resolution:factor=16@0.01", "denoising@0.5", "inpainting:box=0.25@0.02"]


def main() -> None:
    given = sys.argv[1:]
    at = given.index("--") if "--" in given else len(given)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    target = os.environ.get("CARGO_TARGET_DIR", ROOT / "target")
    parser.add_argument("--latino", default=str(Path(target) / "release" / "latino"))
    parser.add_argument("--model", default=str(ROOT / "public/models/emoji-lcm"))
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--limit", type=int, default=8)
    args = parser.parse_args(given[:at])
    pictures = json.loads((ROOT / "public/samples/samples.json").read_text())[: args.limit]
    print("| task | noise | nominal: attainable / empirical coverage | error / spread | PSNR of the mean |\n|---|---|---|---|---|")
    for entry in TASKS:
        task, noise = entry.split("@")
        rows, ratios, psnr = {}, [], []
        for picture in pictures:
            with tempfile.TemporaryDirectory() as out:
                command = [args.latino, "restore", "--model", args.model, "--image", str(ROOT / "public/samples" / picture["file"]), "--task", task]
                command += ["--noise", noise, "--prompt", picture["prompt"], "--samples", str(args.samples), "--out", out, *given[at + 1 :]]
                subprocess.run(command, check=True, capture_output=True)
                spread = json.loads((Path(out) / "report.json").read_text())["uncertainty"]
            for row in spread["calibration"]["rows"]:
                rows.setdefault((row["nominal"], row["attainable"]), []).append(row["empirical"])
            ratios.append(spread["calibration"]["error_to_spread"])
            psnr.append(spread["mean"]["psnr"])
        cover = "; ".join(f"{n:.2f}: {a:.2f} / {statistics.mean(e):.2f}" for (n, a), e in sorted(rows.items()))
        print(f"| `{task}` | {noise} | {cover} | {statistics.median(ratios):.1f} | {statistics.mean(psnr):.2f} |", flush=True)


if __name__ == "__main__":
    main()
