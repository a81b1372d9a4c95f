//! The textual form of a task: `name:key=value,...`.

use std::{collections::BTreeMap, fmt, str::FromStr};

use crate::{Error, Result};

/// A task as the visitor may name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskInfo {
    /// Its name.
    pub name: &'static str,
    /// The keys that it takes.
    pub keys: &'static [&'static str],
    /// What it does, ranges and defaults, in one sentence.
    pub summary: &'static str,
}

/// All tasks.
pub const TASKS: &[TaskInfo] = &[
    TaskInfo {
        name: "denoising",
        keys: &[],
        summary: "y = x + noise.",
    },
    TaskInfo {
        name: "gaussian-blur",
        keys: &["sigma", "boundary"],
        summary: "Gaussian blur of sigma (0.1 to 60, default 3) pixels.",
    },
    TaskInfo {
        name: "anisotropic-blur",
        keys: &["sigma_x", "sigma_y", "angle", "boundary"],
        summary: "Gaussian blur of sigma_x (default 6) along angle (degrees, default 30) and sigma_y (default 1) across.",
    },
    TaskInfo {
        name: "disk-blur",
        keys: &["radius", "boundary"],
        summary: "Out-of-focus blur with a disk of radius (0.5 to 60, default 5) pixels.",
    },
    TaskInfo {
        name: "motion-blur",
        keys: &["length", "angle", "boundary"],
        summary: "Motion over length (1 to 200, default 15) pixels at angle (degrees counter-clockwise, default 30).",
    },
    TaskInfo {
        name: "blur",
        keys: &["kernel", "boundary"],
        summary: "Blur with a kernel of your own: kernel=given.",
    },
    TaskInfo {
        name: "super-resolution",
        keys: &["factor", "kernel"],
        summary: "Enlarges factor (2 to 64, default 8) times; kernel is bicubic (default) or area.",
    },
    TaskInfo {
        name: "inpainting",
        keys: &["box", "random", "seed", "mask"],
        summary: "Missing pixels: box=share of the area in a centred box (default 0.25), random=share[,seed=0], or mask=given.",
    },
    TaskInfo {
        name: "colorization",
        keys: &[],
        summary: "Adds colour to a grey picture.",
    },
];

/// How super-resolution shrinks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Downsampling {
    /// The published antialiased Keys kernel, samples at f j - 1/2, reflecting borders.
    Bicubic,
    /// Means of f x f blocks.
    Area,
}

/// Which pixels inpainting misses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mask {
    /// A centred box with this share of the picture's area, above 0 and below 1.
    Box(f64),
    /// Every pixel with this probability, above 0 and below 1.
    Random {
        /// The probability.
        missing: f64,
        /// Seed of the draw.
        seed: u64,
    },
    /// The mask that comes with the job.
    Given,
}

/// A task and its settings. [`fmt::Display`] prints what [`FromStr`] reads.
/// Blurs are circular convolutions (`boundary=circular`, the only boundary).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TaskSpec {
    /// y = x + noise.
    Denoising,
    /// Gaussian blur.
    GaussianBlur {
        /// Deviation in pixels, 0.1 to 60.
        sigma: f64,
    },
    /// Rotated Gaussian blur.
    AnisotropicBlur {
        /// Deviation along `angle` in pixels, 0.1 to 60.
        sigma_x: f64,
        /// Deviation across `angle` in pixels, 0.1 to 60.
        sigma_y: f64,
        /// Degrees counter-clockwise from the horizontal, -360 to 360.
        angle: f64,
    },
    /// Out-of-focus blur.
    DiskBlur {
        /// In pixels, 0.5 to 60.
        radius: f64,
    },
    /// Linear motion blur.
    MotionBlur {
        /// In pixels, 1 to 200.
        length: f64,
        /// Degrees counter-clockwise from the horizontal, -360 to 360.
        angle: f64,
    },
    /// Blur with a given kernel.
    Blur,
    /// Super-resolution.
    SuperResolution {
        /// 2 to 64.
        factor: usize,
        /// The downsampling.
        kernel: Downsampling,
    },
    /// Inpainting.
    Inpainting(Mask),
    /// Colorization.
    Colorization,
}

impl TaskSpec {
    /// The task's name, without its settings.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Denoising => "denoising",
            Self::GaussianBlur { .. } => "gaussian-blur",
            Self::AnisotropicBlur { .. } => "anisotropic-blur",
            Self::DiskBlur { .. } => "disk-blur",
            Self::MotionBlur { .. } => "motion-blur",
            Self::Blur => "blur",
            Self::SuperResolution { .. } => "super-resolution",
            Self::Inpainting(_) => "inpainting",
            Self::Colorization => "colorization",
        }
    }

    /// How many times larger a picture's side is than its measurement's.
    pub fn factor(&self) -> usize {
        match self {
            Self::SuperResolution { factor, .. } => *factor,
            _ => 1,
        }
    }

    /// How far the measurement's grid lies up and left of a centred one, in its own pixels:
    /// the published bicubic kernel samples half a pixel off.
    pub fn grid_shift(&self) -> f64 {
        match self {
            Self::SuperResolution {
                kernel: Downsampling::Bicubic,
                ..
            } => 0.5,
            _ => 0.0,
        }
    }
}

impl fmt::Display for TaskSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match self {
            Self::Denoising | Self::Colorization => write!(f, "{name}"),
            Self::GaussianBlur { sigma } => write!(f, "{name}:sigma={sigma}"),
            Self::AnisotropicBlur {
                sigma_x,
                sigma_y,
                angle,
            } => write!(
                f,
                "{name}:sigma_x={sigma_x},sigma_y={sigma_y},angle={angle}"
            ),
            Self::DiskBlur { radius } => write!(f, "{name}:radius={radius}"),
            Self::MotionBlur { length, angle } => write!(f, "{name}:length={length},angle={angle}"),
            Self::Blur => write!(f, "{name}:kernel=given"),
            Self::SuperResolution { factor, kernel } => match kernel {
                Downsampling::Bicubic => write!(f, "{name}:factor={factor}"),
                Downsampling::Area => write!(f, "{name}:factor={factor},kernel=area"),
            },
            Self::Inpainting(Mask::Box(share)) => write!(f, "{name}:box={share}"),
            Self::Inpainting(Mask::Random { missing, seed }) => {
                write!(f, "{name}:random={missing},seed={seed}")
            }
            Self::Inpainting(Mask::Given) => write!(f, "{name}:mask=given"),
        }
    }
}

/// The key=value pairs of one spec, taken out one by one.
struct Settings<'a> {
    task: &'a str,
    pairs: BTreeMap<&'a str, &'a str>,
}

impl Settings<'_> {
    fn number<T>(&self, key: &str, default: T, low: T, high: T) -> Result<T>
    where
        T: FromStr + PartialOrd + fmt::Display + Copy,
    {
        let Some(text) = self.pairs.get(key) else {
            return Ok(default);
        };
        match text.parse::<T>() {
            Ok(v) if v >= low && v <= high => Ok(v),
            _ => Err(Error::invalid(format!(
                "{}: {key}={text} must be a number from {low} to {high}",
                self.task
            ))),
        }
    }

    fn choice(&self, key: &str, options: &[&str]) -> Result<usize> {
        let Some(text) = self.pairs.get(key) else {
            return Ok(0);
        };
        options.iter().position(|o| o == text).ok_or_else(|| {
            Error::invalid(format!(
                "{}: {key}={text} is not known; choose from: {}",
                self.task,
                options.join(", ")
            ))
        })
    }

    fn share(&self, key: &str) -> Result<f64> {
        self.number(key, 0.25, 1e-6, 0.9999)
    }

    fn mask(&self) -> Result<Mask> {
        let named: Vec<&str> = (["box", "random", "mask"].into_iter())
            .filter(|k| self.pairs.contains_key(k))
            .collect();
        if named.len() > 1 {
            return Err(Error::invalid(format!(
                "inpainting: {} exclude each other",
                named.join(" and ")
            )));
        }
        let random = named.first() == Some(&"random");
        if self.pairs.contains_key("seed") && !random {
            return Err(Error::invalid("inpainting: seed goes with random only"));
        }
        Ok(match named.first() {
            Some(&"random") => Mask::Random {
                missing: self.share("random")?,
                seed: self.number("seed", 0, 0, u64::MAX)?,
            },
            Some(&"mask") => {
                self.choice("mask", &["given"])?;
                Mask::Given
            }
            _ => Mask::Box(self.share("box")?),
        })
    }
}

impl FromStr for TaskSpec {
    type Err = Error;

    /// Fails with [`Error::Invalid`] on an unknown name, key or value, listing what is valid.
    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim();
        let (name, rest) = text.split_once(':').unwrap_or((text, ""));
        let info = TASKS.iter().find(|t| t.name == name).ok_or_else(|| {
            let names: Vec<_> = TASKS.iter().map(|t| t.name).collect();
            Error::invalid(format!(
                "the task {name:?} is not known; choose from: {}",
                names.join(", ")
            ))
        })?;
        let mut pairs = BTreeMap::new();
        for pair in rest.split(',').map(str::trim).filter(|p| !p.is_empty()) {
            let (key, value) = pair.split_once('=').ok_or_else(|| {
                Error::invalid(format!("{name}: {pair:?} is not of the form key=value"))
            })?;
            if !info.keys.contains(&key) {
                let keys = match info.keys {
                    [] => "it takes none".to_owned(),
                    keys => format!("it takes: {}", keys.join(", ")),
                };
                return Err(Error::invalid(format!("{name} has no key {key:?}; {keys}")));
            }
            if pairs.insert(key, value).is_some() {
                return Err(Error::invalid(format!("{name}: {key} is given twice")));
            }
        }
        let s = Settings { task: name, pairs };
        s.choice("boundary", &["circular"])?;
        let angle = || s.number("angle", 30.0, -360.0, 360.0);
        Ok(match name {
            "denoising" => Self::Denoising,
            "gaussian-blur" => Self::GaussianBlur {
                sigma: s.number("sigma", 3.0, 0.1, 60.0)?,
            },
            "anisotropic-blur" => Self::AnisotropicBlur {
                sigma_x: s.number("sigma_x", 6.0, 0.1, 60.0)?,
                sigma_y: s.number("sigma_y", 1.0, 0.1, 60.0)?,
                angle: angle()?,
            },
            "disk-blur" => Self::DiskBlur {
                radius: s.number("radius", 5.0, 0.5, 60.0)?,
            },
            "motion-blur" => Self::MotionBlur {
                length: s.number("length", 15.0, 1.0, 200.0)?,
                angle: angle()?,
            },
            "blur" => {
                s.choice("kernel", &["given"])?;
                Self::Blur
            }
            "super-resolution" => Self::SuperResolution {
                factor: s.number("factor", 8, 2, 64)?,
                kernel: match s.choice("kernel", &["bicubic", "area"])? {
                    0 => Downsampling::Bicubic,
                    _ => Downsampling::Area,
                },
            },
            "inpainting" => Self::Inpainting(s.mask()?),
            _ => Self::Colorization,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_task_parses_and_round_trips() {
        let more = [
            "gaussian-blur:sigma=2.5,boundary=circular",
            "super-resolution:factor=4,kernel=area",
            "inpainting:random=0.5,seed=7",
            "inpainting:mask=given",
            "motion-blur:length=15,angle=-30",
        ];
        for text in TASKS.iter().map(|t| t.name).chain(more) {
            let spec: TaskSpec = text.parse().unwrap();
            assert!(text.starts_with(spec.name()));
            assert_eq!(spec.to_string().parse::<TaskSpec>().unwrap(), spec);
        }
        let blur: TaskSpec = "gaussian-blur".parse().unwrap();
        assert_eq!(blur, TaskSpec::GaussianBlur { sigma: 3.0 });
    }

    #[test]
    fn errors_name_the_culprit_and_what_is_valid() {
        for (text, wanted) in [
            ("sharpen", "super-resolution"),
            ("gaussian-blur:radius=3", "sigma"),
            ("gaussian-blur:sigma=-3", "0.1 to 60"),
            ("gaussian-blur:sigma=NaN", "0.1 to 60"),
            ("gaussian-blur:sigma=3,boundary=zero", "circular"),
            ("gaussian-blur:sigma", "key=value"),
            ("gaussian-blur:sigma=1,sigma=2", "twice"),
            ("super-resolution:factor=1", "2 to 64"),
            ("super-resolution:kernel=lanczos", "bicubic, area"),
            ("inpainting:box=0.2,random=0.3", "exclude"),
            ("inpainting:box=0.2,seed=3", "random only"),
            ("colorization:weights=1", "takes none"),
        ] {
            let message = text.parse::<TaskSpec>().unwrap_err().to_string();
            assert!(message.contains(wanted), "{text}: {message}");
        }
    }
}
