#!/usr/bin/env bash
# Sets everything up and runs all checks and tests, the browser's included.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
# Build outputs live outside the checkout, so that a fresh clone starts warm.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/latino-web/target}"
unset NO_COLOR
say() { printf '\n== [%s] %s\n' "$(date +%H:%M:%S)" "$*"; }

scripts/setup.sh --tests
WASM="--target wasm32-unknown-unknown --no-default-features"

say "Formatting"
cargo fmt --check
say "Clippy, native"
cargo clippy --all-targets -- -D warnings
say "Clippy, engine worker (wasm)"
# shellcheck disable=SC2086
cargo clippy $WASM --features worker --lib --bin engine -- -D warnings
say "Clippy, page (wasm)"
# shellcheck disable=SC2086
cargo clippy $WASM --features page --bin page -- -D warnings

say "Native tests"
cargo test
say "Building the site"
trunk build --release
scripts/check_size.sh

say "Kernels and networks in the browser, WebGPU on a software adapter"
export CHROMEDRIVER=${CHROMEDRIVER:-$(command -v chromedriver)}
export WASM_BINDGEN_TEST_TIMEOUT=1200
# shellcheck disable=SC2086
cargo test $WASM --features engine --test ops --test models

say "End to end: the built site in headless Chromium"
cargo test --test e2e -- --ignored --nocapture --test-threads=1
say "All checks passed"
