//! Super-resolution with a separable kernel.

use super::axis::{Axis, offset};
use super::choices::{Downsampling, Grid};
use super::eigen::product;
use super::interpolate::{interpolate, planes};
use super::operator::{
    Operator, ProxPath, check_gamma, check_measurement, check_noise, check_pair, check_picture,
    check_picture_dims,
};
use super::transpose::transpose;
use crate::{HostTensor, Result};

/// y = A_v x A_h^T in every channel.
pub(super) struct Separable {
    name: String,
    shape: [usize; 3],
    factor: usize,
    /// Of sample 0 from pixel 0.
    offset: f64,
    vertical: Axis,
    horizontal: Axis,
}

impl Separable {
    /// H and W of `shape` are multiples of `factor`.
    pub(super) fn new(
        name: String,
        shape: [usize; 3],
        factor: usize,
        kernel: Downsampling,
        grid: Grid,
    ) -> Self {
        Self {
            name,
            shape,
            factor,
            offset: offset(kernel, grid, factor),
            vertical: Axis::new(shape[1], factor, kernel, grid),
            horizontal: Axis::new(shape[2], factor, kernel, grid),
        }
    }

    fn low(&self) -> (usize, usize) {
        (self.vertical.rows.len(), self.horizontal.rows.len())
    }

    fn down(&self, plane: &[f64]) -> Vec<f64> {
        let (h, w) = self.low();
        let narrow = self.vertical.down(plane, self.shape[2]);
        let out = self
            .horizontal
            .down(&transpose(&narrow, h, self.shape[2]), h);
        transpose(&out, w, h)
    }

    fn up(&self, plane: &[f64]) -> Vec<f64> {
        let (h, w) = self.low();
        let wide = self.horizontal.up(&transpose(plane, h, w), h);
        let wide = transpose(&wide, self.shape[2], h);
        self.vertical.up(&wide, self.shape[2])
    }
}

impl Operator for Separable {
    fn name(&self) -> &str {
        &self.name
    }

    fn picture_shape(&self) -> [usize; 3] {
        self.shape
    }

    fn measurement_shape(&self, picture: [usize; 4]) -> Result<[usize; 4]> {
        let b = check_picture_dims(self, picture)?;
        let (h, w) = self.low();
        Ok([b, self.shape[0], h, w])
    }

    fn forward(&self, x: &HostTensor) -> Result<HostTensor> {
        let b = check_picture(self, x)?;
        let ([c, h, w], (lh, lw)) = (self.shape, self.low());
        planes(x, h * w, [b, c, lh, lw], |p| self.down(p))
    }

    fn adjoint(&self, y: &HostTensor) -> Result<HostTensor> {
        let b = check_measurement(self, y)?;
        let ([c, h, w], (lh, lw)) = (self.shape, self.low());
        planes(y, lh * lw, [b, c, h, w], |p| self.up(p))
    }

    /// Separable interpolation through the sampling points.
    fn pseudo_inverse(&self, y: &HostTensor, noise: f32) -> Result<HostTensor> {
        check_measurement(self, y)?;
        check_noise(noise)?;
        interpolate(y, self.shape, self.factor, self.offset)
    }

    fn prox_path<'a>(
        &'a self,
        z: &'a HostTensor,
        y: &'a HostTensor,
    ) -> Result<Box<dyn ProxPath + 'a>> {
        check_pair(self, z, y)?;
        let ([_, h, w], (lh, lw)) = (self.shape, self.low());
        let (qv, qh) = (
            &self.vertical.eigen.vectors.a,
            &self.horizontal.eigen.vectors.a,
        );
        let qv_t = transpose(qv, lh, lh);
        let residual = (z.data().chunks(h * w).zip(y.data().chunks(lh * lw)))
            .map(|(z, y)| {
                let z: Vec<f64> = z.iter().map(|v| f64::from(*v)).collect();
                let mut r = self.down(&z);
                r.iter_mut()
                    .zip(y)
                    .for_each(|(r, y)| *r = f64::from(*y) - *r);
                product(&product(&qv_t, &r, lh, lw), qh, lw, lw)
            })
            .collect();
        Ok(Box::new(SeparablePath {
            op: self,
            z,
            residual,
        }))
    }
}

/// A A^T = K_v (x) K_h has eigenvalues lambda_i mu_j, so with R = Q_v^T (y - A z) Q_h the residual
/// left is R / (1 + gamma lambda mu), and prox = z + gamma A^T of it.
struct SeparablePath<'a> {
    op: &'a Separable,
    z: &'a HostTensor,
    residual: Vec<Vec<f64>>,
}

impl SeparablePath<'_> {
    fn damped(&self, r: &[f64], gamma: f64) -> impl Iterator<Item = f64> {
        let (v, h) = (
            &self.op.vertical.eigen.values,
            &self.op.horizontal.eigen.values,
        );
        let w = h.len();
        (r.iter().enumerate()).map(move |(i, r)| r / (1.0 + gamma * v[i / w] * h[i % w]))
    }
}

impl ProxPath for SeparablePath<'_> {
    fn prox(&self, gamma: f64) -> Result<HostTensor> {
        check_gamma(gamma)?;
        let (lh, lw) = self.op.low();
        let qv = &self.op.vertical.eigen.vectors.a;
        let qh_t = transpose(&self.op.horizontal.eigen.vectors.a, lw, lw);
        let mut x = self.z.clone();
        let size = self.op.shape[1] * self.op.shape[2];
        for (r, x) in self.residual.iter().zip(x.data_mut().chunks_mut(size)) {
            let step: Vec<f64> = self.damped(r, gamma).map(|v| gamma * v).collect();
            let step = product(&product(qv, &step, lh, lw), &qh_t, lw, lw);
            for (x, s) in x.iter_mut().zip(self.op.up(&step)) {
                *x = (f64::from(*x) + s) as f32;
            }
        }
        Ok(x)
    }

    fn residual_norm(&self, gamma: f64) -> Result<f64> {
        check_gamma(gamma)?;
        let sum: f64 = (self.residual.iter())
            .map(|r| self.damped(r, gamma).map(|v| v * v).sum::<f64>())
            .sum();
        Ok(sum.sqrt())
    }
}
