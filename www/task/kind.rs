//! The kinds of degradations.

use super::parameters::{self, Parameter};

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
    /// Blur with the visitor's kernel.
    OwnKernel,
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
                Self::OwnKernel,
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
            Self::OwnKernel => "blur",
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
    pub(super) fn known(self) -> &'static [Parameter] {
        match self {
            Self::Denoise | Self::Colourise | Self::Custom => &[],
            Self::Gaussian => parameters::GAUSSIAN,
            Self::Anisotropic => parameters::ANISOTROPIC,
            Self::Disk => parameters::DISK,
            Self::Motion => parameters::MOTION,
            Self::Shake => parameters::SHAKE,
            Self::OwnKernel => parameters::OWN_KERNEL,
            Self::SuperResolution => parameters::SUPER_RESOLUTION,
            Self::Inpaint => parameters::INPAINT,
            Self::Bayer => parameters::BAYER,
            Self::Fourier => parameters::FOURIER,
            Self::Jpeg => parameters::JPEG,
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
