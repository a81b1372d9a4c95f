//! The noise models on offer, and the engine's spelling of them.

use latino_web::noise::NoiseModel;

/// A noise model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NoiseKind {
    /// The same everywhere.
    #[default]
    Gaussian,
    /// Photon counts.
    Poisson,
    /// Photon counts, then read-out.
    PoissonGaussian,
    /// Black or white values.
    SaltPepper,
    /// Proportional to the picture.
    Speckle,
}

impl NoiseKind {
    /// Every kind, in the order shown.
    pub const ALL: [Self; 5] = [
        Self::Gaussian,
        Self::Poisson,
        Self::PoissonGaussian,
        Self::SaltPepper,
        Self::Speckle,
    ];

    /// The engine's name.
    pub fn key(self) -> &'static str {
        match self {
            Self::Gaussian => "gaussian",
            Self::Poisson => "poisson",
            Self::PoissonGaussian => "poisson-gaussian",
            Self::SaltPepper => "salt-pepper",
            Self::Speckle => "speckle",
        }
    }

    /// The kind of that name.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.key() == key)
    }
}

/// Photons at white from their decimal logarithm, to two digits above ten: round numbers for a slider.
pub fn peak(log_peak: f64) -> f64 {
    let unit = 10_f64.powf((log_peak.floor() - 1.0).max(-1.0));
    (10_f64.powf(log_peak) / unit).round() * unit
}

/// A noise model with its levels, for pictures in [0, 1].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// Which one.
    pub kind: NoiseKind,
    /// Gaussian: standard deviation.
    pub sigma: f64,
    /// Both Poisson kinds: photons at white.
    pub peak: f64,
    /// Poisson-Gaussian: standard deviation of the read-out.
    pub read_out: f64,
    /// Salt and pepper: share of the values.
    pub share: f64,
    /// Speckle: relative standard deviation.
    pub speckle: f64,
}

impl Noise {
    /// Gaussian noise.
    pub fn gaussian(sigma: f64) -> Self {
        Self {
            kind: NoiseKind::Gaussian,
            sigma,
            peak: 32.0,
            read_out: 0.02,
            share: 0.1,
            speckle: 0.2,
        }
    }

    /// The noise as the engine reads it: `name:key=value,...`.
    pub fn spec(&self) -> String {
        let name = self.kind.key();
        match self.kind {
            NoiseKind::Gaussian => format!("{name}:sigma={}", self.sigma),
            NoiseKind::Poisson => format!("{name}:peak={}", self.peak),
            NoiseKind::PoissonGaussian => {
                format!("{name}:peak={},sigma={}", self.peak, self.read_out)
            }
            NoiseKind::SaltPepper => format!("{name}:share={}", self.share),
            NoiseKind::Speckle => format!("{name}:sigma={}", self.speckle),
        }
    }

    /// The level that residuals are compared with.
    pub fn level(&self) -> f64 {
        let model = self.spec().parse::<NoiseModel>();
        model.map_or(self.sigma, |m| m.effective_sigma())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_reads_every_noise_at_every_level() {
        for kind in NoiseKind::ALL {
            for (peak, sigma, share) in [(0.1, 0.0, 0.0), (32.0, 0.3, 0.1), (1e6, 2.0, 0.95)] {
                let noise = Noise {
                    kind,
                    peak,
                    read_out: sigma,
                    speckle: sigma,
                    share,
                    ..Noise::gaussian(sigma)
                };
                let model: NoiseModel = noise.spec().parse().expect("a noise");
                assert_eq!(model.name(), kind.key());
            }
            assert_eq!(NoiseKind::from_key(kind.key()), Some(kind));
        }
    }

    #[test]
    fn peaks_are_round_numbers() {
        assert!((peak(0.0) - 1.0).abs() < 1e-9);
        assert!((peak(1.5) - 32.0).abs() < 1e-9);
        assert!((peak(3.0) - 1000.0).abs() < 1e-9);
        assert!((peak(2.55) - 350.0).abs() < 1e-9);
    }
}
