#!/usr/bin/env bash
# Measures this project's networks against onnxruntime-web and burn's stock operations in headless
# Chromium, and writes a Markdown table and JSON. Options are passed to bench/run.py (--help there).
#   scripts/bench.sh                        everything (an hour on two cores without a GPU)
#   scripts/bench.sh --subjects emoji --what networks
# Fetches onnxruntime-web with npm and the exporter's packages with pip into the cache folder.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/latino-web"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$cache/target}"
unset NO_COLOR
ORT=1.30.0
bench="$cache/bench"
say() { printf '\n== %s\n' "$*"; }

scripts/setup.sh --tests
mkdir -p "$bench"
if [ "$(node -p "require('$bench/node_modules/onnxruntime-web/package.json').version" 2>/dev/null || true)" != "$ORT" ]; then
  command -v npm >/dev/null || { echo "error: npm is needed to fetch onnxruntime-web" >&2; exit 1; }
  say "Fetching onnxruntime-web $ORT"
  npm install --prefix "$bench" --no-audit --no-fund --no-save "onnxruntime-web@$ORT"
fi
# The subjects are made again when what makes them has changed.
stamp=$(cat bench/export.py bench/ops.py training/emoji_lcm/packed.py bench/requirements.txt public/models/emoji-lcm/manifest.json | sha256sum | cut -d' ' -f1)
if [ "$(cat "$bench/subjects/stamp" 2>/dev/null || true)" != "$stamp" ]; then
  python="${BENCH_PYTHON:-$bench/venv/bin/python}"
  if [ ! -x "$python" ]; then
    say "Installing the exporter's packages"
    python3 -m venv "$bench/venv"
    "$bench/venv/bin/pip" install --quiet -r bench/requirements.txt
  fi
  say "Exporting the subjects (1.8 GB)"
  rm -rf "$bench/subjects"
  "$python" bench/export.py "$bench/subjects"
  echo "$stamp" > "$bench/subjects/stamp"
fi
say "Building the programs"
TARGET=wasm32-unknown-unknown PROFILE=${BENCH_PROFILE:-wasm-release}
cargo build --target $TARGET --no-default-features --features bench --bin bench --profile "$PROFILE"
folder=$PROFILE
[ "$PROFILE" = dev ] && folder=debug
wasm-bindgen --target web --no-typescript --out-dir "$bench/program" "$CARGO_TARGET_DIR/$TARGET/$folder/bench.wasm"
site=()
if [ "$PROFILE" = wasm-release ]; then
  trunk build --release
  site=(--site dist)
fi
say "Measuring"
exec python3 bench/run.py --cache "$bench" --program "$bench/program" "${site[@]}" --out "$bench/result" "$@"
