//! The degradations on offer, their parameters, and the engine's spelling of them.

use std::collections::BTreeMap;

use latino_web::physics::TaskSpec;

/// A degradation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TaskKind {
    /// Only noise.
    #[default]
    Denoise,
    /// Gaussian blur.
    Gaussian,
    /// Gaussian blur of two widths, turned.
    Anisotropic,
    /// Out of focus.
    Disk,
    /// Blur along a line.
    Motion,
    /// Blur along a random walk.
    Shake,
    /// Low resolution.
    SuperResolution,
    /// Missing pixels.
    Inpaint,
    /// Missing colour.
    Colourise,
    /// One colour per pixel.
    Bayer,
    /// Missing frequencies.
    Fourier,
    /// Compression.
    Jpeg,
    /// What the visitor has written.
    Custom,
}

/// Which pixels are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HoleKind {
    /// One centred box.
    #[default]
    Box,
    /// Pixels at random.
    Random,
    /// Those that the visitor has painted.
    Own,
}

/// How a parameter is set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Control {
    /// A number.
    Range {
        /// Smallest.
        min: f64,
        /// Largest.
        max: f64,
        /// Between neighbours.
        step: f64,
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
    unit: &'static str,
) -> Parameter {
    let control = Control::Range {
        min,
        max,
        step,
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
const ANGLE: Parameter = range("angle", "angle", [0.0, 179.0, 1.0, 30.0], "°");

const GAUSSIAN: &[Parameter] = &[
    range("sigma", "sigma", [0.5, 8.0, 0.1, 2.0], " px"),
    BOUNDARY,
];
const ANISOTROPIC: &[Parameter] = &[
    range("sigma-x", "sigma_x", [0.5, 12.0, 0.1, 4.0], " px"),
    range("sigma-y", "sigma_y", [0.5, 12.0, 0.1, 1.0], " px"),
    ANGLE,
    BOUNDARY,
];
const DISK: &[Parameter] = &[
    range("radius", "radius", [0.5, 12.0, 0.5, 4.0], " px"),
    BOUNDARY,
];
const MOTION: &[Parameter] = &[
    range("length", "length", [2.0, 32.0, 1.0, 12.0], " px"),
    ANGLE,
    BOUNDARY,
];
const SHAKE: &[Parameter] = &[
    range("walk-size", "size", [3.0, 63.0, 2.0, 21.0], " px"),
    range("intensity", "intensity", [0.0, 1.0, 0.05, 0.5], ""),
    seed("walk-seed"),
    BOUNDARY,
];
const SUPER_RESOLUTION: &[Parameter] = &[
    one_of("factor", "factor", &["8", "2", "4", "16"]),
    one_of(
        "sr-kernel",
        "kernel",
        &["bicubic", "area", "gaussian", "decimation"],
    ),
    range("sr-sigma", "sigma", [0.5, 16.0, 0.1, 4.0], " px"),
    one_of("sr-grid", "grid", &["published", "centred"]),
];
const INPAINT: &[Parameter] = &[
    range("fraction", "", [0.05, 0.95, 0.05, 0.25], ""),
    seed("mask-seed"),
];
const BAYER: &[Parameter] = &[one_of(
    "pattern",
    "pattern",
    &["rggb", "bggr", "grbg", "gbrg"],
)];
const FOURIER: &[Parameter] = &[
    range("acceleration", "acceleration", [1.0, 16.0, 0.5, 4.0], "x"),
    range("centre", "centre", [0.0, 0.5, 0.01, 0.08], ""),
    seed("fourier-seed"),
];
const JPEG: &[Parameter] = &[range("quality", "quality", [1.0, 100.0, 1.0, 10.0], "")];

impl TaskKind {
    /// Every kind but the visitor's own, by what they do.
    pub const GROUPS: [(&'static str, &'static [Self]); 6] = [
        ("noise", &[Self::Denoise]),
        (
            "blur",
            &[
                Self::Gaussian,
                Self::Anisotropic,
                Self::Disk,
                Self::Motion,
                Self::Shake,
            ],
        ),
        ("resolution", &[Self::SuperResolution]),
        ("missing", &[Self::Inpaint]),
        ("colour", &[Self::Colourise, Self::Bayer]),
        ("transform", &[Self::Fourier, Self::Jpeg]),
    ];

    /// Every kind, in the order shown.
    pub fn all() -> impl Iterator<Item = Self> {
        let named = Self::GROUPS.into_iter().flat_map(|(_, kinds)| kinds.iter());
        named.copied().chain([Self::Custom])
    }

    /// The engine's name of the operator; also the value of the page's choice.
    pub fn key(self) -> &'static str {
        match self {
            Self::Denoise => "denoising",
            Self::Gaussian => "gaussian-blur",
            Self::Anisotropic => "anisotropic-blur",
            Self::Disk => "disk-blur",
            Self::Motion => "motion-blur",
            Self::Shake => "random-motion-blur",
            Self::SuperResolution => "super-resolution",
            Self::Inpaint => "inpainting",
            Self::Colourise => "colorization",
            Self::Bayer => "bayer",
            Self::Fourier => "fourier",
            Self::Jpeg => "jpeg",
            Self::Custom => "custom",
        }
    }

    /// The kind of that name.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::all().find(|kind| kind.key() == key)
    }

    /// What can be set.
    fn known(self) -> &'static [Parameter] {
        match self {
            Self::Denoise | Self::Colourise | Self::Custom => &[],
            Self::Gaussian => GAUSSIAN,
            Self::Anisotropic => ANISOTROPIC,
            Self::Disk => DISK,
            Self::Motion => MOTION,
            Self::Shake => SHAKE,
            Self::SuperResolution => SUPER_RESOLUTION,
            Self::Inpaint => INPAINT,
            Self::Bayer => BAYER,
            Self::Fourier => FOURIER,
            Self::Jpeg => JPEG,
        }
    }

    /// A noise level at which the kind is worth a look, for pictures in [0, 1].
    pub fn usual_noise(self) -> f64 {
        match self {
            Self::Denoise => 0.5,
            _ => 0.02,
        }
    }
}

/// A degradation with its parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Which one.
    pub kind: TaskKind,
    /// Inpainting: which pixels are missing.
    pub hole: HoleKind,
    /// The visitor's own, as the engine reads it.
    pub custom: String,
    /// Numbers that were set, by id.
    numbers: BTreeMap<&'static str, f64>,
    /// Choices that were made, by id.
    choices: BTreeMap<&'static str, &'static str>,
}

impl Default for Task {
    fn default() -> Self {
        Self {
            kind: TaskKind::default(),
            hole: HoleKind::default(),
            custom: "gaussian-blur:sigma=1.5 | super-resolution:factor=2 | jpeg:quality=40".into(),
            numbers: BTreeMap::new(),
            choices: BTreeMap::new(),
        }
    }
}

impl Task {
    /// The parameters that matter now.
    pub fn parameters(&self) -> Vec<Parameter> {
        let kernel = || self.choice("sr-kernel");
        let matters = |p: &&Parameter| match p.id {
            "sr-sigma" => kernel() == "gaussian",
            "sr-grid" => matches!(kernel(), "gaussian" | "bicubic"),
            "mask-seed" => self.hole == HoleKind::Random,
            "fraction" => self.hole != HoleKind::Own,
            _ => true,
        };
        self.kind.known().iter().filter(matters).copied().collect()
    }

    fn parameter(&self, id: &str) -> Option<Parameter> {
        self.kind.known().iter().find(|p| p.id == id).copied()
    }

    /// The value of a number or a seed of this kind.
    pub fn number(&self, id: &str) -> f64 {
        let default = match self.parameter(id).map(|p| p.control) {
            Some(Control::Range { default, .. }) => default,
            _ => 0.0,
        };
        self.numbers.get(id).copied().unwrap_or(default)
    }

    /// Sets a number or a seed.
    pub fn set_number(&mut self, id: &'static str, value: f64) {
        self.numbers.insert(id, value);
    }

    /// The value of a choice of this kind.
    pub fn choice(&self, id: &str) -> &'static str {
        match self.parameter(id).map(|p| p.control) {
            Some(Control::OneOf(options)) => {
                let first = options.first().copied().unwrap_or_default();
                self.choices.get(id).copied().unwrap_or(first)
            }
            _ => "",
        }
    }

    /// Makes a choice; one that is not on offer changes nothing.
    pub fn set_choice(&mut self, id: &'static str, value: &str) {
        if let Some(Control::OneOf(options)) = self.parameter(id).map(|p| p.control)
            && let Some(option) = options.iter().find(|o| **o == value)
        {
            self.choices.insert(id, option);
        }
    }

    /// The operator as the engine reads it: `name:key=value,...`.
    pub fn spec(&self) -> String {
        let pair = |p: Parameter| match p.control {
            Control::OneOf(_) => format!("{}={}", p.key, self.choice(p.id)),
            Control::Range { .. } | Control::Seed => format!("{}={}", p.key, self.number(p.id)),
        };
        let name = self.kind.key();
        match (self.kind, self.hole) {
            (TaskKind::Custom, _) => self.custom.clone(),
            (TaskKind::Inpaint, HoleKind::Box) => format!("{name}:box={}", self.number("fraction")),
            (TaskKind::Inpaint, HoleKind::Random) => format!(
                "{name}:random={},seed={}",
                self.number("fraction"),
                self.number("mask-seed")
            ),
            (TaskKind::Inpaint, HoleKind::Own) => format!("{name}:mask=given"),
            _ => {
                let pairs: Vec<_> = self.parameters().into_iter().map(pair).collect();
                if pairs.is_empty() {
                    name.to_owned()
                } else {
                    format!("{name}:{}", pairs.join(","))
                }
            }
        }
    }

    /// What the engine has against it, in its words; `None` when it can be read.
    pub fn error(&self) -> Option<String> {
        let parsed = self.spec().parse::<TaskSpec>();
        parsed.err().map(|e| e.to_string())
    }

    /// True when the job carries the visitor's mask.
    pub fn wants_mask(&self) -> bool {
        match self.kind {
            TaskKind::Inpaint => self.hole == HoleKind::Own,
            TaskKind::Custom => self.custom.contains("mask=given"),
            _ => false,
        }
    }

    /// By how much smaller the measurement is than the picture, per side.
    pub fn shrink(&self) -> u32 {
        let parsed = self.spec().parse::<TaskSpec>();
        parsed.map_or(1, |spec| spec.factor().max(1) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_reads_every_task_with_every_choice() {
        for kind in TaskKind::all() {
            for hole in [HoleKind::Box, HoleKind::Random, HoleKind::Own] {
                let mut task = Task {
                    kind,
                    hole,
                    ..Task::default()
                };
                assert_eq!(task.error(), None, "{}", task.spec());
                for p in kind.known() {
                    match p.control {
                        Control::OneOf(options) => {
                            for option in options {
                                task.set_choice(p.id, option);
                                assert_eq!(task.choice(p.id), *option);
                                assert_eq!(task.error(), None, "{}", task.spec());
                            }
                        }
                        Control::Range { min, max, .. } => {
                            for value in [min, max] {
                                task.set_number(p.id, value);
                                assert_eq!(task.error(), None, "{}", task.spec());
                            }
                        }
                        Control::Seed => {
                            task.set_number(p.id, f64::from(u32::MAX));
                            assert_eq!(task.error(), None, "{}", task.spec());
                        }
                    }
                }
            }
            assert_eq!(TaskKind::from_key(kind.key()), Some(kind));
        }
    }

    #[test]
    fn what_is_written_by_hand_is_checked_and_scales() {
        let mut task = Task {
            kind: TaskKind::Custom,
            ..Task::default()
        };
        assert_eq!((task.error(), task.shrink()), (None, 2));
        task.custom = "super-resolution:factor=4 | inpainting:mask=given".into();
        assert!(task.wants_mask());
        assert_eq!(task.shrink(), 4);
        task.custom = "sharpen".into();
        let error = task.error().expect("no such task");
        assert!(error.contains("choose from"), "{error}");
        assert_eq!(task.shrink(), 1);
    }
}
