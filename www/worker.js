// The engine's entry: a module worker around the wasm-bindgen output of the bin `engine`.
// A crash inside a promise would only be an unhandled rejection here; thrown again from a
// task, it reaches the page as the worker's error event.
import init from './engine.js';

function report(reason) {
  setTimeout(() => {
    throw reason;
  });
}

addEventListener('unhandledrejection', (event) => report(event.reason));
init().catch(report);
