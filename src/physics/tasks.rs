//! What the page and `latino` list.

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

/// All tasks. Several, joined by `|`, are applied from left to right.
/// All blurs take boundary=circular (the default), reflect or free.
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
        name: "random-motion-blur",
        keys: &["size", "intensity", "seed", "boundary"],
        summary: "A shaken camera: a random walk inside size (3 to 255, default 31) pixels, of intensity 0 (straight) to 1 (erratic; default 0.5), drawn with seed (default 0).",
    },
    TaskInfo {
        name: "blur",
        keys: &["kernel", "boundary"],
        summary: "Blur with a kernel of your own: kernel=given.",
    },
    TaskInfo {
        name: "super-resolution",
        keys: &["factor", "kernel", "sigma", "grid"],
        summary: "Enlarges factor (2 to 64, default 8) times; kernel is bicubic (default), area, gaussian (sigma pixels, default factor / 2) or decimation; grid=centred samples as image software does, grid=published (default for bicubic) half a block off.",
    },
    TaskInfo {
        name: "inpainting",
        keys: &["box", "random", "seed", "mask"],
        summary: "Missing pixels: box=share of the area in a centred box (default 0.25), random=share[,seed=0], or mask=given, whose greys dim.",
    },
    TaskInfo {
        name: "colorization",
        keys: &[],
        summary: "Adds colour to a grey picture.",
    },
    TaskInfo {
        name: "bayer",
        keys: &["pattern"],
        summary: "Demosaicing: one colour per pixel, pattern rggb (default), bggr, grbg or gbrg.",
    },
    TaskInfo {
        name: "fourier",
        keys: &["acceleration", "centre", "seed"],
        summary: "Undersampled Fourier rows, as in MRI: one row in acceleration (1 to 64, default 4), the centre share (0 to 1, default 0.08) in full, the others at random by seed (default 0).",
    },
    TaskInfo {
        name: "jpeg",
        keys: &["quality"],
        summary: "JPEG compression of quality 1 to 100 (default 10), colours at full resolution.",
    },
];
