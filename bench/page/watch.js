// Counts what a contestant asks of WebGPU: dispatches, pipelines, buffer bytes. Must be imported
// before the contestant's own code.
export const counts = { dispatches: 0, pipelines: 0, bytes: 0, peak: 0, buffers: 0 };

// Buffers that are dropped, not destroyed, are gone when the garbage collector has seen it.
const collected = new FinalizationRegistry((size) => release(size));
const sizes = new WeakMap();

function release(size) {
  counts.bytes -= size;
  counts.buffers -= 1;
}

function wrap(type, method, f) {
  const original = globalThis[type]?.prototype[method];
  if (original) {
    globalThis[type].prototype[method] = function (...args) {
      return f.call(this, original, args);
    };
  }
}

wrap('GPUDevice', 'createBuffer', function (original, args) {
  const buffer = original.apply(this, args);
  const size = args[0].size;
  const token = {};
  sizes.set(buffer, { size, token });
  collected.register(buffer, size, token);
  counts.bytes += size;
  counts.buffers += 1;
  counts.peak = Math.max(counts.peak, counts.bytes);
  return buffer;
});
wrap('GPUBuffer', 'destroy', function (original, args) {
  const known = sizes.get(this);
  if (known) {
    sizes.delete(this);
    collected.unregister(known.token);
    release(known.size);
  }
  return original.apply(this, args);
});
for (const method of ['dispatchWorkgroups', 'dispatchWorkgroupsIndirect']) {
  wrap('GPUComputePassEncoder', method, function (original, args) {
    counts.dispatches += 1;
    return original.apply(this, args);
  });
}
for (const method of ['createComputePipeline', 'createComputePipelineAsync']) {
  wrap('GPUDevice', method, function (original, args) {
    counts.pipelines += 1;
    return original.apply(this, args);
  });
}
