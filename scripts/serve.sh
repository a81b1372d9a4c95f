#!/usr/bin/env bash
# Sets everything up, builds the page and serves it. Options are passed to `trunk serve`.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
# Build outputs live outside the checkout, as for scripts/test.sh.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/latino-web/target}"
scripts/setup.sh
printf '\n== Building the page and the engine (the first time: several minutes), then serving on http://127.0.0.1:8080/\n'
# Trunk reads NO_COLOR as a boolean and rejects the customary "1".
unset NO_COLOR
exec trunk serve --release "$@"
