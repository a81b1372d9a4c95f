//! The noise models and their textual form.

use std::{fmt, str::FromStr};

use crate::{Error, Result};

/// Standard deviation of rounding to 8 bits, for intensities in [0, 1].
const ROUNDING: f64 = 1.0 / 255.0 * 0.288_675;

/// A noise model as the visitor may name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoiseInfo {
    /// Its name.
    pub name: &'static str,
    /// The keys that it takes.
    pub keys: &'static [&'static str],
    /// What it does, ranges and defaults, in one sentence.
    pub summary: &'static str,
}

/// All noise models.
pub const NOISES: &[NoiseInfo] = &[
    NoiseInfo {
        name: "gaussian",
        keys: &["sigma"],
        summary: "Additive, of standard deviation sigma (0 to 2, default 0.05); a bare number means this.",
    },
    NoiseInfo {
        name: "poisson",
        keys: &["peak"],
        summary: "Photon counts, peak (0.1 to 1000000, default 30) of them at white.",
    },
    NoiseInfo {
        name: "poisson-gaussian",
        keys: &["peak", "sigma"],
        summary: "Photon counts with peak (default 30) at white, then read-out noise of sigma (0 to 2, default 0.02).",
    },
    NoiseInfo {
        name: "salt-pepper",
        keys: &["share"],
        summary: "A share (0 to 0.95, default 0.1) of the values becomes black or white.",
    },
    NoiseInfo {
        name: "speckle",
        keys: &["sigma"],
        summary: "Multiplies every value by 1 + sigma n, n standard normal; sigma is 0 to 2, default 0.2.",
    },
];

/// How a measurement v with intensities in [0, 1] comes from the clean one u = (A x + 1) / 2.
/// Entries are independent. [`fmt::Display`] prints what [`FromStr`] reads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum NoiseModel {
    /// v = u + sigma n, n ~ N(0, 1).
    Gaussian {
        /// 0 to 2.
        sigma: f64,
    },
    /// v = N / peak, N ~ Poisson(peak max(u, 0)): variance u / peak.
    Poisson {
        /// Expected photons at white, 0.1 to 1e6.
        peak: f64,
    },
    /// v = N / peak + sigma n: variance u / peak + sigma^2.
    PoissonGaussian {
        /// Expected photons at white, 0.1 to 1e6.
        peak: f64,
        /// Read-out noise, 0 to 2.
        sigma: f64,
    },
    /// v = 0 or 1, each with probability share / 2, else u.
    SaltPepper {
        /// 0 to 0.95.
        share: f64,
    },
    /// v = u (1 + sigma n): variance (sigma u)^2.
    Speckle {
        /// 0 to 2.
        sigma: f64,
    },
}

impl Default for NoiseModel {
    fn default() -> Self {
        Self::Gaussian { sigma: 0.05 }
    }
}

impl NoiseModel {
    /// The model's name, without its settings.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Gaussian { .. } => "gaussian",
            Self::Poisson { .. } => "poisson",
            Self::PoissonGaussian { .. } => "poisson-gaussian",
            Self::SaltPepper { .. } => "salt-pepper",
            Self::Speckle { .. } => "speckle",
        }
    }

    /// The level that whitened residuals refer to, for intensities in [0, 1]: the standard
    /// deviation at mid-grey, u = 1/2. This is the `sigma` of a [`crate::solver::Problem`] whose
    /// likelihood is a [`super::NoisyLikelihood`] of this model.
    ///
    /// Salt and pepper leave the other values exact; the level is then that of rounding to 8 bits,
    /// 1 / (255 sqrt(12)), which no picture file beats.
    pub fn effective_sigma(&self) -> f64 {
        match *self {
            Self::Gaussian { sigma } => sigma,
            Self::Poisson { peak } => (0.5 / peak).sqrt(),
            Self::PoissonGaussian { peak, sigma } => (0.5 / peak + sigma * sigma).sqrt(),
            Self::SaltPepper { .. } => ROUNDING,
            Self::Speckle { sigma } => 0.5 * sigma,
        }
    }

    /// Fails with [`Error::Invalid`] unless every setting lies in its range.
    pub fn check(&self) -> Result<()> {
        let within = |key: &str, value: f64, low: f64, high: f64| {
            if (low..=high).contains(&value) {
                return Ok(());
            }
            Err(Error::invalid(format!(
                "the noise {}: {key}={value} must be a number from {low} to {high}",
                self.name()
            )))
        };
        match *self {
            Self::Gaussian { sigma } | Self::Speckle { sigma } => within("sigma", sigma, 0.0, 2.0),
            Self::Poisson { peak } => within("peak", peak, 0.1, 1e6),
            Self::PoissonGaussian { peak, sigma } => {
                within("peak", peak, 0.1, 1e6)?;
                within("sigma", sigma, 0.0, 2.0)
            }
            Self::SaltPepper { share } => within("share", share, 0.0, 0.95),
        }
    }
}

impl fmt::Display for NoiseModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match self {
            Self::Gaussian { sigma } | Self::Speckle { sigma } => write!(f, "{name}:sigma={sigma}"),
            Self::Poisson { peak } => write!(f, "{name}:peak={peak}"),
            Self::PoissonGaussian { peak, sigma } => write!(f, "{name}:peak={peak},sigma={sigma}"),
            Self::SaltPepper { share } => write!(f, "{name}:share={share}"),
        }
    }
}

impl FromStr for NoiseModel {
    type Err = Error;

    /// Reads `name:key=value,...`, or a bare number, which is the sigma of Gaussian noise.
    /// Fails with [`Error::Invalid`] on an unknown name, key or value, listing what is valid.
    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim();
        if let Ok(sigma) = text.parse() {
            let model = Self::Gaussian { sigma };
            return model.check().map(|()| model);
        }
        let (name, rest) = text.split_once(':').unwrap_or((text, ""));
        let info = NOISES.iter().find(|n| n.name == name).ok_or_else(|| {
            let names: Vec<_> = NOISES.iter().map(|n| n.name).collect();
            Error::invalid(format!(
                "the noise {name:?} is not known; give a number (Gaussian noise) or one of: {}",
                names.join(", ")
            ))
        })?;
        let mut given: Vec<(&str, f64)> = Vec::new();
        for pair in rest.split(',').map(str::trim).filter(|p| !p.is_empty()) {
            let (key, value) = pair.split_once('=').ok_or_else(|| {
                Error::invalid(format!("{name}: {pair:?} is not of the form key=value"))
            })?;
            if !info.keys.contains(&key) {
                return Err(Error::invalid(format!(
                    "{name} has no key {key:?}; it takes: {}",
                    info.keys.join(", ")
                )));
            }
            if given.iter().any(|(k, _)| *k == key) {
                return Err(Error::invalid(format!("{name}: {key} is given twice")));
            }
            let number = value
                .parse()
                .map_err(|_| Error::invalid(format!("{name}: {key}={value} is not a number")))?;
            given.push((key, number));
        }
        let number = |key: &str, default: f64| {
            let found = given.iter().find(|(k, _)| *k == key);
            found.map_or(default, |(_, v)| *v)
        };
        let model = match name {
            "gaussian" => Self::Gaussian {
                sigma: number("sigma", 0.05),
            },
            "poisson" => Self::Poisson {
                peak: number("peak", 30.0),
            },
            "poisson-gaussian" => Self::PoissonGaussian {
                peak: number("peak", 30.0),
                sigma: number("sigma", 0.02),
            },
            "salt-pepper" => Self::SaltPepper {
                share: number("share", 0.1),
            },
            _ => Self::Speckle {
                sigma: number("sigma", 0.2),
            },
        };
        model.check().map(|()| model)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_model_parses_and_round_trips() {
        let more = [
            "gaussian:sigma=0.5",
            "poisson:peak=3",
            "poisson-gaussian:sigma=0.1,peak=12.5",
            "salt-pepper:share=0.9",
            "speckle:sigma=1",
        ];
        for text in NOISES.iter().map(|n| n.name).chain(more) {
            let model: NoiseModel = text.parse().unwrap();
            assert!(text.starts_with(model.name()));
            assert_eq!(model.to_string().parse::<NoiseModel>().unwrap(), model);
            assert!(model.effective_sigma() > 0.0);
        }
        let bare: NoiseModel = " 0.05 ".parse().unwrap();
        assert_eq!(bare, NoiseModel::Gaussian { sigma: 0.05 });
        assert_eq!(bare, NoiseModel::default());
    }

    #[test]
    fn errors_name_the_culprit_and_what_is_valid() {
        for (text, wanted) in [
            ("rain", "salt-pepper"),
            ("", "Gaussian"),
            ("-0.1", "0 to 2"),
            ("NaN", "0 to 2"),
            ("inf", "0 to 2"),
            ("poisson:sigma=1", "peak"),
            ("poisson:peak=0", "0.1 to 1000000"),
            ("poisson:peak=NaN", "0.1 to 1000000"),
            ("poisson:peak", "key=value"),
            ("gaussian:sigma=x", "not a number"),
            ("gaussian:sigma=1,sigma=2", "twice"),
            ("salt-pepper:share=1", "0 to 0.95"),
        ] {
            let message = text.parse::<NoiseModel>().unwrap_err().to_string();
            assert!(message.contains(wanted), "{text}: {message}");
        }
    }
}
