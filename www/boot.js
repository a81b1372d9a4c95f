// Starts the page's program. A file of its own, because the policy forbids inline scripts.
const root = document.documentElement;

// The visitor's theme, before anything is painted by the program.
try {
  const theme = localStorage.getItem('theme');
  if (theme === 'light' || theme === 'dark') root.dataset.theme = theme;
} catch {
  // Storage may be forbidden; the system's theme applies.
}

// What the engine needs and the page cannot probe itself: the page reads `data-missing`.
const missing = [];
// A function body of one SIMD instruction: i32.const 0, i8x16.splat, i8x16.popcnt, drop.
const simd = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 11, 1, 9, 0, 65, 0, 253, 15, 253, 98, 26, 11,
]);
if (typeof WebAssembly !== 'object') {
  document.getElementById('boot-old').hidden = false;
} else {
  if (!WebAssembly.validate(simd)) missing.push('simd');
  let modules = false;
  const probe = {
    get type() {
      modules = true;
      return 'module';
    },
  };
  try {
    // The browser reads `type` only when it knows module workers. It is stopped before it runs.
    new Worker('./old-browser.js', probe).terminate();
  } catch {
    // No workers at all.
  }
  if (!modules) missing.push('module-workers');
  if (!('gpu' in navigator)) missing.push('webgpu');
  root.dataset.missing = missing.join(' ');

  import('./page.js')
    .then((page) => page.default())
    .catch((error) => {
      console.error(error);
      document.getElementById('boot-failed').hidden = false;
    })
    .then(() => import('./register.js'))
    .catch((error) => console.info(error));
}
