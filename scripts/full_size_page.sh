#!/usr/bin/env bash
# Loads a model of Stable Diffusion 1.5's size (random weights) in the built page, packed and as a diffusers folder: time and peak memory for BENCHMARKS.md.
# scripts/full_size_page.sh FOLDER: where the model is made (2 GB, and 0.8 or 1.2 GB packed; kept for the next time). Needs the built site (trunk build --release),
# a Python with training/requirements.txt as PYTHON, Chromium and chromedriver. Bits of the UNet: UNET=q4 (default) or q8.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:?give a folder for the model}
unet=${UNET:-q4}
export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/latino-web/target}"
[ -f dist/index.html ] || { printf 'error: the site is not built: trunk build --release\n' >&2; exit 1; }
mkdir -p "$folder"
if [ ! -d "$folder/diffusers" ]; then
  printf '== Making random weights\n'
  "${PYTHON:-python3}" scripts/random_sd15.py "$folder/diffusers"
fi
if [ ! -d "$folder/$unet" ]; then
  printf '== Packing\n'
  cargo run --bin latino -- pack --from "$folder/diffusers" --to "$folder/$unet" --unet "$unet" --name "Random SD-1.5 $unet"
fi
printf '== In Chromium\n'
FULL_SIZE_MODEL=$(cd "$folder/$unet" && pwd) FULL_SIZE_SOURCE=$(cd "$folder/diffusers" && pwd) FULL_SIZE_PRECISION=$unet cargo test --test full_size -- --ignored --nocapture --test-threads 1
