"""The operations inside a network: which ones with which sizes, and an ONNX file for each.

A `Recorder` hooks a PyTorch module and collects every convolution, linear layer, attention and group
normalisation that runs. `write_ops` makes of each distinct one an ONNX model whose weights are
external files, so that the other contestants read the very same numbers.
"""

import json

import numpy as np
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper
from diffusers.models.attention_processor import Attention


class Recorder:
    """Records (kind, sizes) of what runs in `module` inside a `with` block."""

    def __init__(self, module):
        self.module, self.seen, self.handles = module, {}, []

    def note(self, kind, **sizes):
        key = json.dumps([kind, sizes])
        self.seen[key] = self.seen.get(key, 0) + 1

    def hook(self, module, args, output):
        x = args[0] if args else None
        if isinstance(module, torch.nn.Conv2d):
            b, c, h, w = x.shape
            self.note("conv", batch=b, c_in=c, h=h, w=w, c_out=module.out_channels, side=module.kernel_size[0],
                      stride=module.stride[0], padding=module.padding[0], biased=module.bias is not None)
        elif isinstance(module, torch.nn.Linear):
            rows = x.numel() // x.shape[-1]
            self.note("linear", rows=rows, k=module.in_features, n=module.out_features, biased=module.bias is not None)
        elif isinstance(module, torch.nn.GroupNorm):
            b, c = x.shape[:2]
            self.note("group_norm", batch=b, c=c, pixels=x[0, 0].numel(), groups=module.num_groups)

    def attention(self, module, args, kwargs, output):
        x = args[0]
        tokens = x.shape[1] if x.dim() == 3 else x.shape[2] * x.shape[3]
        text = kwargs.get("encoder_hidden_states")
        keys = tokens if text is None else text.shape[1]
        self.note("attention", n=tokens, m=keys, heads=module.heads, width=module.inner_dim)

    def __enter__(self):
        for m in self.module.modules():
            if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear, torch.nn.GroupNorm)):
                self.handles.append(m.register_forward_hook(self.hook))
            elif isinstance(m, Attention):
                self.handles.append(m.register_forward_hook(self.attention, with_kwargs=True))
        return self

    def __exit__(self, *_):
        for handle in self.handles:
            handle.remove()


def flops(kind, s):
    """Two for each multiply-add; group normalisation counts eight a value."""
    if kind == "conv":
        oh = (s["h"] + 2 * s["padding"] - s["side"]) // s["stride"] + 1
        ow = (s["w"] + 2 * s["padding"] - s["side"]) // s["stride"] + 1
        return 2 * s["batch"] * s["c_in"] * s["c_out"] * s["side"] ** 2 * oh * ow
    if kind == "linear":
        return 2 * s["rows"] * s["k"] * s["n"]
    if kind == "attention":
        return 4 * s["n"] * s["m"] * s["width"]
    return 8 * s["batch"] * s["c"] * s["pixels"]


class Graph:
    """An ONNX graph in the making, whose weights go to a file each."""

    def __init__(self, folder, stem):
        self.folder, self.stem = folder, stem
        self.nodes, self.initializers, self.inputs, self.files, self.arrays, self.n = [], [], [], {}, {}, 0
        self.random = np.random.default_rng(sum(stem.encode()))

    def input(self, name, shape):
        self.file(name, self.random.standard_normal(shape).astype("<f4"))
        self.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        return name

    def file(self, name, array):
        file = f"{self.stem}.{name}.bin"
        array.tofile(self.folder / file)
        self.files[name] = {"file": file, "shape": list(array.shape)}
        self.arrays[name] = torch.from_numpy(array)
        return file, array.nbytes

    def weight(self, name, shape, scale, shift=0.0):
        array = (self.random.standard_normal(shape) * scale + shift).astype("<f4")
        file, size = self.file(name, array)
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape, data_location=TensorProto.EXTERNAL)
        for key, value in ("location", file), ("offset", 0), ("length", size):
            tensor.external_data.add(key=key, value=str(value))
        self.initializers.append(tensor)
        return name

    def ints(self, values):
        self.n += 1
        name = f"shape{self.n}"
        self.initializers.append(helper.make_tensor(name, TensorProto.INT64, [len(values)], values))
        return name

    def scalar(self, value):
        self.n += 1
        name = f"scalar{self.n}"
        self.initializers.append(helper.make_tensor(name, TensorProto.FLOAT, [], [value]))
        return name

    def op(self, kind, *inputs, out=None, **attributes):
        self.n += 1
        out = out or f"t{self.n}"
        self.nodes.append(helper.make_node(kind, list(inputs), [out], **attributes))
        return out

    def save(self, shape):
        result = helper.make_tensor_value_info("result", TensorProto.FLOAT, shape)
        graph = helper.make_graph(self.nodes, self.stem, self.inputs, [result], self.initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
        (self.folder / f"{self.stem}.onnx").write_bytes(model.SerializeToString())


def build(g, kind, s):
    """Adds the nodes, as PyTorch's exporter writes them; returns the result's shape."""
    if kind == "conv":
        x = g.input("x", [s["batch"], s["c_in"], s["h"], s["w"]])
        fan_in = s["c_in"] * s["side"] ** 2
        weights = [g.weight("w", [s["c_out"], s["c_in"], s["side"], s["side"]], fan_in ** -0.5)]
        if s["biased"]:
            weights.append(g.weight("b", [s["c_out"]], 0.1))
        p = s["padding"]
        g.op("Conv", x, *weights, out="result", kernel_shape=[s["side"]] * 2, strides=[s["stride"]] * 2, pads=[p] * 4)
        size = lambda n: (n + 2 * p - s["side"]) // s["stride"] + 1
        return [s["batch"], s["c_out"], size(s["h"]), size(s["w"])]
    if kind == "linear":
        x = g.input("x", [1, s["rows"], s["k"]])
        # Stored as PyTorch does, [n, k]; the transposition of a constant is folded when the session starts.
        w = g.op("Transpose", g.weight("w", [s["n"], s["k"]], s["k"] ** -0.5), perm=[1, 0])
        y = g.op("MatMul", x, w, out=None if s["biased"] else "result")
        if s["biased"]:
            g.op("Add", y, g.weight("b", [s["n"]], 0.1), out="result")
        return [1, s["rows"], s["n"]]
    if kind == "attention":
        heads, d = s["heads"], s["width"] // s["heads"]
        split = lambda name, n: g.op("Transpose", g.op("Reshape", g.input(name, [1, n, s["width"]]),
                                                      g.ints([1, n, heads, d])), perm=[0, 2, 1, 3])
        q, k, v = split("q", s["n"]), split("k", s["m"]), split("v", s["m"])
        scores = g.op("MatMul", g.op("Mul", q, g.scalar(d ** -0.5)), g.op("Transpose", k, perm=[0, 1, 3, 2]))
        y = g.op("MatMul", g.op("Softmax", scores, axis=-1), v)
        y = g.op("Transpose", y, perm=[0, 2, 1, 3])
        g.op("Reshape", y, g.ints([1, s["n"], s["width"]]), out="result")
        return [1, s["n"], s["width"]]
    c, shape = s["c"], [s["batch"], s["c"], 1, s["pixels"]]
    x = g.input("x", shape)
    w, b = g.weight("w", [c], 0.02, 1.0), g.weight("b", [c], 0.02)
    groups = s["groups"]
    g.initializers.append(helper.make_tensor("one", TensorProto.FLOAT, [groups], [1.0] * groups))
    g.initializers.append(helper.make_tensor("zero", TensorProto.FLOAT, [groups], [0.0] * groups))
    y = g.op("InstanceNormalization", g.op("Reshape", x, g.ints([0, groups, -1])), "one", "zero", epsilon=1e-5)
    y = g.op("Reshape", y, g.ints(shape))
    y = g.op("Mul", y, g.op("Reshape", w, g.ints([c, 1, 1])))
    y = g.op("Add", y, g.op("Reshape", b, g.ints([c, 1, 1])))
    g.op("Mul", y, g.op("Sigmoid", y), out="result")
    return shape


def expected(kind, s, a):
    """PyTorch's result for the tensors `a`."""
    if kind == "conv":
        return F.conv2d(a["x"], a["w"], a.get("b"), s["stride"], s["padding"])
    if kind == "linear":
        return F.linear(a["x"], a["w"], a.get("b"))
    if kind == "attention":
        q, k, v = (a[n].unflatten(2, (s["heads"], -1)).transpose(1, 2) for n in "qkv")
        return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
    return F.silu(F.group_norm(a["x"], s["groups"], a["w"], a["b"], 1e-5))


def write_ops(folder, seen):
    """Writes the ONNX files of all operations of one network; returns their descriptions, costliest first."""
    folder.mkdir(parents=True, exist_ok=True)
    described = []
    for key, count in seen.items():
        kind, sizes = json.loads(key)
        stem = "-".join([kind, *(str(int(v)) for v in sizes.values())])
        g = Graph(folder, stem)
        shape = build(g, kind, sizes)
        g.save(shape)
        g.file("result", expected(kind, sizes, g.arrays).numpy().astype("<f4"))
        described.append({
            "kind": kind, "sizes": sizes, "count": count, "flops": flops(kind, sizes), "onnx": f"ops/{stem}.onnx",
            "files": {k: {**v, "file": f"ops/{v['file']}"} for k, v in g.files.items()}, "shape": shape,
            "initializers": [i.name for i in g.initializers if i.data_location == TensorProto.EXTERNAL]})
    return sorted(described, key=lambda o: -o["flops"] * o["count"])
