//! JPEG compression: not linear.

use super::jpeg_blocks::transform;
use super::operator::{
    Operator, ProxPath, check_gamma, check_measurement, check_noise, check_pair, check_picture,
    check_picture_dims,
};
use super::quantiser::Quantiser;
use crate::{HostTensor, Result};

/// y = what baseline JPEG keeps of x: with T the 8 x 8 cosine transform of the Y, Cb and Cr planes (chroma
/// at full resolution, 4:4:4), y = T^-1 [q round(T x / q)]. Neither y nor x is rounded or clamped to
/// 8 bits. Grey pictures have a Y plane only.
///
/// The likelihood knows which cell of the quantiser the picture was in: every coefficient of T (x - y)
/// lies within q / 2, the steps q being in the scale of T. Its negative logarithm is 1/2 gamma times the
/// squared excess e over that interval,
///
/// gamma/2 |e(T (x - y))|^2, e(t) = sign(t) max(|t| - q / 2, 0),
///
/// so gamma = 0 leaves z, and gamma towards infinity projects z onto the cell. A finite gamma allows for
/// misfits of standard deviation 1 / sqrt(gamma), such as the rounding to 8 bits. The proximal step
/// is exact, frequency by frequency: the cosine transform is orthonormal, and the three colours of a
/// frequency are a problem in three unknowns. Accordingly the residual norm is |e|, not |A x - y|.
///
/// The measurement carries no information beyond the cell, so the best noise level to state for it
/// is zero, or the rounding to 8 bits for a decoded file.
pub(super) struct Jpeg {
    name: String,
    pub(super) quantiser: Quantiser,
}

impl Jpeg {
    /// See [`Quantiser::new`].
    pub(super) fn new(name: String, shape: [usize; 3], quality: u8) -> Result<Self> {
        let quantiser = Quantiser::new(&name, shape, quality)?;
        Ok(Self { name, quantiser })
    }

    fn difference(&self, x: &HostTensor, y: &HostTensor) -> Vec<f64> {
        let mut d = self.quantiser.transformed(x);
        super::cg::add(&mut d, -1.0, &self.quantiser.transformed(y));
        d
    }
}

impl Operator for Jpeg {
    fn name(&self) -> &str {
        &self.name
    }

    fn is_linear(&self) -> bool {
        false
    }

    fn picture_shape(&self) -> [usize; 3] {
        self.quantiser.shape
    }

    fn measurement_shape(&self, picture: [usize; 4]) -> Result<[usize; 4]> {
        check_picture_dims(self, picture)?;
        Ok(picture)
    }

    fn forward(&self, x: &HostTensor) -> Result<HostTensor> {
        check_picture(self, x)?;
        let mut t = self.quantiser.transformed(x);
        self.quantiser.round(&mut t);
        transform(&mut t, self.quantiser.shape[2], true);
        HostTensor::new(x.shape(), t.iter().map(|v| *v as f32).collect())
    }

    /// The identity, which JPEG approximates: it stands in for the adjoint that a map which is not linear
    /// lacks.
    fn adjoint(&self, y: &HostTensor) -> Result<HostTensor> {
        check_measurement(self, y)?;
        Ok(y.clone())
    }

    /// The decoded picture itself.
    fn pseudo_inverse(&self, y: &HostTensor, noise: f32) -> Result<HostTensor> {
        check_noise(noise)?;
        self.adjoint(y)
    }

    fn prox_path<'a>(
        &'a self,
        z: &'a HostTensor,
        y: &'a HostTensor,
    ) -> Result<Box<dyn ProxPath + 'a>> {
        check_pair(self, z, y)?;
        Ok(Box::new(JpegPath {
            op: self,
            z,
            difference: self.difference(z, y),
        }))
    }

    /// The number m for which E |e|^2 = m sigma^2 at the true picture: noise counts only where it leaves the
    /// cell. With an error of quantisation that is uniform over +-h, noise of deviation sigma well below h
    /// leaves E e^2 = sqrt(2 / pi) sigma^3 / (3 h), and at most sigma^2; taken at sigma = 0.02.
    fn measured_entries(&self, measurement: [usize; 4]) -> usize {
        let m: usize = measurement.iter().product();
        let share =
            |half: f64| ((2.0 / std::f64::consts::PI).sqrt() * 0.02 / (3.0 * half)).min(1.0);
        (m as f64 * self.quantiser.mean(share)).ceil() as usize
    }

    /// |e(T (x - y))|: how far x is from the cell of y.
    fn residual_norm(&self, x: &HostTensor, y: &HostTensor) -> Result<f64> {
        check_pair(self, x, y)?;
        Ok(self.quantiser.misfit(self.difference(x, y)))
    }
}

/// Steps in terms of the coefficients of z - y.
struct JpegPath<'a> {
    op: &'a Jpeg,
    z: &'a HostTensor,
    difference: Vec<f64>,
}

impl JpegPath<'_> {
    /// Coefficients of prox - y.
    fn moved(&self, gamma: f64) -> Vec<f64> {
        let mut d = self.difference.clone();
        self.op.quantiser.step(&mut d, gamma);
        d
    }
}

impl ProxPath for JpegPath<'_> {
    fn prox(&self, gamma: f64) -> Result<HostTensor> {
        check_gamma(gamma)?;
        let mut step = self.moved(gamma);
        (step.iter_mut().zip(&self.difference)).for_each(|(d, a)| *d -= a);
        transform(&mut step, self.op.quantiser.shape[2], true);
        let mut x = self.z.clone();
        (x.data_mut().iter_mut().zip(step)).for_each(|(x, s)| *x = (f64::from(*x) + s) as f32);
        Ok(x)
    }

    fn residual_norm(&self, gamma: f64) -> Result<f64> {
        check_gamma(gamma)?;
        Ok(self.op.quantiser.misfit(self.moved(gamma)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn picture(c: usize) -> HostTensor {
        let data = (0..2 * c * 16 * 24)
            .map(|i| ((i * i + i / 24) % 97) as f32 / 48.5 - 1.0)
            .collect();
        HostTensor::new([2, c, 16, 24], data).unwrap()
    }

    fn op(c: usize, quality: u8) -> Jpeg {
        Jpeg::new("jpeg".into(), [c, 16, 24], quality).unwrap()
    }

    fn distance(a: &HostTensor, b: &HostTensor) -> f64 {
        a.clone().zip(b, |a, b| a - b).unwrap().norm()
    }

    #[test]
    fn decoding_is_a_fixed_point_and_better_quality_is_closer() {
        for c in [1, 3] {
            let x = picture(c);
            let mut last = f64::INFINITY;
            for quality in [5, 30, 75, 95, 100] {
                let op = op(c, quality);
                let y = op.forward(&x).unwrap();
                assert!(distance(&op.forward(&y).unwrap(), &y) < 1e-3);
                let error = distance(&x, &y);
                assert!(error < last, "{quality}: {error}");
                last = error;
                // What was compressed lies in the cell.
                assert!(op.residual_norm(&x, &y).unwrap() < 1e-4);
            }
            assert!(last < 0.2);
        }
    }

    #[test]
    fn constants_are_what_eight_bit_software_decodes() {
        // Mid-grey 127.5 is -0.5 after the level shift; its mean coefficient -4 rounds to 0 or -1 steps.
        let x = HostTensor::zeros([1, 1, 8, 8]);
        let fine = Jpeg::new("jpeg".into(), [1, 8, 8], 50).unwrap();
        let y = fine.forward(&x).unwrap();
        assert!((y.data()[0] - 0.5 / 127.5).abs() < 1e-6);
        // 200 is 72 after the shift: 576 = 36 steps of 16.
        let x = HostTensor::full([1, 1, 8, 8], (200.0 / 127.5 - 1.0) as f32);
        assert!(distance(&fine.forward(&x).unwrap(), &x) < 1e-5);
    }

    #[test]
    fn the_proximal_step_is_exact() {
        for c in [1, 3] {
            let (op, x) = (op(c, 20), picture(c));
            let y = op.forward(&x).unwrap();
            let z = x.clone().map(|v| -0.5 * v + 0.2);
            let path = op.prox_path(&z, &y).unwrap();
            assert_eq!(path.prox(0.0).unwrap(), z);
            let mut last = f64::INFINITY;
            for gamma in [0.0, 1e-3, 0.5, 10.0, 1e3, 1e6] {
                let p = path.prox(gamma).unwrap();
                let left = path.residual_norm(gamma).unwrap();
                let same = op.residual_norm(&p, &y).unwrap();
                assert!(
                    (left - same).abs() < 1e-5 * (1.0 + same),
                    "{gamma}: {left} {same}"
                );
                assert!(left <= last);
                last = left;
                // No step from there lowers the objective, whatever its direction.
                let objective = |q: &HostTensor| {
                    let misfit = op.residual_norm(q, &y).unwrap();
                    gamma * misfit * misfit + distance(q, &z).powi(2)
                };
                let best = objective(&p);
                for towards in [&x, &y, &z] {
                    for t in [1e-2f32, -1e-2, 0.3] {
                        let q = p.clone().zip(towards, |p, x| p + t * (x - p)).unwrap();
                        assert!(objective(&q) >= best * (1.0 - 1e-5), "{gamma} {t}");
                    }
                }
            }
            assert!(last < 1e-3);
            assert!(path.prox(f64::NAN).is_err());
        }
    }

    #[test]
    fn expected_misfit_is_that_of_noisy_pictures() {
        // Coefficients spread evenly over many cells, then noise of deviation 0.02.
        let op = Jpeg::new("jpeg".into(), [1, 128, 128], 60).unwrap();
        let mut state = 1u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        let mut x = HostTensor::zeros([1, 1, 128, 128]);
        x.data_mut().iter_mut().for_each(|v| *v = random());
        let mut y = op.forward(&x).unwrap();
        // A sum of twelve uniform variables in [-1, 1] has variance 4.
        (y.data_mut().iter_mut()).for_each(|v| *v += 0.01 * (0..12).map(|_| random()).sum::<f32>());
        let misfit = op.residual_norm(&x, &y).unwrap().powi(2);
        let expected = op.measured_entries([1, 1, 128, 128]) as f64 * 0.02 * 0.02;
        assert!((misfit / expected - 1.0).abs() < 0.3, "{misfit} {expected}");
        assert!(op.measured_entries([1, 1, 128, 128]) < 128 * 128 / 4);
    }

    #[test]
    fn misfits_of_shape_are_named() {
        let bad = Jpeg::new("jpeg:quality=10".into(), [3, 12, 16], 10);
        assert!(bad.err().unwrap().to_string().contains("multiples of 8"));
    }
}
