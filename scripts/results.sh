#!/usr/bin/env bash
# Makes the tables of results in README.md and BENCHMARKS.md from the held-out sample pictures.
#   scripts/results.sh            README's table (minutes)
#   scripts/results.sh prompts    wrong prompts and LATINO-PRO (an hour on two cores for --limit 2; a task at a time,
#                                 so that a run that is cut short keeps what it has)
set -euo pipefail
cd "$(dirname "$0")/.."
latino=${LATINO:-}
if [ -z "$latino" ]; then
  echo "building latino (release)" >&2
  cargo build --release --bin latino >&2
  latino="${CARGO_TARGET_DIR:-target}/release/latino"
fi
common=(compare --model public/models/emoji-lcm --pictures public/samples/samples.json)
case "${1:-main}" in
  main)
    exec "$latino" "${common[@]}" --seeds 1 \
      --task gaussian-blur:sigma=3@0.02 --task gaussian-blur:sigma=6@0.02 \
      --task super-resolution:factor=4@0.02 --task super-resolution:factor=8@0.02 --task super-resolution:factor=16@0.01 \
      --task denoising@0.5 --task inpainting:box=0.25@0.02 \
      --wrong-prompt "a drawing of a blue car on a green background" --columns degraded,pseudo-inverse,tv,latino,latino/wrong "${@:2}" ;;
  prompts)
    for task in gaussian-blur:sigma=6@0.02 motion-blur:length=31,angle=30@0.02 super-resolution:factor=8@0.02 \
      super-resolution:factor=16@0.01 super-resolution:factor=32@0.01 denoising@0.5 denoising@1.0 \
      inpainting:random=0.9@0.02 denoising@poisson:peak=3 colorization@0.02; do
      "$latino" "${common[@]}" --wrong-prompt "a drawing of a blue car on a green background" --expected --task "$task" \
        --columns degraded,pseudo-inverse,tv,latino,latino/wrong,latino-pro/wrong "${@:2}"
    done ;;
  *) echo "usage: scripts/results.sh [main|prompts] [options of latino compare]" >&2; exit 2 ;;
esac
