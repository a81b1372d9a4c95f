"""Writes tests/fixtures/scheduler.json: what diffusers' LCMScheduler computes for a few configs.

Run from the repository root: python tests/reference/scheduler.py  (needs torch and diffusers)
"""

import json
from pathlib import Path

import torch
from diffusers import LCMScheduler

CONFIGS = [
    {},
    {"prediction_type": "v_prediction"},
    {"prediction_type": "sample", "clip_sample": True, "clip_sample_range": 0.8},
    {"beta_schedule": "linear", "beta_start": 0.0001, "beta_end": 0.02, "timestep_scaling": 1.0},
    {"beta_schedule": "squaredcos_cap_v2", "prediction_type": "v_prediction"},
    {"rescale_betas_zero_snr": True, "prediction_type": "v_prediction"},
    {"num_train_timesteps": 500, "original_inference_steps": 30},
]
SHAPE = (1, 2, 2, 3)


def values(t):
    return [float(x) for x in t.flatten()]


def case(config):
    torch.manual_seed(0)
    s = LCMScheduler(**config)
    n = s.config.num_train_timesteps
    rule = []
    for steps in (1, 2, 3, 4, 5, 7, 8, 20):
        s.set_timesteps(steps)
        rule.append({"steps": steps, "timesteps": s.timesteps.tolist()})
    s.set_timesteps(3, strength=0.5)
    half = {"steps": 3, "start": n // 2 - 1, "timesteps": s.timesteps.tolist()}

    # A whole run with given noises, network outputs included.
    s.set_timesteps(4)
    z = torch.randn(SHAPE)
    run = []
    for i, t in enumerate(s.timesteps):
        output = torch.randn(SHAPE)
        generator = torch.Generator().manual_seed(i)
        noise = torch.randn(SHAPE, generator=torch.Generator().manual_seed(i))
        out = s.step(output, t, z, generator=generator)
        run.append(
            {
                "t": int(t),
                "z": values(z),
                "output": values(output),
                "noise": values(noise),
                "next": values(out.prev_sample),
                "denoised": values(out.denoised),
            }
        )
        z = out.prev_sample
    noisy = s.add_noise(torch.full(SHAPE, 0.5), torch.full(SHAPE, -2.0), torch.tensor([n // 3]))
    picks = sorted({0, 1, n // 10, n // 3, n // 2, n - 2, n - 1})
    return {
        "config": dict(s.config),
        "alpha_bar": [[t, float(s.alphas_cumprod[t])] for t in picks],
        "rule": rule,
        "half": half,
        "run": run,
        "add_noise": {"t": n // 3, "x0": 0.5, "noise": -2.0, "value": float(noisy.flatten()[0])},
    }


if __name__ == "__main__":
    out = Path(__file__).parents[1] / "fixtures" / "scheduler.json"
    # Six decimals are what single precision holds here, and keep the file small.
    text = json.dumps([case(c) for c in CONFIGS], separators=(",", ":"))
    rounded = json.loads(text, parse_float=lambda x: float(f"{float(x):.7g}"))
    out.write_text(json.dumps(rounded, separators=(",", ":")) + "\n")
