//! The visitor's blur kernel: weights as a small grey picture, drawn or loaded.

use latino_web::protocol::Rgba;

use crate::stroke;

/// Sides that can be drawn.
pub const SIDES: (u32, u32) = (1, 65);
/// Side of the first kernel.
const USUAL: u32 = 15;

/// Weights from 0 to 255; the engine divides them by their sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kernel {
    width: u32,
    height: u32,
    /// Row-major.
    weights: Vec<u8>,
}

impl Default for Kernel {
    /// A slanted stroke: something to see, and to draw over.
    fn default() -> Self {
        let mut kernel = Self::black(USUAL, USUAL);
        let (low, high) = (3.5, f64::from(USUAL) - 3.5);
        kernel.line((low, high), (high, low), 2.0, 255);
        kernel
    }
}

impl Kernel {
    /// No weight anywhere; sides of at least one.
    pub fn black(width: u32, height: u32) -> Self {
        let (width, height) = (width.max(1), height.max(1));
        Self {
            width,
            height,
            weights: vec![0; width as usize * height as usize],
        }
    }

    /// From a picture: its brightness (Rec. 601 luma, as the engine takes it) is the weight.
    pub fn from_rgba(picture: &Rgba) -> Self {
        let mut kernel = Self::black(picture.width, picture.height);
        for (weight, pixel) in (kernel.weights.iter_mut()).zip(picture.bytes.chunks_exact(4)) {
            let [r, g, b] = [0, 1, 2].map(|c| f64::from(pixel[c]));
            *weight = (0.299 * r + 0.587 * g + 0.114 * b).round() as u8;
        }
        kernel
    }

    /// As a grey picture.
    pub fn to_rgba(&self) -> Rgba {
        Rgba {
            width: self.width,
            height: self.height,
            bytes: self
                .weights
                .iter()
                .flat_map(|w| [*w, *w, *w, 255])
                .collect(),
        }
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// Column and row of the pixel that stays where it is: the centre, and for even sides the one just left
    /// of or above it.
    pub fn origin(&self) -> (u32, u32) {
        ((self.width - 1) / 2, (self.height - 1) / 2)
    }

    /// Sum of the weights, white as 1. Zero for a black kernel, which blurs nothing and is refused.
    pub fn sum(&self) -> f64 {
        self.weights.iter().map(|w| f64::from(*w)).sum::<f64>() / 255.0
    }

    /// By how many pixels the kernel moves the picture to the right and down: its centre of mass from its
    /// origin. `None` for a black one.
    pub fn shift(&self) -> Option<(f64, f64)> {
        let sum = self.sum() * 255.0;
        if sum <= 0.0 {
            return None;
        }
        let (mut x, mut y) = (0.0, 0.0);
        for (i, weight) in self.weights.iter().enumerate() {
            let weight = f64::from(*weight) / sum;
            x += weight * (i as u32 % self.width) as f64;
            y += weight * (i as u32 / self.width) as f64;
        }
        let (ox, oy) = self.origin();
        Some((x - f64::from(ox), y - f64::from(oy)))
    }

    /// Cut or padded with black to `side` x `side`; the origin stays.
    pub fn resized(&self, side: u32) -> Self {
        let mut new = Self::black(side, side);
        let ((ox, oy), (nx, ny)) = (self.origin(), new.origin());
        for (i, weight) in self.weights.iter().enumerate() {
            let (x, y) = (i as u32 % self.width, i as u32 / self.width);
            let x = i64::from(x) - i64::from(ox) + i64::from(nx);
            let y = i64::from(y) - i64::from(oy) + i64::from(ny);
            let inside = |v: i64| (0..i64::from(new.width)).contains(&v);
            if inside(x) && inside(y) {
                new.weights[(y * i64::from(side) + x) as usize] = *weight;
            }
        }
        new
    }

    /// Gives weight to what a round brush covers on its way.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), diameter: f64, weight: u8) {
        let size = self.size();
        stroke::line(size, from, to, diameter, |i| self.weights[i] = weight);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_survives_its_picture_and_other_sizes() {
        for (width, height) in [(15, 15), (4, 7), (2, 2), (1, 1)] {
            let mut kernel = Kernel::black(width, height);
            assert_eq!((kernel.sum(), kernel.shift()), (0.0, None));
            let (x, y) = kernel.origin();
            let at = (f64::from(x) + 0.5, f64::from(y) + 0.5);
            kernel.line(at, at, 0.5, 200);
            assert_eq!(kernel.shift(), Some((0.0, 0.0)), "{width} x {height}");
            assert_eq!(Kernel::from_rgba(&kernel.to_rgba()), kernel);
            // The origin's weight stays at the origin, odd or even.
            for side in [1, 2, 8, 9, 64] {
                let other = kernel.resized(side);
                assert_eq!(other.size(), (side, side));
                assert_eq!(other.shift(), Some((0.0, 0.0)), "to {side}");
                assert!((other.sum() - 200.0 / 255.0).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn the_first_kernel_is_one_and_does_not_move_the_picture() {
        let kernel = Kernel::default();
        let (x, y) = kernel.shift().expect("not black");
        assert!(
            kernel.sum() > 5.0 && x.abs() < 1e-9 && y.abs() < 1e-9,
            "{x} {y}"
        );
    }

    #[test]
    fn weight_to_the_right_moves_the_picture_to_the_right() {
        let mut kernel = Kernel::black(9, 9);
        kernel.line((6.5, 4.5), (6.5, 4.5), 0.5, 255);
        assert_eq!(kernel.shift(), Some((2.0, 0.0)));
    }
}
