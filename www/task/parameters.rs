//! What can be set of each kind of degradation.

/// How a parameter is set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Control {
    /// A number.
    Range {
        /// The usual smallest, largest and step between neighbours.
        usual: [f64; 3],
        /// The smallest and largest that the engine takes.
        limits: [f64; 2],
        /// Whether it must be whole.
        whole: bool,
        /// Shown after it.
        unit: &'static str,
        /// At first.
        default: f64,
    },
    /// One of these, at first the first.
    OneOf(&'static [&'static str]),
    /// Which random draw, 0 at first.
    Seed,
}

/// A parameter of a degradation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter {
    /// Id of its control. Degradations that share one share its value.
    pub id: &'static str,
    /// The engine's name.
    pub key: &'static str,
    /// How it is set.
    pub control: Control,
}

const fn range(
    id: &'static str,
    key: &'static str,
    [min, max, step, default]: [f64; 4],
    limits: [f64; 2],
    unit: &'static str,
) -> Parameter {
    let control = Control::Range {
        usual: [min, max, step],
        limits,
        whole: false,
        unit,
        default,
    };
    Parameter { id, key, control }
}

const fn whole(
    id: &'static str,
    key: &'static str,
    [min, max, step, default]: [f64; 4],
    limits: [f64; 2],
    unit: &'static str,
) -> Parameter {
    let control = Control::Range {
        usual: [min, max, step],
        limits,
        whole: true,
        unit,
        default,
    };
    Parameter { id, key, control }
}

const fn one_of(
    id: &'static str,
    key: &'static str,
    options: &'static [&'static str],
) -> Parameter {
    let control = Control::OneOf(options);
    Parameter { id, key, control }
}

const fn seed(id: &'static str) -> Parameter {
    let control = Control::Seed;
    Parameter {
        id,
        key: "seed",
        control,
    }
}

const BOUNDARY: Parameter = one_of("boundary", "boundary", &["circular", "reflect", "free"]);
const ANGLE: Parameter = range(
    "angle",
    "angle",
    [0.0, 179.0, 1.0, 30.0],
    [-360.0, 360.0],
    "°",
);
/// Widths of Gaussians that the engine takes, in pixels.
const WIDTHS: [f64; 2] = [0.1, 60.0];

pub(super) const GAUSSIAN: &[Parameter] = &[
    range("sigma", "sigma", [0.5, 8.0, 0.1, 2.0], WIDTHS, " px"),
    BOUNDARY,
];
pub(super) const ANISOTROPIC: &[Parameter] = &[
    range("sigma-x", "sigma_x", [0.5, 12.0, 0.1, 4.0], WIDTHS, " px"),
    range("sigma-y", "sigma_y", [0.5, 12.0, 0.1, 1.0], WIDTHS, " px"),
    ANGLE,
    BOUNDARY,
];
pub(super) const DISK: &[Parameter] = &[
    range(
        "radius",
        "radius",
        [0.5, 12.0, 0.5, 4.0],
        [0.5, 60.0],
        " px",
    ),
    BOUNDARY,
];
pub(super) const MOTION: &[Parameter] = &[
    range(
        "length",
        "length",
        [2.0, 32.0, 1.0, 12.0],
        [1.0, 200.0],
        " px",
    ),
    ANGLE,
    BOUNDARY,
];
pub(super) const SHAKE: &[Parameter] = &[
    whole(
        "walk-size",
        "size",
        [3.0, 63.0, 2.0, 21.0],
        [3.0, 255.0],
        " px",
    ),
    range(
        "intensity",
        "intensity",
        [0.0, 1.0, 0.05, 0.5],
        [0.0, 1.0],
        "",
    ),
    seed("walk-seed"),
    BOUNDARY,
];
pub(super) const OWN_KERNEL: &[Parameter] = &[BOUNDARY];
pub(super) const SUPER_RESOLUTION: &[Parameter] = &[
    one_of("factor", "factor", &["8", "2", "4", "16", "32", "64"]),
    one_of(
        "sr-kernel",
        "kernel",
        &["bicubic", "area", "gaussian", "decimation"],
    ),
    range("sr-sigma", "sigma", [0.5, 16.0, 0.1, 4.0], WIDTHS, " px"),
    one_of("sr-grid", "grid", &["published", "centred"]),
];
pub(super) const INPAINT: &[Parameter] = &[
    range("fraction", "", [0.05, 0.95, 0.05, 0.25], [1e-6, 0.9999], ""),
    seed("mask-seed"),
];
pub(super) const BAYER: &[Parameter] = &[one_of(
    "pattern",
    "pattern",
    &["rggb", "bggr", "grbg", "gbrg"],
)];
pub(super) const FOURIER: &[Parameter] = &[
    range(
        "acceleration",
        "acceleration",
        [1.0, 16.0, 0.5, 4.0],
        [1.0, 64.0],
        "x",
    ),
    range("centre", "centre", [0.0, 0.5, 0.01, 0.08], [0.0, 1.0], ""),
    seed("fourier-seed"),
];
pub(super) const JPEG: &[Parameter] = &[whole(
    "quality",
    "quality",
    [1.0, 100.0, 1.0, 10.0],
    [1.0, 100.0],
    "",
)];
