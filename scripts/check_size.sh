#!/usr/bin/env bash
# Fails when a program of the built site has grown past its limit (gzip -9, bytes).
set -euo pipefail
cd "$(dirname "$0")/.."
check() {
  local size
  size=$(gzip -9 -c "dist/$1" | wc -c)
  printf '%s: %d KB gzipped (limit %d KB)\n' "$1" $((size / 1000)) $(($2 / 1000))
  if [ "$size" -gt "$2" ]; then
    printf 'error: %s is larger than its limit\n' "$1" >&2
    exit 1
  fi
}
check page_bg.wasm 600000
check engine_bg.wasm 3000000
