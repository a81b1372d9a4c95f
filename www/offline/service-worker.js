// Keeps the page, whole and of one version, for use without a network. scripts/shell.sh puts the version and the
// list of files in place of the two lines below when the site is built.
const VERSION = 'not built';
const SHELL = [];

// Caches belong to the whole origin; the scope tells two copies of the site apart.
const PREFIX = `latino-web shell ${registration.scope} `;
const CACHE = PREFIX + VERSION;
const files = new Set(SHELL.map(([path]) => path));

// Takes every file with its hash: a site that changes in the middle makes no mixture, but another try later.
async function fill() {
  const cache = await caches.open(CACHE);
  const take = async ([path, integrity]) => {
    const url = new URL(path, registration.scope);
    let response;
    try {
      response = await fetch(url, { integrity, cache: 'no-cache' });
    } catch {
      // A stale copy on the way here.
      response = await fetch(url, { integrity, cache: 'reload' });
    }
    if (!response.ok) throw new Error(`${path}: the server answered ${response.status}`);
    await cache.put(url, response);
  };
  try {
    await Promise.all(SHELL.map(take));
  } catch (error) {
    await caches.delete(CACHE);
    throw error;
  }
}

async function earlier() {
  return (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
}

async function begin() {
  const old = await earlier();
  await Promise.all(old.map((name) => caches.delete(name)));
  // Pages that were opened before anything was kept come from the same site: they need not be loaded again.
  if (old.length === 0) await clients.claim();
}

async function answer(request, path) {
  const cache = await caches.open(CACHE);
  // A browser short of space may have dropped the cache.
  return (await cache.match(new URL(path, registration.scope))) ?? fetch(request);
}

addEventListener('install', (event) => event.waitUntil(fill()));
addEventListener('activate', (event) => event.waitUntil(begin()));
addEventListener('message', (event) => {
  if (event.data === 'take-over') skipWaiting();
});
addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET' || !request.url.startsWith(registration.scope)) return;
  const path = new URL(request.url).pathname.slice(new URL(registration.scope).pathname.length);
  const file = path === '' ? 'index.html' : decodeURIComponent(path);
  // Models are kept by the engine, which knows their hashes.
  if (files.has(file)) event.respondWith(answer(request, file));
});
