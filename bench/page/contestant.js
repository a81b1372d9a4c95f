// A contestant's worker: loads a network or an operation, runs it, and says how long it took.
import { counts } from './watch.js';

let contestant;

const bytes = async (url) => {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
};

const tensors = async (base, files) => {
  const entries = Object.entries(files).map(async ([name, { file, shape }]) => {
    const raw = await bytes(base + file);
    return [name, { shape, data: new Float32Array(raw.buffer) }];
  });
  return Object.fromEntries(await Promise.all(entries));
};

// onnxruntime-web, on `provider` "webgpu" or "wasm".
class Ort {
  static async open({ provider }) {
    const file = provider === 'webgpu' ? 'ort.webgpu.bundle.min.mjs' : 'ort.wasm.bundle.min.mjs';
    const self = new Ort();
    self.ort = await import(`/ort/${file}`);
    self.ort.env.wasm.numThreads = 1;
    self.ort.env.wasm.wasmPaths = '/ort/';
    self.ort.env.logLevel = 'error';
    self.provider = provider;
    return self;
  }

  // Frees the session that was there before.
  async session(url, externalData) {
    await this.current?.release();
    this.current = undefined;
    const keep = this.provider === 'webgpu' && this.onDevice;
    this.current = await this.ort.InferenceSession.create(url, {
      executionProviders: [this.provider],
      graphOptimizationLevel: 'all',
      externalData,
      ...(keep ? { preferredOutputLocation: 'gpu-buffer' } : {}),
    });
  }

  async load({ base, part }) {
    this.onDevice = false;
    const external = part.data ? [{ path: part.data, data: base + part.data }] : [];
    await this.session(base + part.onnx, external);
  }

  feeds(inputs) {
    const names = this.current.inputNames;
    return Object.fromEntries(names.map((n) => [n, new this.ort.Tensor('float32', inputs[n].data, inputs[n].shape)]));
  }

  async run(inputs) {
    const { result } = await this.current.run(this.feeds(inputs));
    return result.data;
  }

  async prepare({ base, operation, given }) {
    this.onDevice = true;
    const external = operation.initializers.map((n) => {
      const file = operation.files[n].file;
      return { path: file.split('/').pop(), data: base + file };
    });
    await this.session(base + operation.onnx, external);
    this.given = this.feeds(given);
  }

  // All but the last result stay on the device.
  async operate(times) {
    let result;
    for (let i = 0; i < times; i += 1) {
      result?.dispose();
      ({ result } = await this.current.run(this.given));
    }
    const data = await result.getData();
    result.dispose();
    return data;
  }

  memory() {
    return [];
  }
}

// This project, and burn's stock operations.
class Ours {
  static async open({ gpu, stock, precision }) {
    const program = await import('/program/bench.js');
    await program.default();
    const self = new Ours();
    self.program = await program.Contestant.open(gpu, !!stock);
    self.precision = precision ?? 'f32';
    return self;
  }

  async load({ base, name, files }) {
    const folder = name === 'unet' ? 'unet/' : 'vae/';
    const wanted = files.filter((f) => f.startsWith(folder));
    const given = await Promise.all(wanted.map(async (f) => [f, await bytes(`${base}model/${f}`)]));
    await this.program.load(name, Object.fromEntries(given), this.precision);
  }

  run(inputs) {
    return this.program.run(inputs);
  }

  async prepare({ operation, given }) {
    this.program.prepare(operation.kind, operation.sizes, given);
  }

  operate(times) {
    return this.program.operate(times);
  }

  memory() {
    return [...this.program.memory()];
  }
}

// Root mean square of the reference and of the difference, and the largest difference.
function compare(found, expected) {
  if (found.length !== expected.length) throw new Error(`${found.length} values instead of ${expected.length}`);
  let square = 0;
  let reference = 0;
  let largest = 0;
  for (let i = 0; i < found.length; i += 1) {
    const d = Math.abs(found[i] - expected[i]);
    if (!(d <= largest)) largest = d; // NaN shows
    square += d * d;
    reference += expected[i] * expected[i];
  }
  return { largest, relative: Math.sqrt(square / reference) };
}

let inputs;
let last;

const methods = {
  open: async (options) => {
    contestant = await (options.ort ? Ort : Ours).open(options);
  },
  load: async (what) => {
    inputs = await tensors(what.base, what.part.files);
    await contestant.load(what);
  },
  // Milliseconds of one evaluation, the result's way back included.
  run: async () => {
    const before = { ...counts };
    const begun = performance.now();
    last = await contestant.run(inputs);
    const ms = performance.now() - begun;
    return { ms, dispatches: counts.dispatches - before.dispatches };
  },
  check: async () => compare(last, inputs.result.data),
  // Result of an operation, or milliseconds a run of `times` took each.
  prepare: async (what) => {
    what.given = await tensors(what.base, what.operation.files);
    await contestant.prepare(what);
    last = await contestant.operate(1);
    return compare(last, what.given.result.data);
  },
  operate: async ({ times }) => {
    const before = counts.dispatches;
    const begun = performance.now();
    last = await contestant.operate(times);
    return { ms: (performance.now() - begun) / times, dispatches: (counts.dispatches - before) / times };
  },
  counts: async () => ({ ...counts, pools: contestant.memory() }),
};

onmessage = async ({ data: { id, method, argument } }) => {
  try {
    postMessage({ id, value: (await methods[method](argument)) ?? null });
  } catch (error) {
    postMessage({ id, error: `${method}: ${error?.message ?? error}` });
  }
};
