// The comparison's page: bench/run.py calls `send` and `take` here; every contestant has a worker of
// its own, so that none of them can slow another down by what it leaves behind.
const workers = new Map();
let answers = new Map();
let next = 0;

// Starts a contestant's worker under `name`.
window.start = (name) => {
  const worker = new Worker('contestant.js', { type: 'module' });
  worker.onmessage = ({ data }) => answers.set(data.id, data);
  worker.onerror = (event) => {
    event.preventDefault();
    worker.dead = event.message || 'the worker failed';
  };
  workers.set(name, worker);
};

// Asks a contestant for something; returns the number under which to take the answer.
window.send = (name, method, argument) => {
  next += 1;
  workers.get(name).postMessage({ id: next, method, argument });
  return next;
};

// The answer, once it is there.
window.take = (name, id) => {
  const worker = workers.get(name);
  if (answers.has(id)) {
    const answer = answers.get(id);
    answers.delete(id);
    return answer;
  }
  return worker.dead ? { id, error: worker.dead } : null;
};

window.stop = (name) => {
  workers.get(name)?.terminate();
  workers.delete(name);
};

window.ready = true;
