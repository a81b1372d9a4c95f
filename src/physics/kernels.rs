//! Blur kernels. All sum to 1, so that they keep constant pictures.

use crate::{Error, HostTensor, Result};

/// A convolution kernel, row-major. The tap at row `(height - 1) / 2`, column `(width - 1) / 2`
/// (rounded down) is the origin: the centre of odd kernels, and for even sides the tap just above
/// or left of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Kernel {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// `height * width` taps with sum 1.
    pub taps: Vec<f64>,
}

impl Kernel {
    /// A kernel from taps, scaled to sum 1. Fails with [`Error::Invalid`] when it is empty,
    /// not finite, or its sum is not positive.
    pub(super) fn normalised(height: usize, width: usize, mut taps: Vec<f64>) -> Result<Self> {
        let sum: f64 = taps.iter().sum();
        let largest = taps.iter().fold(0.0f64, |m, t| m.max(t.abs()));
        if taps.is_empty() || !sum.is_finite() || sum <= 1e-9 * largest {
            return Err(Error::invalid(format!(
                "the blur kernel must have finite taps with a positive sum, found sum {sum} over {height} x {width} taps"
            )));
        }
        taps.iter_mut().for_each(|t| *t /= sum);
        Ok(Self {
            height,
            width,
            taps,
        })
    }

    /// Side `2 reach + 1`, taps from `f(x, y)` with x to the right and y upwards from the centre.
    fn sampled(reach: usize, f: impl Fn(f64, f64) -> f64) -> Result<Self> {
        let side = 2 * reach + 1;
        let at = |i: usize| i as f64 - reach as f64;
        let taps = (0..side * side)
            .map(|i| f(at(i % side), -at(i / side)))
            .collect();
        Self::normalised(side, side, taps)
    }

    /// The Gaussian of LATINO's published experiments: exp(-r^2 / (2 sigma^2)), sampled, of side
    /// 2 c + 1 with c = floor(sigma / 0.3 + 1). `sigma` in pixels.
    pub fn gaussian(sigma: f64) -> Result<Self> {
        Self::anisotropic_gaussian(sigma, sigma, 0.0)
    }

    /// A Gaussian with deviation `sigma_x` along the direction `angle` (degrees counter-clockwise
    /// from the horizontal) and `sigma_y` across it, in pixels. Side as for [`Kernel::gaussian`]
    /// with the larger deviation.
    pub fn anisotropic_gaussian(sigma_x: f64, sigma_y: f64, angle: f64) -> Result<Self> {
        let reach = (sigma_x.max(sigma_y) / 0.3 + 1.0) as usize;
        let (sin, cos) = angle.to_radians().sin_cos();
        Self::sampled(reach, |x, y| {
            let (along, across) = (cos * x + sin * y, cos * y - sin * x);
            (-0.5 * ((along / sigma_x).powi(2) + (across / sigma_y).powi(2))).exp()
        })
    }

    /// Out-of-focus blur: a disk of `radius` pixels; border pixels weigh as much as the part of
    /// them that it covers (from 32 x 32 samples each).
    pub fn disk(radius: f64) -> Result<Self> {
        const SAMPLES: usize = 32;
        let reach = (radius - 0.5).ceil().max(0.0) as usize;
        let offset = |i: usize| (i as f64 + 0.5) / SAMPLES as f64 - 0.5;
        Self::sampled(reach, |x, y| {
            let inside = (0..SAMPLES * SAMPLES)
                .filter(|i| (x + offset(i % SAMPLES)).hypot(y + offset(i / SAMPLES)) <= radius);
            inside.count() as f64
        })
    }

    /// Linear motion: a line over `length` pixels, at `angle` degrees counter-clockwise from the
    /// horizontal, anti-aliased: a tap is 1 minus its distance to the segment, at least 0.
    pub fn motion(length: f64, angle: f64) -> Result<Self> {
        let half = (length - 1.0) / 2.0;
        let (sin, cos) = angle.to_radians().sin_cos();
        Self::sampled((half + 1.0).ceil() as usize, |x, y| {
            let (along, across) = (cos * x + sin * y, cos * y - sin * x);
            (1.0 - (along.abs() - half).max(0.0).hypot(across)).max(0.0)
        })
    }

    /// A kernel that the visitor gives, as `[h, w]` or `[1, 1, h, w]`: taps, 0 = no weight, scaled to
    /// sum 1. Fails when the shape is another, or the sum is not positive and finite.
    pub fn given(taps: &HostTensor) -> Result<Self> {
        let (height, width) = match *taps.shape() {
            [h, w] | [1, 1, h, w] => (h, w),
            ref other => {
                return Err(Error::shape(format!(
                    "the blur kernel is {other:?}, expected [height, width] or [1, 1, height, width]"
                )));
            }
        };
        let taps = taps.data().iter().map(|t| f64::from(*t)).collect();
        Self::normalised(height, width, taps)
    }

    /// Row and column of the origin.
    pub fn origin(&self) -> (usize, usize) {
        ((self.height - 1) / 2, (self.width - 1) / 2)
    }

    /// True when the kernel is its own mirror image, left to right and top to bottom, about its origin.
    pub(super) fn is_symmetric(&self) -> bool {
        let (h, w) = (self.height, self.width);
        let largest = self.taps.iter().fold(0.0f64, |m, t| m.max(t.abs()));
        let same = |a: f64, b: f64| (a - b).abs() <= 1e-12 * largest;
        h % 2 == 1
            && w % 2 == 1
            && (0..h * w).all(|i| {
                let (y, x, t) = (i / w, i % w, self.taps[i]);
                same(t, self.taps[y * w + w - 1 - x]) && same(t, self.taps[(h - 1 - y) * w + x])
            })
    }

    /// The kernel without outer rows and columns that are zero on both sides; the origin stays.
    pub(super) fn trimmed(&self) -> Self {
        let (h, w) = (self.height, self.width);
        let margin = |n: usize, zero: &dyn Fn(usize) -> bool| {
            (0..(n - 1) / 2)
                .take_while(|i| zero(*i) && zero(n - 1 - i))
                .count()
        };
        let top = margin(h, &|y| self.taps[y * w..][..w].iter().all(|t| *t == 0.0));
        let left = margin(w, &|x| (0..h).all(|y| self.taps[y * w + x] == 0.0));
        let (height, width) = (h - 2 * top, w - 2 * left);
        let at = |i: usize| self.taps[(top + i / width) * w + left + i % width];
        Self {
            height,
            width,
            taps: (0..height * width).map(at).collect(),
        }
    }

    /// The kernel on a periodic `height` x `width` grid with its origin at (0, 0), row-major.
    /// Taps that reach beyond the grid wrap around and add up.
    pub fn wrapped(&self, height: usize, width: usize) -> Vec<f64> {
        let (oy, ox) = self.origin();
        let wrap =
            |i: usize, o: usize, n: usize| (i as i64 - o as i64).rem_euclid(n as i64) as usize;
        let mut grid = vec![0.0; height * width];
        for (i, tap) in self.taps.iter().enumerate() {
            let (y, x) = (i / self.width, i % self.width);
            grid[wrap(y, oy, height) * width + wrap(x, ox, width)] += tap;
        }
        grid
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn tap(k: &Kernel, dy: i64, dx: i64) -> f64 {
        let (oy, ox) = k.origin();
        let (y, x) = ((oy as i64 + dy) as usize, (ox as i64 + dx) as usize);
        k.taps[y * k.width + x]
    }

    #[test]
    fn gaussian_sides_are_the_published_ones() {
        for (sigma, side) in [(3.0, 23), (6.0, 43), (10.0, 69), (20.0, 135)] {
            let k = Kernel::gaussian(sigma).unwrap();
            assert_eq!((k.height, k.width), (side, side));
        }
        let k = Kernel::gaussian(3.0).unwrap();
        assert!((tap(&k, 0, 3) / tap(&k, 0, 0) - (-0.5f64).exp()).abs() < 1e-12);
    }

    #[test]
    fn all_kernels_sum_to_one() {
        let given = HostTensor::new([2, 2], vec![1.0, 2.0, 3.0, 4.0]).unwrap();
        for k in [
            Kernel::gaussian(0.7),
            Kernel::anisotropic_gaussian(4.0, 1.0, 30.0),
            Kernel::disk(5.3),
            Kernel::motion(15.0, 30.0),
            Kernel::given(&given),
        ] {
            let k = k.unwrap();
            assert_eq!(k.taps.len(), k.height * k.width);
            assert!((k.taps.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            assert!((k.wrapped(3, 4).iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn anisotropic_gaussian_points_along_its_angle() {
        let k = Kernel::anisotropic_gaussian(4.0, 1.0, 90.0).unwrap();
        assert!((tap(&k, 4, 0) / tap(&k, 0, 0) - (-0.5f64).exp()).abs() < 1e-12);
        let k = Kernel::anisotropic_gaussian(4.0, 1.0, 45.0).unwrap();
        // Counter-clockwise on screen: up and to the right.
        assert!(tap(&k, -3, 3) > 10.0 * tap(&k, 3, 3));
    }

    #[test]
    fn motion_is_a_line_of_the_wanted_length() {
        let k = Kernel::motion(15.0, 0.0).unwrap();
        for dx in -7..=7 {
            assert!((tap(&k, 0, dx) - 1.0 / 15.0).abs() < 1e-12);
        }
        assert_eq!(tap(&k, 1, 0), 0.0);
        let k = Kernel::motion(9.0, 30.0).unwrap();
        assert!(tap(&k, -2, 3) > 0.0 && tap(&k, 2, 3) == 0.0);
    }

    #[test]
    fn symmetry_is_seen_and_zeros_are_trimmed() {
        assert!(Kernel::gaussian(2.0).unwrap().is_symmetric());
        assert!(Kernel::disk(3.3).unwrap().is_symmetric());
        assert!(Kernel::motion(9.0, 90.0).unwrap().is_symmetric());
        assert!(!Kernel::motion(9.0, 30.0).unwrap().is_symmetric());
        let k = Kernel::motion(9.0, 0.0).unwrap().trimmed();
        assert_eq!((k.height, k.width), (1, 9));
        let even = HostTensor::new([2, 4], vec![0.0, 1.0, 2.0, 0.0, 0.0, 1.0, 1.0, 0.0]).unwrap();
        let k = Kernel::given(&even).unwrap();
        assert!(!k.is_symmetric());
        assert_eq!(k.trimmed().wrapped(7, 7), k.wrapped(7, 7));
        assert_eq!(k.trimmed().width, 2);
    }

    #[test]
    fn disk_covers_its_area() {
        let k = Kernel::disk(5.0).unwrap();
        assert_eq!(k.height, 11);
        let area = 1.0 / tap(&k, 0, 0);
        assert!((area / (std::f64::consts::PI * 25.0) - 1.0).abs() < 2e-3);
    }

    #[test]
    fn bad_kernels_are_refused() {
        let zero = HostTensor::zeros([3, 3]);
        assert!(
            Kernel::given(&zero)
                .unwrap_err()
                .to_string()
                .contains("positive sum")
        );
        let flat = HostTensor::zeros([9]);
        assert!(
            Kernel::given(&flat)
                .unwrap_err()
                .to_string()
                .contains("[9]")
        );
        let nan = HostTensor::full([2, 2], f32::NAN);
        assert!(Kernel::given(&nan).is_err());
    }

    #[test]
    fn even_kernels_have_their_origin_above_and_left_of_the_middle() {
        let taps = HostTensor::new([2, 4], vec![0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]).unwrap();
        let grid = Kernel::given(&taps).unwrap().wrapped(5, 5);
        assert_eq!(grid[0], 1.0);
    }
}
