//! The settings of tasks that are choices.

use std::fmt;

/// What surrounds a picture that is blurred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Boundary {
    /// The picture itself, again and again.
    #[default]
    Circular,
    /// Its mirror image, edge pixels included.
    Reflect,
    /// Nothing known: the measurement is smaller, it has the pixels whose neighbourhood is inside.
    Free,
}

/// How super-resolution shrinks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Downsampling {
    /// The antialiased Keys kernel, 4 f taps.
    Bicubic,
    /// Means of f x f blocks.
    Area,
    /// A sampled Gaussian.
    Gaussian {
        /// Deviation in pixels of the large picture, 0.1 to 60.
        sigma: f64,
    },
    /// Every f-th pixel, unfiltered.
    Decimation,
}

impl Downsampling {
    /// The grid when none is named.
    pub fn default_grid(self) -> Grid {
        match self {
            Self::Bicubic => Grid::Published,
            _ => Grid::Centred,
        }
    }
}

/// Where super-resolution's samples sit, and what it does at the borders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grid {
    /// As in LATINO's published code: sample j at f j - 1/2, reflecting borders.
    Published,
    /// As in common image software: sample j at f j + (f - 1) / 2, the block's centre
    /// (rounded down for decimation), taps beyond a border left out and the others scaled to sum 1.
    Centred,
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

/// The colours of a sensor's top left 2 x 2 pixels, row by row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    /// Red, green / green, blue.
    Rggb,
    /// Blue, green / green, red.
    Bggr,
    /// Green, red / blue, green.
    Grbg,
    /// Green, blue / red, green.
    Gbrg,
}

impl Pattern {
    /// All of them, and their names.
    pub(super) const ALL: [(Self, &'static str); 4] = [
        (Self::Rggb, "rggb"),
        (Self::Bggr, "bggr"),
        (Self::Grbg, "grbg"),
        (Self::Gbrg, "gbrg"),
    ];

    /// The channel (0 red, 1 green, 2 blue) of the pixel in row `y`, column `x`.
    pub fn channel(self, y: usize, x: usize) -> usize {
        let colours = match self {
            Self::Rggb => [0, 1, 1, 2],
            Self::Bggr => [2, 1, 1, 0],
            Self::Grbg => [1, 0, 2, 1],
            Self::Gbrg => [1, 2, 0, 1],
        };
        colours[y % 2 * 2 + x % 2]
    }
}

impl fmt::Display for Boundary {
    /// As it follows the other settings; nothing for the default.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Circular => "",
            Self::Reflect => ",boundary=reflect",
            Self::Free => ",boundary=free",
        })
    }
}
