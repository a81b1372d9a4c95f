#!/usr/bin/env bash
# Installs what is missing to build, serve and (with --tests) test LATINO Web.
# Needs rustup's cargo on PATH; Debian's apt, as root or with sudo, for the tests' browser.
set -euo pipefail
cd "$(dirname "$0")/.."

WASM_BINDGEN=0.2.130
TRUNK=0.21.14
TARGET=wasm32-unknown-unknown

say() { printf '\n== %s\n' "$*"; }
stop() { printf '\nerror: %s\n' "$*" >&2; exit 1; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else stop "this needs root: run '$*' yourself, then this script again"; fi; }

command -v cargo >/dev/null || stop "there is no cargo: install Rust with rustup (https://rustup.rs), then run this script again"

packages=()
command -v cc >/dev/null || packages+=(gcc libc6-dev)
if [ "${1:-}" = --tests ]; then
  command -v chromium >/dev/null || packages+=(chromium)
  command -v chromedriver >/dev/null || packages+=(chromium-driver)
  # A software Vulkan adapter for the native kernel tests.
  ls /usr/share/vulkan/icd.d/*.json >/dev/null 2>&1 || packages+=(mesa-vulkan-drivers)
  ldconfig -p | grep libvulkan.so.1 >/dev/null || packages+=(libvulkan1)
fi
if [ ${#packages[@]} -gt 0 ]; then
  command -v apt-get >/dev/null || stop "please install these and run again: ${packages[*]}"
  say "Installing with apt: ${packages[*]}"
  as_root apt-get update -q
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${packages[@]}"
fi

# Without the target rustc names no library directory for it, or an empty one.
has_target() { ls "$(rustc --print sysroot)/lib/rustlib/$TARGET/lib"/libstd-*.rlib >/dev/null 2>&1; }
if ! has_target; then
  say "Adding the Rust target $TARGET"
  if ! { command -v rustup >/dev/null && rustup target add "$TARGET"; }; then
    say "rustup cannot fetch it; building the standard library from its sources instead"
    src="$(rustc --print sysroot)/lib/rustlib/src/rust/library"
    [ -d "$src" ] || stop "the standard library's sources are missing too: run 'rustup component add rust-src' where rustup works, or install Debian's rustc-web and rust-web-src"
    tmp=$(mktemp -d)
    cargo init -q --lib --vcs none --name empty "$tmp"
    (cd "$tmp" && RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$tmp/target" cargo build --release -Zbuild-std=std,panic_abort,proc_macro,test --target "$TARGET")
    lib="$(rustc --print sysroot)/lib/rustlib/$TARGET/lib"
    mkdir -p "$lib"
    cp "$tmp/target/$TARGET/release/deps/"*.rlib "$lib/"
    rm -rf "$tmp"
    has_target || stop "the standard library for $TARGET could not be built"
  fi
fi

# cargo install NAME VERSION: with the lock file where the registry has all of it.
tool() {
  local name=$1 version=$2 binary=$3
  if [ "$("$binary" --version 2>/dev/null | awk '{print $2}')" = "$version" ]; then return; fi
  say "Building $name $version (minutes)"
  cargo install "$name" --version "$version" --locked --force ||
    cargo install "$name" --version "$version" --force ||
    stop "$name $version could not be built: is the crate registry reachable?"
}
tool wasm-bindgen-cli "$WASM_BINDGEN" wasm-bindgen
tool trunk "$TRUNK" trunk
say "Everything needed is installed"
