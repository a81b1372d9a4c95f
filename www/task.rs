//! The degradations on offer, their parameters, and the engine's spelling of them.

/// A degradation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TaskKind {
    /// Only noise.
    #[default]
    Denoise,
    /// Gaussian blur.
    Gaussian,
    /// Blur along a line.
    Motion,
    /// Low resolution.
    SuperResolution,
    /// Missing pixels.
    Inpaint,
    /// Missing colour.
    Colourise,
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
    /// Every kind, in the order shown.
    pub const ALL: [Self; 6] = [
        Self::Denoise,
        Self::Gaussian,
        Self::Motion,
        Self::SuperResolution,
        Self::Inpaint,
        Self::Colourise,
    ];

    /// The engine's name of the operator; also the value of the page's choice.
    pub fn key(self) -> &'static str {
        match self {
            Self::Denoise => "denoising",
            Self::Gaussian => "gaussian-blur",
            Self::Motion => "motion-blur",
            Self::SuperResolution => "super-resolution",
            Self::Inpaint => "inpainting",
            Self::Colourise => "colorization",
        }
    }

    /// The kind of that name.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.key() == key)
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
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Task {
    /// Which one.
    pub kind: TaskKind,
    /// Gaussian blur: standard deviation in pixels.
    pub sigma: f64,
    /// Motion blur: length in pixels.
    pub length: f64,
    /// Motion blur: direction in degrees, counter-clockwise from the horizontal.
    pub angle: f64,
    /// Super-resolution: 2, 4, 8 or 16.
    pub factor: u32,
    /// Inpainting: which pixels are missing.
    pub hole: HoleKind,
    /// Inpainting: share of missing pixels, above 0 and below 1.
    pub fraction: f64,
}

impl Default for Task {
    fn default() -> Self {
        Self {
            kind: TaskKind::default(),
            sigma: 2.0,
            length: 12.0,
            angle: 30.0,
            factor: 8,
            hole: HoleKind::default(),
            fraction: 0.25,
        }
    }
}

impl Task {
    /// The operator as the engine reads it: `name:key=value,...`.
    pub fn spec(&self) -> String {
        let name = self.kind.key();
        match self.kind {
            TaskKind::Denoise | TaskKind::Colourise => name.to_owned(),
            TaskKind::Gaussian => format!("{name}:sigma={}", self.sigma),
            TaskKind::Motion => format!("{name}:length={},angle={}", self.length, self.angle),
            TaskKind::SuperResolution => format!("{name}:factor={}", self.factor),
            TaskKind::Inpaint => match self.hole {
                HoleKind::Box => format!("{name}:box={}", self.fraction),
                HoleKind::Random => format!("{name}:random={}", self.fraction),
                HoleKind::Own => format!("{name}:mask=given"),
            },
        }
    }

    /// True when the job carries the visitor's mask.
    pub fn wants_mask(&self) -> bool {
        self.kind == TaskKind::Inpaint && self.hole == HoleKind::Own
    }

    /// By how much smaller the measurement is than the picture, per side.
    pub fn shrink(&self) -> u32 {
        match self.kind {
            TaskKind::SuperResolution => self.factor.max(1),
            _ => 1,
        }
    }
}
