#!/usr/bin/env bash
# Lists the built site's files with their hashes in its service worker, and stamps page and engine with one version.
# Trunk runs it after every build; by hand: scripts/shell.sh FOLDER. Needs bash and coreutils only.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-${TRUNK_STAGING_DIR:?give the folder of the built site}}"

hash_of() { if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -c1-64; }
integrity() { printf 'sha256-%s' "$(printf "$(hash_of "$1" | sed 's/../\\x&/g')" | base64)"; }

# The policy: models may come from the origins of www/model-hosts.txt.
hosts=$(sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$here/../www/model-hosts.txt" | tr '\n' ' ' | sed 's/ $//')
for host in $hosts; do
  [[ $host =~ ^https?://([*][.])?[A-Za-z0-9.-]+(:[0-9]+)?$ ]] || { printf 'error: "%s" in model-hosts.txt is not an origin such as https://models.example.org\n' "$host" >&2; exit 1; }
done
sed -i.old "s|connect-src 'self'[^;]*;|connect-src 'self'${hosts:+ $hosts};|" index.html
rm -f index.html.old
policy=$(grep -o "default-src 'self'[^\"]*" index.html)
printf "%s; frame-ancestors 'none'\n" "$policy" > content-security-policy.txt

# Everything but models, which the engine keeps by itself, and the worker with this very list.
mapfile -t files < <(find . -type f ! -path './models/*' ! -name service-worker.js ! -name content-security-policy.txt ! -name '*.map' | sed 's|^\./||' | LC_ALL=C sort)
stamp() { sed -i.old "s/data-version=\"[^\"]*\"/data-version=\"$1\"/" index.html; sed -i.old "s/^const VERSION = .*/const VERSION = '$1';/" worker.js service-worker.js; rm -f ./*.old; }
stamp 'not built'
version=$(for file in "${files[@]}"; do printf '%s %s\n' "$(hash_of "$file")" "$file"; done | { sha256sum 2>/dev/null || shasum -a 256; } | cut -c1-16)
stamp "$version"

list=$(for file in "${files[@]}"; do printf "['%s','%s']," "$file" "$(integrity "$file")"; done)
sed -i.old "s|^const SHELL = .*|const SHELL = [$list];|" service-worker.js
rm -f service-worker.js.old
printf 'shell %s: %d files\n' "$version" "${#files[@]}"
