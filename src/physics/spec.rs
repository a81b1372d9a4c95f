//! A task and its settings, and how they are printed: `name:key=value,...`.

use std::fmt;

use super::choices::{Boundary, Downsampling, Grid, Mask, Pattern};

/// A task and its settings. [`fmt::Display`] prints what [`FromStr`] reads.
#[derive(Debug, Clone, PartialEq)]
pub enum TaskSpec {
    /// y = x + noise.
    Denoising,
    /// Gaussian blur.
    GaussianBlur {
        /// Deviation in pixels, 0.1 to 60.
        sigma: f64,
        /// What surrounds the picture.
        boundary: Boundary,
    },
    /// Rotated Gaussian blur.
    AnisotropicBlur {
        /// Deviation along `angle` in pixels, 0.1 to 60.
        sigma_x: f64,
        /// Deviation across `angle` in pixels, 0.1 to 60.
        sigma_y: f64,
        /// Degrees counter-clockwise from the horizontal, -360 to 360.
        angle: f64,
        /// What surrounds the picture.
        boundary: Boundary,
    },
    /// Out-of-focus blur.
    DiskBlur {
        /// In pixels, 0.5 to 60.
        radius: f64,
        /// What surrounds the picture.
        boundary: Boundary,
    },
    /// Linear motion blur.
    MotionBlur {
        /// In pixels, 1 to 200.
        length: f64,
        /// Degrees counter-clockwise from the horizontal, -360 to 360.
        angle: f64,
        /// What surrounds the picture.
        boundary: Boundary,
    },
    /// Motion blur along a random walk.
    RandomMotionBlur {
        /// Side of the kernel in pixels, 3 to 255.
        size: usize,
        /// 0 (straight) to 1 (erratic).
        intensity: f64,
        /// Seed of the draw.
        seed: u64,
        /// What surrounds the picture.
        boundary: Boundary,
    },
    /// Blur with a given kernel.
    Blur {
        /// What surrounds the picture.
        boundary: Boundary,
    },
    /// Super-resolution.
    SuperResolution {
        /// 2 to 64.
        factor: usize,
        /// The downsampling.
        kernel: Downsampling,
        /// Where its samples sit.
        grid: Grid,
    },
    /// Inpainting.
    Inpainting(Mask),
    /// Colorization.
    Colorization,
    /// Demosaicing.
    Bayer {
        /// Which pixel has which colour.
        pattern: Pattern,
    },
    /// Undersampled Fourier measurements.
    Fourier {
        /// Rows per measured row, 1 to 64.
        acceleration: f64,
        /// Share of the rows around frequency zero that are all measured, 0 to 1.
        centre: f64,
        /// Seed of the draw of the others.
        seed: u64,
    },
    /// JPEG compression, not linear.
    Jpeg {
        /// 1 to 100.
        quality: u8,
    },
    /// Two to four tasks, applied from first to last: none of them a composition, and JPEG last if at all.
    Composition(Vec<TaskSpec>),
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
            Self::RandomMotionBlur { .. } => "random-motion-blur",
            Self::Blur { .. } => "blur",
            Self::SuperResolution { .. } => "super-resolution",
            Self::Inpainting(_) => "inpainting",
            Self::Colorization => "colorization",
            Self::Bayer { .. } => "bayer",
            Self::Fourier { .. } => "fourier",
            Self::Jpeg { .. } => "jpeg",
            Self::Composition(_) => "composition",
        }
    }

    /// How many times larger a picture's side is than its measurement's.
    pub fn factor(&self) -> usize {
        match self {
            Self::SuperResolution { factor, .. } => *factor,
            Self::Composition(parts) => parts.iter().map(Self::factor).product(),
            _ => 1,
        }
    }

    /// Whether parts of the picture that are larger than a latent's patch (8 pixels) leave no trace of their own in the measurement, so that its
    /// pseudo-inverse is only a guess there and a chain should start from noise: boxes, given masks, and zooms beyond x8. Scattered missing
    /// pixels have neighbours that are known.
    pub fn starts_from_noise(&self) -> bool {
        const PATCH: usize = 8;
        match self {
            Self::Inpainting(mask) => !matches!(mask, Mask::Random { .. }),
            Self::Composition(parts) => {
                parts.iter().any(Self::starts_from_noise) || self.factor() > PATCH
            }
            _ => self.factor() > PATCH,
        }
    }

    /// How far the measurement's grid lies up and left of a centred one, in its own pixels:
    /// the published one samples half a pixel off.
    pub fn grid_shift(&self) -> f64 {
        match self {
            Self::SuperResolution {
                grid: Grid::Published,
                ..
            } => 0.5,
            _ => 0.0,
        }
    }

    /// How many channels the picture of a measurement of `measured` channels has.
    pub fn picture_channels(&self, measured: usize) -> usize {
        match self {
            Self::Colorization | Self::Bayer { .. } => 3,
            Self::Fourier { .. } => measured / 2,
            Self::Composition(parts) => {
                (parts.iter().rev()).fold(measured, |c, part| part.picture_channels(c))
            }
            _ => measured,
        }
    }
}

impl fmt::Display for TaskSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match self {
            Self::Denoising | Self::Colorization => write!(f, "{name}"),
            Self::GaussianBlur { sigma, boundary } => write!(f, "{name}:sigma={sigma}{boundary}"),
            Self::AnisotropicBlur {
                sigma_x,
                sigma_y,
                angle,
                boundary,
            } => write!(
                f,
                "{name}:sigma_x={sigma_x},sigma_y={sigma_y},angle={angle}{boundary}"
            ),
            Self::DiskBlur { radius, boundary } => write!(f, "{name}:radius={radius}{boundary}"),
            Self::MotionBlur {
                length,
                angle,
                boundary,
            } => write!(f, "{name}:length={length},angle={angle}{boundary}"),
            Self::RandomMotionBlur {
                size,
                intensity,
                seed,
                boundary,
            } => write!(
                f,
                "{name}:size={size},intensity={intensity},seed={seed}{boundary}"
            ),
            Self::Blur { boundary } => write!(f, "{name}:kernel=given{boundary}"),
            Self::SuperResolution {
                factor,
                kernel,
                grid,
            } => {
                write!(f, "{name}:factor={factor}")?;
                match kernel {
                    Downsampling::Bicubic => {}
                    Downsampling::Area => write!(f, ",kernel=area")?,
                    Downsampling::Gaussian { sigma } => {
                        write!(f, ",kernel=gaussian,sigma={sigma}")?
                    }
                    Downsampling::Decimation => write!(f, ",kernel=decimation")?,
                }
                match grid {
                    grid if *grid == kernel.default_grid() => Ok(()),
                    Grid::Published => write!(f, ",grid=published"),
                    Grid::Centred => write!(f, ",grid=centred"),
                }
            }
            Self::Inpainting(Mask::Box(share)) => write!(f, "{name}:box={share}"),
            Self::Inpainting(Mask::Random { missing, seed }) => {
                write!(f, "{name}:random={missing},seed={seed}")
            }
            Self::Inpainting(Mask::Given) => write!(f, "{name}:mask=given"),
            Self::Bayer { pattern } => {
                let known = Pattern::ALL.iter().find(|(p, _)| p == pattern);
                write!(f, "{name}:pattern={}", known.map_or("rggb", |(_, n)| n))
            }
            Self::Fourier {
                acceleration,
                centre,
                seed,
            } => write!(
                f,
                "{name}:acceleration={acceleration},centre={centre},seed={seed}"
            ),
            Self::Jpeg { quality } => write!(f, "{name}:quality={quality}"),
            Self::Composition(parts) => {
                for (i, part) in parts.iter().enumerate() {
                    let separator = if i == 0 { "" } else { "|" };
                    write!(f, "{separator}{part}")?;
                }
                Ok(())
            }
        }
    }
}
