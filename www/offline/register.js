// Registers the service worker and tells the page what it should know: `data-offline` on the root element is
// "kept" once the page works without a network; the event "latino-update" says that a newer version is there.
const root = document.documentElement;
const hadController = !!navigator.serviceWorker?.controller;
let wanted = false;

function offer(registration) {
  const waiting = registration.waiting;
  if (!waiting || !hadController) return;
  root.dataset.update = 'waiting';
  dispatchEvent(new Event('latino-update'));
}

async function register() {
  const registration = await navigator.serviceWorker.register('./service-worker.js');
  offer(registration);
  registration.addEventListener('updatefound', () => {
    const installing = registration.installing;
    installing?.addEventListener('statechange', () => installing.state === 'installed' && offer(registration));
  });
  addEventListener('latino-take-over', () => {
    wanted = true;
    if (registration.waiting) registration.waiting.postMessage('take-over');
    else location.reload();
  });
  // A page that stays open for days looks for a newer version now and then.
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') registration.update().catch(() => {});
  });
  await navigator.serviceWorker.ready;
  root.dataset.offline = 'kept';
  dispatchEvent(new Event('latino-offline'));
}

if ('serviceWorker' in navigator) {
  navigator.serviceWorker.addEventListener('controllerchange', () => {
    if (wanted) location.reload();
    else if (hadController) {
      // Another tab has taken the newer version; this one's engine is gone from the cache.
      root.dataset.update = 'taken';
      dispatchEvent(new Event('latino-update'));
    }
  });
  // After the page's own files, which are wanted first.
  register().catch((error) => console.info('not kept for use without a network:', error.message));
}
