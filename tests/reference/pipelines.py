"""Small random latent diffusion pipelines, and what diffusers and transformers compute with them.

    python tests/reference/pipelines.py [folder]

Writes three pipelines in diffusers folder layout to `folder` (default tests/fixtures/pipelines),
each with a `reference.safetensors`. The weights are random, f16, and the references are computed
in f32 from the rounded values. Norms and biases are far from 1 and 0, so that a misplaced one shows.

Needs torch, diffusers, transformers and safetensors.

Tensors in `reference.safetensors` (parts `unet`, `unet_odd` and `generate` as they apply):

    text.ids [B, N]           text.hidden [B, N, width]
    unet.sample [B, C, h, w]  unet.timesteps [B]  unet.context [B, N, width]
    unet.guidance [B]         guidance scale, where the UNet has a guidance embedding
    unet.output [B, C, h, w]
    vae.picture  vae.mean     encoding (unscaled posterior mean)
    vae.latent   vae.decoded  decoding (of an unscaled latent)
    generate.ids [1, N]  generate.noise [steps, 1, C, h, w]  generate.timesteps [steps]
    generate.latents (scaled)  generate.picture

The metadata entry `facts` is a JSON object: the prompt of `generate`, the guidance scale, where
there is one, and each part's number of parameters.
"""

import json
import shutil
import sys
from pathlib import Path

import diffusers
import torch
from diffusers import AutoencoderKL, AutoencoderTiny, LCMScheduler, UNet2DConditionModel
from diffusers.schedulers import scheduling_lcm
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

ROOT = Path(__file__).resolve().parents[2]
TOKENIZER = ROOT / "tests/fixtures/tiny-lcm/tokenizer"
TOKENS = 24
VOCABULARY = 2048
STEPS = 4


def randomise(model, seed):
    """Gives every parameter a value that f16 holds exactly."""
    g = torch.Generator().manual_seed(seed)
    model.eval().requires_grad_(False)
    for name, p in model.named_parameters():
        r = torch.randn(p.shape, generator=g)
        if name.endswith("bias"):
            r = 0.2 * r
        elif p.dim() == 1:
            r = 1 + 0.3 * r
        elif "embedding.weight" in name:
            r = 0.5 * r
        else:
            r = r / p[0].numel() ** 0.5
        p.copy_(r.half().float())
    return model


def half_state(model):
    return {k: v.half().contiguous() for k, v in model.state_dict().items() if v.is_floating_point()}


def save_weights(state, file):
    save_file(state, file, metadata={"format": "pt"})


def save_text_encoder(model, folder, prefixed):
    """With or without `text_model.` in front of the names: releases of transformers differ."""
    folder.mkdir(parents=True)
    config = model.config.to_dict()
    config |= {"architectures": ["CLIPTextModel"], "torch_dtype": "float16"}
    config.pop("dtype", None)
    (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    state = {k.removeprefix("text_model."): v for k, v in half_state(model).items()}
    if prefixed:
        state = {f"text_model.{k}": v for k, v in state.items()}
        # Old releases saved this buffer.
        state["text_model.embeddings.position_ids"] = torch.arange(TOKENS)[None]
    save_weights(state, folder / "model.safetensors")


def save_part(model, folder, shards=1, state=None):
    """Writes a diffusers model, in one or several files."""
    folder.mkdir(parents=True)
    model.save_config(folder)
    state = state or half_state(model)
    name = "diffusion_pytorch_model"
    if shards == 1:
        save_weights(state, folder / f"{name}.safetensors")
        return
    keys = sorted(state)
    weight_map = {}
    for i in range(shards):
        file = f"{name}-{i + 1:05}-of-{shards:05}.safetensors"
        part = keys[i * len(keys) // shards : (i + 1) * len(keys) // shards]
        save_weights({k: state[k] for k in part}, folder / file)
        weight_map |= {k: file for k in part}
    index = {
        "metadata": {"total_size": sum(2 * v.numel() for v in state.values())},
        "weight_map": weight_map,
    }
    (folder / f"{name}.safetensors.index.json").write_text(json.dumps(index, indent=1) + "\n")


def old_attention_names(state):
    """As checkpoints from before diffusers 0.15 name the autoencoder's attention."""
    names = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    renamed = {}
    for key, value in state.items():
        for new, old in names.items():
            if f".attentions.0.{new}." in key:
                key = key.replace(f".{new}.", f".{old}.")
                # They came from 1x1 convolutions, and some still look so.
                value = value[:, :, None, None].contiguous() if value.dim() == 2 else value
        renamed[key] = value
    return renamed


def guidance_embedding(scale, dim):
    """The embedding of the LCM pipeline, whose method needs no pipeline."""
    embed = diffusers.LatentConsistencyModelPipeline.get_guidance_scale_embedding
    return embed(None, scale - 1, embedding_dim=dim)


def text_reference(text, ids, out):
    out["text.ids"] = ids.int()
    out["text.hidden"] = text(ids).last_hidden_state


def unet_reference(unet, out, part, sample, timesteps, context, guidance=None):
    cond = None
    if guidance is not None:
        cond = guidance_embedding(guidance, unet.config.time_cond_proj_dim)
        out[f"{part}.guidance"] = guidance
    result = unet(sample, timesteps, context, timestep_cond=cond).sample
    out |= {
        f"{part}.sample": sample,
        f"{part}.timesteps": timesteps.float(),
        f"{part}.context": context,
        f"{part}.output": result,
    }


def encode(vae, picture):
    result = vae.encode(picture)
    return result.latents if isinstance(vae, AutoencoderTiny) else result.latent_dist.mean


def vae_reference(vae, out, picture, latent):
    out |= {
        "vae.picture": picture,
        "vae.mean": encode(vae, picture),
        "vae.latent": latent,
        "vae.decoded": vae.decode(latent).sample,
    }


def generate_reference(text, unet, vae, scheduler, ids, noise, out, guidance=None):
    """Latent consistency sampling with the given noises: the first one to start from."""
    scheduler.set_timesteps(STEPS)
    given = iter(noise[1:])
    scheduling_lcm.randn_tensor = lambda *args, **kwargs: next(given)
    cond = None
    if guidance is not None:
        cond = guidance_embedding(torch.tensor([guidance]), unet.config.time_cond_proj_dim)
    context = text(ids).last_hidden_state
    z = noise[0] * scheduler.init_noise_sigma
    for t in scheduler.timesteps:
        prediction = unet(z, t, context, timestep_cond=cond).sample
        z, clean = scheduler.step(prediction, t, z, return_dict=False)
    shift = vae.config.get("shift_factor") or 0
    out |= {
        "generate.ids": ids.int(),
        "generate.noise": noise,
        "generate.timesteps": scheduler.timesteps.float(),
        "generate.latents": clean,
        "generate.picture": vae.decode(clean / vae.config.scaling_factor + shift).sample,
    }


def tokenise(folder, prompt):
    tokenizer = CLIPTokenizer.from_pretrained(folder)
    ids = tokenizer(prompt, padding="max_length", max_length=TOKENS, truncation=True).input_ids
    return torch.tensor([ids])


def save_reference(out, folder, prompt, parts, guidance=None):
    facts = {"prompt": prompt, "guidance": guidance}
    for name, model in parts.items():
        facts[f"{name}.parameters"] = sum(p.numel() for p in model.parameters())
    # One entry, as safetensors writes several in any order.
    metadata = {"facts": json.dumps(facts)}
    out = {k: v.clone(memory_format=torch.contiguous_format) for k, v in out.items()}
    assert all(v.isfinite().all() for v in out.values())
    save_file(out, folder / "reference.safetensors", metadata=metadata)


def save_shell(folder, scheduler, pipeline, vae):
    """model_index.json, scheduler and tokenizer."""
    scheduler.save_config(folder / "scheduler")
    shutil.copytree(TOKENIZER, folder / "tokenizer")
    index = {
        "_class_name": pipeline,
        "_diffusers_version": diffusers.__version__,
        "feature_extractor": [None, None],
        "requires_safety_checker": False,
        "safety_checker": [None, None],
        "scheduler": ["diffusers", "LCMScheduler"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", type(vae).__name__],
    }
    (folder / "model_index.json").write_text(json.dumps(index, indent=1) + "\n")


def text_encoder(act, width, layers, heads, seed):
    config = CLIPTextConfig(
        vocab_size=VOCABULARY,
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        max_position_embeddings=TOKENS,
        hidden_act=act,
        bos_token_id=2046,
        eos_token_id=2047,
        pad_token_id=2047,
    )
    return randomise(CLIPTextModel(config), seed)


def scheduler(prediction):
    return LCMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        original_inference_steps=50,
        prediction_type=prediction,
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
    )


def sd15():
    """Shaped like Stable Diffusion 1.5, with the names that its checkpoint has."""
    text = text_encoder("quick_gelu", 32, 2, 4, 1)
    unet = UNet2DConditionModel(
        sample_size=24,
        block_out_channels=(16, 24, 32, 32),
        layers_per_block=2,
        attention_head_dim=4,
        cross_attention_dim=32,
        norm_num_groups=8,
    )
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(8, 16, 16, 24),
        layers_per_block=2,
        norm_num_groups=8,
        sample_size=192,
        scaling_factor=0.18215,
    )
    return dict(text=text, unet=unet, vae=vae, prediction="epsilon", prefixed=True, old_vae=True)


def lcm():
    """With a guidance embedding, the tiny autoencoder, and the UNet's rarer options."""
    text = text_encoder("gelu", 24, 2, 2, 2)
    unet = UNet2DConditionModel(
        sample_size=16,
        block_out_channels=(16, 32),
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        layers_per_block=(1, 2),
        transformer_layers_per_block=(1, 2),
        only_cross_attention=(True, False),
        attention_head_dim=2,
        cross_attention_dim=24,
        norm_num_groups=4,
        time_cond_proj_dim=32,
        downsample_padding=0,
        center_input_sample=True,
        flip_sin_to_cos=False,
        freq_shift=1,
        conv_in_kernel=5,
    )
    vae = AutoencoderTiny(
        encoder_block_out_channels=(16,) * 3,
        decoder_block_out_channels=(16,) * 3,
        num_encoder_blocks=(1, 2, 1),
        num_decoder_blocks=(2, 1, 1),
        scaling_factor=0.9,
    )
    return dict(text=text, unet=unet, vae=vae, prediction="epsilon", guidance=7.5, size=(12, 18))


def sd21():
    """Shaped like Stable Diffusion 2.1 at 768 pixels; the UNet's weights lie in two files."""
    text = text_encoder("gelu", 32, 3, 4, 3)
    unet = UNet2DConditionModel(
        sample_size=16,
        block_out_channels=(16, 32, 32),
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        layers_per_block=1,
        attention_head_dim=(2, 4, 8),
        cross_attention_dim=32,
        norm_num_groups=8,
        use_linear_projection=True,
        upcast_attention=True,
    )
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        block_out_channels=(8, 16),
        layers_per_block=1,
        norm_num_groups=4,
        sample_size=32,
        scaling_factor=0.5,
        shift_factor=0.1,
        use_quant_conv=False,
    )
    return dict(
        text=text, unet=unet, vae=vae, prediction="v_prediction",
        prefixed=True, shards=2, size=(12, 20), odd=(11, 19),
    )  # fmt: skip


def write(
    folder, seed, text, unet, vae, prediction, prefixed=False, old_vae=False, shards=1,
    guidance=None, size=(24, 40), odd=None,
):  # fmt: skip
    """Saves one pipeline and its references."""
    shutil.rmtree(folder, ignore_errors=True)
    randomise(unet, seed)
    randomise(vae, seed + 1)
    noise_schedule = scheduler(prediction)
    pipeline = "LatentConsistencyModelPipeline" if guidance else "StableDiffusionPipeline"
    save_shell(folder, noise_schedule, pipeline, vae)
    save_text_encoder(text, folder / "text_encoder", prefixed)
    save_part(unet, folder / "unet", shards)
    state = old_attention_names(half_state(vae)) if old_vae else None
    save_part(vae, folder / "vae", state=state)

    g = torch.Generator().manual_seed(seed + 2)

    def randn(*shape):
        return torch.randn(shape, generator=g)

    out = {}
    text_reference(text, torch.randint(0, VOCABULARY, (2, TOKENS - 5), generator=g), out)
    width = unet.config.cross_attention_dim
    scales = None if guidance is None else torch.tensor([1.0, guidance])
    for part, (h, w) in {"unet": size, **({"unet_odd": odd} if odd else {})}.items():
        times = torch.tensor([981, 37])
        unet_reference(unet, out, part, randn(2, 4, h, w), times, randn(2, TOKENS, width), scales)
    factor = 4 if isinstance(vae, AutoencoderTiny) else 2 ** (len(vae.config.block_out_channels) - 1)
    picture = (0.5 * randn(2, 3, 3 * factor, 5 * factor)).clamp(-1, 1)
    # Large values, so that the tiny autoencoder's clamp shows.
    vae_reference(vae, out, picture, 2 * randn(2, 4, 5, 3))
    prompt = "a glossy 3d emoji of a red apple"
    ids = tokenise(folder / "tokenizer", prompt)
    generate_reference(
        text, unet, vae, noise_schedule, ids, randn(STEPS, 1, 4, *size), out, guidance
    )
    save_reference(out, folder, prompt, dict(text=text, unet=unet, vae=vae), guidance)


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "tests/fixtures/pipelines"
    with torch.no_grad():
        for number, make in enumerate((sd15, lcm, sd21)):
            write(target / make.__name__, 100 * (number + 1), **make())
