#!/usr/bin/env bash
# One call on a machine with a GPU (Vulkan): the embedded model's and Stable Diffusion 1.5's size on
# native wgpu, the share of the best matrix product that UNet and autoencoder reach, and a whole LATINO
# restoration of 8 steps at 512 x 512. The weights of that size are random, made in the folder given.
#   scripts/bench_gpu.sh FOLDER [WEIGHTS...]     (f32 f16 q8 q4; 10 GB of disk)
# DEVICE=cpu SIZE=64 scripts/bench_gpu.sh FOLDER q8    tries the same where there is none.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
[ $# -ge 1 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
folder=$1
shift
latino=${LATINO:-}
if [ -z "$latino" ]; then
  cargo build --release --bin latino >&2
  latino="${CARGO_TARGET_DIR:-target}/release/latino"
fi
device=${DEVICE:-gpu}
mkdir -p "$folder"
[ -d "$folder/sd15" ] || python3 scripts/random_sd15.py "$folder/sd15"
"$latino" bench --model public/models/emoji-lcm --device "$device" --repeat 10 --latino 8
for weights in "${@:-q8}"; do
  printf '\n== Stable Diffusion 1.5, random weights, %s\n' "$weights"
  model="$folder/sd15"
  if [ "$weights" != f32 ]; then
    model="$folder/sd15-$weights"
    [ -d "$model" ] || "$latino" pack --from "$folder/sd15" --to "$model" --unet "$weights" --name "sd15 $weights" --licence none --source random
  fi
  "$latino" bench --model "$model" --device "$device" --size "${SIZE:-512}" --repeat 3 --latino 8
done
