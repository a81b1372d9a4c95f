"""Reads a packed model (docs/pack-format.md) back into diffusers modules with f32 weights."""

import json

import numpy as np
import torch


def values(piece, shard, precision, rows, columns):
    """The rows of one piece, `[rows, columns]`."""
    data = shard[piece["offset"] : piece["offset"] + piece["length"]]
    if precision in ("f32", "f16"):
        kind = np.float32 if precision == "f32" else np.float16
        return np.frombuffer(data, kind, rows * columns).astype(np.float32).reshape(rows, columns)
    blocks = -(-columns // 32)
    if precision == "q8":
        integers = np.frombuffer(data, np.int8, rows * blocks * 32)
    else:
        packed = np.frombuffer(data, np.uint8, rows * blocks * 16)
        nibbles = np.stack([packed & 15, packed >> 4], axis=-1).reshape(-1).astype(np.int8)
        integers = np.where(nibbles > 7, nibbles - 16, nibbles)
    scales = np.frombuffer(shard, np.float16, rows * blocks, piece["scales"]).astype(np.float32)
    whole = integers.reshape(rows * blocks, 32).astype(np.float32) * scales[:, None]
    return whole.reshape(rows, blocks * 32)[:, :columns]


def weights(folder, part):
    """Name to tensor of the part `text_encoder`, `unet` or `vae`."""
    table = json.loads((folder / "manifest.json").read_text())["packed"]
    shards, found = {}, {}
    for tensor in next(p for p in table["parts"] if p["name"] == part)["tensors"]:
        columns = int(np.prod(tensor["shape"][1:], dtype=np.int64))
        pieces = []
        for piece in tensor["pieces"]:
            name = table["shards"][piece["shard"]]
            if name not in shards:
                shards[name] = (folder / "shards" / f"{name}.bin").read_bytes()
            pieces.append(values(piece, shards[name], tensor["precision"], piece["rows"], columns))
        found[tensor["name"]] = torch.from_numpy(np.concatenate(pieces).reshape(tensor["shape"]).copy())
    return found


def model(kind, folder, part):
    """A diffusers model of class `kind` with the part's weights."""
    config = json.loads((folder / part / "config.json").read_text())
    made = kind.from_config(config).float()
    made.load_state_dict(weights(folder, part))
    return made.eval()
