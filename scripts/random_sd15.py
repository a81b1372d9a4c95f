#!/usr/bin/env python3
"""Makes a folder with random weights in the exact layout of Stable Diffusion 1.5 (2.1 GB in f16).

    scripts/random_sd15.py FOLDER [--quick]

With --quick the folder gets the tiny autoencoder (TAESD's layout, 2,445,063 parameters) as its quick one, too; it is added where the rest is there.
Every key and shape of the UNet (859,520,964 parameters), of CLIP ViT-L/14's text encoder and of the
autoencoder. Weights are Gaussian of variance 1 / fan-in, norms are near one, biases near zero; each
tensor is cut from a pool of 262,147 numbers (a prime, so that rows differ) at its own place. The
tokenizer is the test fixtures' own. Needs nothing but Python 3.
"""

import json
import math
import pathlib
import random
import shutil
import struct
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FIXTURE = ROOT / "tests/fixtures/pipelines/sd15"
POOL = 262147


class Shapes(dict):
    def linear(self, name, out, fan_in, bias=True):
        self[f"{name}.weight"] = [out, fan_in]
        if bias:
            self[f"{name}.bias"] = [out]

    def conv(self, name, out, fan_in, k=3):
        self[f"{name}.weight"] = [out, fan_in, k, k]
        self[f"{name}.bias"] = [out]

    def norm(self, name, n):
        self[f"{name}.weight"] = [n]
        self[f"{name}.bias"] = [n]

    def resnet(self, name, a, b, time=None):
        self.norm(f"{name}.norm1", a)
        self.conv(f"{name}.conv1", b, a)
        if time:
            self.linear(f"{name}.time_emb_proj", b, time)
        self.norm(f"{name}.norm2", b)
        self.conv(f"{name}.conv2", b, b)
        if a != b:
            self.conv(f"{name}.conv_shortcut", b, a, 1)

    def transformer(self, name, c, text):
        self.norm(f"{name}.norm", c)
        self.conv(f"{name}.proj_in", c, c, 1)
        block = f"{name}.transformer_blocks.0"
        for attention, keys in ("attn1", c), ("attn2", text):
            self.linear(f"{block}.{attention}.to_q", c, c, False)
            self.linear(f"{block}.{attention}.to_k", c, keys, False)
            self.linear(f"{block}.{attention}.to_v", c, keys, False)
            self.linear(f"{block}.{attention}.to_out.0", c, c)
        for i in 1, 2, 3:
            self.norm(f"{block}.norm{i}", c)
        self.linear(f"{block}.ff.net.0.proj", 8 * c, c)
        self.linear(f"{block}.ff.net.2", c, 4 * c)
        self.conv(f"{name}.proj_out", c, c, 1)


def unet():
    s, ch, time, text = Shapes(), [320, 640, 1280, 1280], 1280, 768
    s.conv("conv_in", 320, 4)
    s.linear("time_embedding.linear_1", time, 320)
    s.linear("time_embedding.linear_2", time, time)
    for i, c in enumerate(ch):
        for j in range(2):
            s.resnet(f"down_blocks.{i}.resnets.{j}", c if j else ch[max(i - 1, 0)], c, time)
            if i < 3:
                s.transformer(f"down_blocks.{i}.attentions.{j}", c, text)
        if i < 3:
            s.conv(f"down_blocks.{i}.downsamplers.0.conv", c, c)
    s.resnet("mid_block.resnets.0", 1280, 1280, time)
    s.transformer("mid_block.attentions.0", 1280, text)
    s.resnet("mid_block.resnets.1", 1280, 1280, time)
    up = ch[::-1]
    for i, c in enumerate(up):
        for j in range(3):
            before = c if j else up[max(i - 1, 0)]
            skip = up[min(i + 1, 3)] if j == 2 else c
            s.resnet(f"up_blocks.{i}.resnets.{j}", before + skip, c, time)
            if i > 0:
                s.transformer(f"up_blocks.{i}.attentions.{j}", c, text)
        if i < 3:
            s.conv(f"up_blocks.{i}.upsamplers.0.conv", c, c)
    s.norm("conv_norm_out", 320)
    s.conv("conv_out", 4, 320)
    return s


def text_encoder():
    s = Shapes()
    s["text_model.embeddings.token_embedding.weight"] = [49408, 768]
    s["text_model.embeddings.position_embedding.weight"] = [77, 768]
    for i in range(12):
        layer = f"text_model.encoder.layers.{i}"
        for name in "q_proj", "k_proj", "v_proj", "out_proj":
            s.linear(f"{layer}.self_attn.{name}", 768, 768)
        s.norm(f"{layer}.layer_norm1", 768)
        s.linear(f"{layer}.mlp.fc1", 3072, 768)
        s.linear(f"{layer}.mlp.fc2", 768, 3072)
        s.norm(f"{layer}.layer_norm2", 768)
    s.norm("text_model.final_layer_norm", 768)
    return s


def vae():
    s, ch = Shapes(), [128, 256, 512, 512]

    def middle(name):
        s.resnet(f"{name}.resnets.0", 512, 512)
        s.norm(f"{name}.attentions.0.group_norm", 512)
        for part in "to_q", "to_k", "to_v", "to_out.0":
            s.linear(f"{name}.attentions.0.{part}", 512, 512)
        s.resnet(f"{name}.resnets.1", 512, 512)

    s.conv("encoder.conv_in", 128, 3)
    for i, c in enumerate(ch):
        for j in range(2):
            s.resnet(f"encoder.down_blocks.{i}.resnets.{j}", c if j else ch[max(i - 1, 0)], c)
        if i < 3:
            s.conv(f"encoder.down_blocks.{i}.downsamplers.0.conv", c, c)
    middle("encoder.mid_block")
    s.norm("encoder.conv_norm_out", 512)
    s.conv("encoder.conv_out", 8, 512)
    s.conv("decoder.conv_in", 512, 4)
    middle("decoder.mid_block")
    up = ch[::-1]
    for i, c in enumerate(up):
        for j in range(3):
            s.resnet(f"decoder.up_blocks.{i}.resnets.{j}", c if j else up[max(i - 1, 0)], c)
        if i < 3:
            s.conv(f"decoder.up_blocks.{i}.upsamplers.0.conv", c, c)
    s.norm("decoder.conv_norm_out", 128)
    s.conv("decoder.conv_out", 3, 128)
    s.conv("quant_conv", 8, 8, 1)
    s.conv("post_quant_conv", 4, 4, 1)
    return s


def tiny():
    s = Shapes()

    def blocks(name, first, count):
        for k in range(first, first + count):
            for i in 0, 2, 4:
                s.conv(f"{name}.layers.{k}.conv.{i}", 64, 64)
        return first + count

    s.conv("encoder.layers.0", 64, 3)
    at = blocks("encoder", 1, 1)
    for _ in range(3):
        s[f"encoder.layers.{at}.weight"] = [64, 64, 3, 3]
        at = blocks("encoder", at + 1, 3)
    s.conv(f"encoder.layers.{at}", 4, 64)
    s.conv("decoder.layers.0", 64, 4)
    at = 2
    for _ in range(3):
        # Behind the blocks lies the upsampling, which has no weights.
        at = blocks("decoder", at, 3) + 1
        s[f"decoder.layers.{at}.weight"] = [64, 64, 3, 3]
        at += 1
    at = blocks("decoder", at, 1)
    s.conv(f"decoder.layers.{at}", 3, 64)
    return s


TINY = {"_class_name": "AutoencoderTiny", "act_fn": "relu", "decoder_block_out_channels": [64, 64, 64, 64],
        "encoder_block_out_channels": [64, 64, 64, 64], "force_upcast": False, "in_channels": 3, "latent_channels": 4, "latent_magnitude": 3,
        "latent_shift": 0.5, "num_decoder_blocks": [3, 3, 3, 1], "num_encoder_blocks": [1, 3, 3, 3], "out_channels": 3, "scaling_factor": 1.0,
        "upsampling_scaling_factor": 2}


def halves(scale, shift, pools={}):
    if (scale, shift) not in pools:
        draw = random.Random(f"{scale} {shift}")
        pools[scale, shift] = struct.pack(f"<{POOL}e", *(draw.gauss(shift, scale) for _ in range(POOL)))
    return pools[scale, shift]


def write(path, shapes):
    header, offset = {}, 0
    for name, shape in shapes.items():
        end = offset + 2 * math.prod(shape)
        header[name] = {"dtype": "F16", "shape": shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.parent.mkdir(parents=True)
    place = random.Random(path.name)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name, shape in shapes.items():
            if "embedding.weight" in name:
                pool = halves(0.02, 0.0)
            elif len(shape) > 1:
                pool = halves(math.prod(shape[1:]) ** -0.5, 0.0)
            else:
                pool = halves(0.02, 1.0 if name.endswith("weight") else 0.0)
            size, start = 2 * math.prod(shape), 2 * place.randrange(POOL)
            data = pool[start:] + pool * (size // len(pool) + 1)
            file.write(data[:size])


def main():
    quick = "--quick" in sys.argv
    given = [a for a in sys.argv[1:] if a != "--quick"]
    if len(given) != 1:
        sys.exit(__doc__)
    to = pathlib.Path(given[0])
    count = lambda shapes: sum(map(math.prod, shapes.values()))
    if quick:
        shapes = tiny()
        assert count(shapes) == 2_445_063
        write(to / "vae_quick/diffusion_pytorch_model.safetensors", shapes)
        (to / "vae_quick/config.json").write_text(json.dumps(TINY, indent=2))
        print(f"vae_quick: {count(shapes):,} parameters in {len(shapes)} tensors")
        if (to / "unet").exists():
            return
    parts = {"unet": unet(), "text_encoder": text_encoder(), "vae": vae()}
    assert count(parts["unet"]) == 859_520_964 and count(parts["vae"]) == 83_653_863
    for name, shapes in parts.items():
        stem = "model" if name == "text_encoder" else "diffusion_pytorch_model"
        write(to / name / f"{stem}.safetensors", shapes)
        print(f"{name}: {count(shapes):,} parameters in {len(shapes)} tensors")
    configs = {
        "unet": {"attention_head_dim": 8, "block_out_channels": [320, 640, 1280, 1280], "cross_attention_dim": 768,
                 "norm_num_groups": 32, "sample_size": 64},
        "text_encoder": {"hidden_size": 768, "intermediate_size": 3072, "max_position_embeddings": 77,
                         "num_attention_heads": 12, "num_hidden_layers": 12, "vocab_size": 49408},
        "vae": {"block_out_channels": [128, 256, 512, 512], "layers_per_block": 2, "norm_num_groups": 32,
                "sample_size": 512, "scaling_factor": 0.18215},
    }
    for name, changes in configs.items():
        config = json.loads((FIXTURE / name / "config.json").read_text())
        (to / name / "config.json").write_text(json.dumps(config | changes, indent=2))
    for name in "scheduler", "tokenizer":
        shutil.copytree(FIXTURE / name, to / name)


if __name__ == "__main__":
    main()
