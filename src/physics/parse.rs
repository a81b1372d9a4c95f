//! Reading the textual form of a task.

use std::{collections::BTreeMap, fmt, str::FromStr};

use super::choices::{Boundary, Downsampling, Grid, Mask, Pattern};
use super::spec::TaskSpec;
use super::tasks::TASKS;
use crate::{Error, Result};

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

    fn super_resolution(&self) -> Result<TaskSpec> {
        let factor = self.number("factor", 8, 2, 64)?;
        let kernel = match self.choice("kernel", &["bicubic", "area", "gaussian", "decimation"])? {
            0 => Downsampling::Bicubic,
            1 => Downsampling::Area,
            2 => Downsampling::Gaussian {
                sigma: self.number("sigma", factor as f64 / 2.0, 0.1, 60.0)?,
            },
            _ => Downsampling::Decimation,
        };
        let gaussian = matches!(kernel, Downsampling::Gaussian { .. });
        if self.pairs.contains_key("sigma") && !gaussian {
            return Err(Error::invalid(
                "super-resolution: sigma goes with kernel=gaussian only",
            ));
        }
        let grid = match self.pairs.get("grid") {
            None => kernel.default_grid(),
            Some(_) => match self.choice("grid", &["published", "centred"])? {
                0 => Grid::Published,
                _ => Grid::Centred,
            },
        };
        if grid == Grid::Published && !gaussian && kernel != Downsampling::Bicubic {
            return Err(Error::invalid(
                "super-resolution: grid=published goes with kernel=bicubic and gaussian only",
            ));
        }
        Ok(TaskSpec::SuperResolution {
            factor,
            kernel,
            grid,
        })
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

/// Longest chain of tasks.
const PARTS: usize = 4;

/// Tasks joined by `|`.
fn composition(text: &str) -> Result<TaskSpec> {
    let parts: Vec<TaskSpec> = text.split('|').map(str::parse).collect::<Result<_>>()?;
    if parts.len() > PARTS {
        return Err(Error::invalid(format!(
            "{} tasks are joined; at most {PARTS} can be",
            parts.len()
        )));
    }
    let before_last = &parts[..parts.len() - 1];
    if (before_last.iter()).any(|p| matches!(p, TaskSpec::Jpeg { .. })) {
        return Err(Error::invalid(
            "jpeg is not linear and can only be the last of joined tasks",
        ));
    }
    Ok(TaskSpec::Composition(parts))
}

impl FromStr for TaskSpec {
    type Err = Error;

    /// One task, or several joined by `|` (in a shell, quote them), applied from left to right.
    /// Fails with [`Error::Invalid`] on an unknown name, key or value, listing what is valid.
    fn from_str(text: &str) -> Result<Self> {
        if text.contains('|') {
            return composition(text);
        }
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
        let boundary = match s.choice("boundary", &["circular", "reflect", "free"])? {
            0 => Boundary::Circular,
            1 => Boundary::Reflect,
            _ => Boundary::Free,
        };
        let angle = || s.number("angle", 30.0, -360.0, 360.0);
        Ok(match name {
            "denoising" => Self::Denoising,
            "gaussian-blur" => Self::GaussianBlur {
                sigma: s.number("sigma", 3.0, 0.1, 60.0)?,
                boundary,
            },
            "anisotropic-blur" => Self::AnisotropicBlur {
                sigma_x: s.number("sigma_x", 6.0, 0.1, 60.0)?,
                sigma_y: s.number("sigma_y", 1.0, 0.1, 60.0)?,
                angle: angle()?,
                boundary,
            },
            "disk-blur" => Self::DiskBlur {
                radius: s.number("radius", 5.0, 0.5, 60.0)?,
                boundary,
            },
            "motion-blur" => Self::MotionBlur {
                length: s.number("length", 15.0, 1.0, 200.0)?,
                angle: angle()?,
                boundary,
            },
            "random-motion-blur" => Self::RandomMotionBlur {
                size: s.number("size", 31, 3, 255)?,
                intensity: s.number("intensity", 0.5, 0.0, 1.0)?,
                seed: s.number("seed", 0, 0, u64::MAX)?,
                boundary,
            },
            "blur" => {
                s.choice("kernel", &["given"])?;
                Self::Blur { boundary }
            }
            "super-resolution" => s.super_resolution()?,
            "inpainting" => Self::Inpainting(s.mask()?),
            "bayer" => {
                let names = Pattern::ALL.map(|(_, name)| name);
                let (pattern, _) = Pattern::ALL[s.choice("pattern", &names)?];
                Self::Bayer { pattern }
            }
            "fourier" => Self::Fourier {
                acceleration: s.number("acceleration", 4.0, 1.0, 64.0)?,
                centre: s.number("centre", 0.08, 0.0, 1.0)?,
                seed: s.number("seed", 0, 0, u64::MAX)?,
            },
            "jpeg" => Self::Jpeg {
                quality: s.number("quality", 10, 1, 100)?,
            },
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
            "gaussian-blur:sigma=2.5,boundary=reflect",
            "anisotropic-blur:boundary=free",
            "disk-blur:boundary=reflect",
            "motion-blur:boundary=free",
            "blur:kernel=given,boundary=free",
            "random-motion-blur:size=9,intensity=1,seed=4,boundary=reflect",
            "super-resolution:factor=4,kernel=area",
            "super-resolution:factor=4,grid=centred",
            "super-resolution:factor=4,kernel=gaussian,sigma=1.5,grid=published",
            "super-resolution:kernel=decimation,grid=centred",
            "inpainting:random=0.5,seed=7",
            "inpainting:mask=given",
            "motion-blur:length=15,angle=-30",
            "bayer:pattern=gbrg",
            "fourier:acceleration=8,centre=0.1,seed=5",
            "jpeg:quality=35",
            "gaussian-blur:sigma=1.5|inpainting:random=0.5",
            "super-resolution:factor=4|jpeg:quality=50",
            "gaussian-blur:boundary=free | super-resolution:factor=2,kernel=decimation | bayer",
        ];
        for text in TASKS.iter().map(|t| t.name).chain(more) {
            let spec: TaskSpec = text.parse().unwrap();
            assert!(text.contains('|') || text.starts_with(spec.name()));
            assert_eq!(spec.to_string().parse::<TaskSpec>().unwrap(), spec);
        }
        let blur: TaskSpec = "gaussian-blur".parse().unwrap();
        assert_eq!(blur.to_string(), "gaussian-blur:sigma=3");
        let sr: TaskSpec = "super-resolution:factor=4".parse().unwrap();
        assert_eq!(sr.to_string(), "super-resolution:factor=4");
        let chain: TaskSpec = "super-resolution:factor=2 | fourier | super-resolution:factor=4"
            .parse()
            .unwrap();
        assert_eq!((chain.factor(), chain.picture_channels(6)), (8, 3));
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
            ("super-resolution:sigma=2", "gaussian only"),
            ("super-resolution:kernel=area,grid=published", "bicubic and"),
            ("inpainting:box=0.2,random=0.3", "exclude"),
            ("inpainting:box=0.2,seed=3", "random only"),
            ("colorization:weights=1", "takes none"),
            ("bayer:pattern=rgb", "rggb, bggr, grbg, gbrg"),
            ("fourier:acceleration=0.5", "1 to 64"),
            ("jpeg:quality=0", "1 to 100"),
            ("jpeg|denoising", "not linear"),
            ("denoising|", "choose from"),
            (
                "denoising|denoising|denoising|denoising|denoising",
                "at most 4",
            ),
        ] {
            let message = text.parse::<TaskSpec>().unwrap_err().to_string();
            assert!(message.contains(wanted), "{text}: {message}");
        }
    }
}
