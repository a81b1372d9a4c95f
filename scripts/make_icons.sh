#!/usr/bin/env bash
# Draws public/icons/*.png from public/icon.svg with Chromium: 192 and 512 pixels, 180 for Apple's home screens, and
# a maskable one whose drawing lies in the middle 80 % of a filled square.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p public/icons
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
draw() { # NAME SIDE SCALE GROUND
  local inner=$(($2 * $3 / 100))
  printf '<!doctype html><style>html,body{margin:0;background:%s}img{position:absolute;left:%dpx;top:%dpx;width:%dpx;height:%dpx}</style><img src="file://%s/public/icon.svg">' \
    "$4" $((($2 - inner) / 2)) $((($2 - inner) / 2)) "$inner" "$inner" "$PWD" >"$work/icon.html"
  chromium --headless=new --no-sandbox --hide-scrollbars --force-device-scale-factor=1 --allow-file-access-from-files \
    --default-background-color=00000000 --window-size="$2,$2" --screenshot="$PWD/public/icons/$1.png" "file://$work/icon.html" >/dev/null 2>&1
}
draw icon-192 192 100 transparent
draw icon-512 512 100 transparent
draw apple-180 180 100 '#14201f'
draw maskable-512 512 80 '#14201f'
ls -l public/icons
