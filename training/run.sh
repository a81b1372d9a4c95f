#!/usr/bin/env bash
# Trains the embedded model from nothing: environment, corpus, all stages, packing, evaluation report.
#   training/run.sh [--quick] [--work DIR] [options of `python -m emoji_lcm`]
# Every stage that is done is left alone and one that was cut goes on from its checkpoint, so run it again after any interruption.
set -euo pipefail
cd "$(dirname "$0")"
say() { printf '\n== %s\n' "$*"; }
stop() { printf '\nerror: %s\n' "$*" >&2; exit 1; }

work="${XDG_CACHE_HOME:-$HOME/.cache}/latino-web/training"
arguments=()
while [ $# -gt 0 ]; do
  case "$1" in
    --work) [ $# -gt 1 ] || stop "--work needs a folder"; work=$2; shift 2 ;;
    --quick) work="${work%-quick}-quick"; arguments+=(--quick); shift ;;
    *) arguments+=("$1"); shift ;;
  esac
done
mkdir -p "$work"
work=$(cd "$work" && pwd)

python=${PYTHON:-}
if [ -z "$python" ]; then
  command -v python3 >/dev/null || stop "there is no python3: install Python 3.11 or newer with its venv module"
  python="$work/venv/bin/python"
  if [ ! -x "$python" ]; then
    say "Making the environment in $work/venv (minutes, about 6 GB)"
    python3 -m venv "$work/venv" || stop "python3 has no venv module: install it (Debian: python3-venv)"
    "$python" -m pip install -q -r requirements.txt || { rm -rf "$work/venv"; stop "the packages of requirements.txt could not be installed: is the package index reachable?"; }
  fi
fi

say "Training in $work"
"$python" -m emoji_lcm --work "$work" ${arguments[@]+"${arguments[@]}"}

[ -d "$work/model" ] || { say "There is no finished model yet: run the remaining stages"; exit 0; }
say "Packing"
latino=${LATINO:-}
if [ -z "$latino" ]; then
  cargo build --release --bin latino
  latino="${CARGO_TARGET_DIR:-../target}/release/latino"
fi
rm -rf "$work/pack"
"$latino" pack --from "$work/model" --to "$work/pack" --unet q8 --text q8 --vae f16 \
  --shard-mib 4 --steps 8 --start 19 --init tv --rule moment-matching --relaxation 0.4 --licence "MIT AND Apache-2.0" \
  --source "Trained for this project on emoji pictures: Noto (Apache-2.0), Fluent (MIT); training/README.md" --name "Emoji LCM"
say "Done: the packed model is $work/pack, the report $work/report/README.md. To ship it: copy the pack to public/models/emoji-lcm"
