//! The help: what the page does, in plain words.

pub const HELP: &str = "Help";
pub const HELP_TITLE: &str = "How it works, and what it cannot do";
pub const HELP_CLOSE: &str = "Close";

/// A section: heading and paragraphs.
pub type Section = (&'static str, &'static [&'static str]);

pub const HELP_MEASUREMENT: Section = (
    "The measurement",
    &[
        "A camera, a scanner or a compression has turned the picture x that you want into the data y that you have. A stands for what happened to it (a blur, missing pixels, fewer pixels), w for the noise. The page calls A the degradation.",
        "Many pictures x fit the same y: blurring hides fine detail, noise hides faint detail, and what is missing is not there at all. The data alone cannot say which of them is right.",
    ],
);
pub const HELP_PRIOR: Section = (
    "The prior",
    &[
        "So one asks which of the fitting pictures is plausible. Here a generative model says so: a latent consistency model, trained on pictures with descriptions c, the prompt. Given something noisy it jumps to a clean picture that it finds plausible.",
        "The posterior weighs both: fitting the data and being plausible. A restoration is one sample from it, not the only answer. Ask for several samples to see what the data leave open.",
    ],
);
pub const HELP_PROX: Section = (
    "LATINO, and the prox",
    &[
        "LATINO alternates. It brings the picture to the model's latent space, adds noise, lets the model make it clean, and brings it back: that is the prior's step. Then the proximal step, prox for short, moves to the nearest picture that agrees with y; γ says how much the data weigh. Each round uses less noise.",
        "LATINO-PRO also fits the prompt: it looks for the description under which the measurement is most probable. That helps where the prompt is wrong and the data say little.",
    ],
);
pub const HELP_LIMITS: Section = (
    "The limits",
    &[
        "Details may be invented. They agree with the data and look right, and may be wrong all the same. Never take them as evidence of who or what is in a picture.",
        "The prior knows what it was trained on. The model that comes with this page knows drawings of emoji at 128 x 128 pixels; of photographs it knows nothing. Every collection of pictures is biased, and so is every prior learnt from one.",
        "The degradation must be right. A wrong blur width or noise level gives a confident, wrong result: look at the residual, which should be near the noise.",
        "The spread of LATINO's samples is known to be too small. Read the uncertainty map as a lower bound.",
        "Simple drawings are often restored better by total variation, which knows only that edges are few. Compare the solvers.",
    ],
);
pub const HELP_PRIVACY: Section = (
    "Your pictures",
    &[
        "Everything is computed on this device. After the first visit the page works without a network, and its policy forbids it to send anything anywhere.",
    ],
);
pub const HELP_REFERENCES: &str = "References";

/// Authors, title and where, and the address.
pub const REFERENCES: [(&str, &str); 6] = [
    (
        "A. Spagnoletti, J. Prost, A. Almansa, N. Papadakis, M. Pereyra: LATINO-PRO, Latent consistency inverse solver with prompt optimization. ICCV 2025.",
        "https://arxiv.org/abs/2503.12615",
    ),
    (
        "S. Luo, Y. Tan, L. Huang, J. Li, H. Zhao: Latent consistency models. 2023.",
        "https://arxiv.org/abs/2310.04378",
    ),
    (
        "R. Rombach, A. Blattmann, D. Lorenz, P. Esser, B. Ommer: High-resolution image synthesis with latent diffusion models. CVPR 2022.",
        "https://arxiv.org/abs/2112.10752",
    ),
    (
        "Y. Zhu et al.: Denoising diffusion models for plug-and-play image restoration (DiffPIR). CVPR Workshops 2023.",
        "https://arxiv.org/abs/2305.08995",
    ),
    (
        "N. Parikh, S. Boyd: Proximal algorithms. Foundations and Trends in Optimization 1(3), 2014.",
        "https://doi.org/10.1561/2400000003",
    ),
    (
        "L. Rudin, S. Osher, E. Fatemi: Nonlinear total variation based noise removal algorithms. Physica D 60, 1992.",
        "https://doi.org/10.1016/0167-2789(92)90242-F",
    ),
];
