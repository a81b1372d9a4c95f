// The engine's entry: a module worker around the wasm-bindgen output of the bin `engine`.
// A crash inside a promise would only be an unhandled rejection here; thrown again from a
// task, it reaches the page as the worker's error event.
import init from './engine.js';

// Set when the site is built; the page names the worker after its own version.
const VERSION = 'not built';

function report(reason) {
  setTimeout(() => {
    throw reason;
  });
}

addEventListener('unhandledrejection', (event) => report(event.reason));
if (self.name === VERSION) {
  init().catch(report);
} else {
  const message = 'The page and its engine are of different versions: reload the page';
  postMessage({ failed: { id: null, kind: 'model', message } });
}
