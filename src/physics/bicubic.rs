//! Super-resolution with the bicubic kernel of LATINO's published experiments.

use super::eigen::{Eigen, Square, product};
use super::operator::{
    Operator, ProxPath, check_gamma, check_measurement, check_noise, check_pair, check_picture,
    check_picture_dims,
};
use super::transpose::transpose;
use crate::image::keys;
use crate::{HostTensor, Result};

/// The 4 f taps of the antialiasing kernel, sum 1: Keys' kernel stretched by f, at half-pixel offsets.
pub(super) fn taps(factor: usize) -> Vec<f64> {
    let f = factor as f64;
    let taps: Vec<f64> = (0..4 * factor)
        .map(|i| keys((i as f64 + 0.5) / f - 2.0))
        .collect();
    let sum: f64 = taps.iter().sum();
    taps.iter().map(|t| t / sum).collect()
}

/// Index of a signal of length n continued by reflection that does not repeat the border.
fn reflect(i: i64, n: usize) -> usize {
    if n == 1 {
        return 0;
    }
    let period = 2 * (n as i64 - 1);
    let i = i.rem_euclid(period);
    i.min(period - i) as usize
}

/// One axis: the sparse m x n matrix A with rows `taps` at samples f j - 2 f .. f j + 2 f,
/// reflected at the borders, hence centred at f j - 1/2; and the eigenbasis of A A^T.
struct Axis {
    rows: Vec<Vec<(usize, f64)>>,
    length: usize,
    eigen: Eigen,
}

impl Axis {
    fn new(length: usize, factor: usize) -> Self {
        let taps = taps(factor);
        let m = length / factor;
        let rows: Vec<Vec<(usize, f64)>> = (0..m)
            .map(|j| {
                let first = factor as i64 * (j as i64 - 2);
                let mut row: Vec<(usize, f64)> = (taps.iter().enumerate())
                    .map(|(i, t)| (reflect(first + i as i64, length), *t))
                    .collect();
                row.sort_by_key(|(i, _)| *i);
                row.dedup_by(|b, a| {
                    a.0 == b.0 && {
                        a.1 += b.1;
                        true
                    }
                });
                row
            })
            .collect();
        let mut gram = vec![0.0; m * m];
        for j in 0..m {
            let mut dense = vec![0.0; length];
            rows[j].iter().for_each(|(i, t)| dense[*i] = *t);
            for k in 0..m {
                gram[j * m + k] = rows[k].iter().map(|(i, t)| t * dense[*i]).sum();
            }
        }
        Self {
            rows,
            length,
            eigen: Eigen::new(Square { n: m, a: gram }),
        }
    }

    /// A times a plane `length` x `columns`.
    fn down(&self, plane: &[f64], columns: usize) -> Vec<f64> {
        let mut out = vec![0.0; self.rows.len() * columns];
        for (row, out) in self.rows.iter().zip(out.chunks_mut(columns)) {
            for (i, t) in row {
                let source = &plane[i * columns..][..columns];
                out.iter_mut().zip(source).for_each(|(o, v)| *o += t * v);
            }
        }
        out
    }

    /// A^T times a plane `length / f` x `columns`.
    fn up(&self, plane: &[f64], columns: usize) -> Vec<f64> {
        let mut out = vec![0.0; self.length * columns];
        for (row, source) in self.rows.iter().zip(plane.chunks(columns)) {
            for (i, t) in row {
                let out = &mut out[i * columns..][..columns];
                out.iter_mut().zip(source).for_each(|(o, v)| *o += t * v);
            }
        }
        out
    }
}

/// y = A_v x A_h^T in every channel.
pub(super) struct Bicubic {
    name: String,
    shape: [usize; 3],
    factor: usize,
    vertical: Axis,
    horizontal: Axis,
}

impl Bicubic {
    /// H and W of `shape` are multiples of `factor`.
    pub(super) fn new(name: String, shape: [usize; 3], factor: usize) -> Self {
        Self {
            name,
            shape,
            factor,
            vertical: Axis::new(shape[1], factor),
            horizontal: Axis::new(shape[2], factor),
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

/// Applies `f` to every plane of `x`, in f64.
fn planes(
    x: &HostTensor,
    size: usize,
    shape: [usize; 4],
    f: impl Fn(&[f64]) -> Vec<f64>,
) -> Result<HostTensor> {
    let data = (x.data().chunks(size))
        .flat_map(|p| f(&p.iter().map(|v| f64::from(*v)).collect::<Vec<_>>()))
        .map(|v| v as f32)
        .collect();
    HostTensor::new(shape, data)
}

impl Operator for Bicubic {
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

    /// Bicubic interpolation through the sampling points.
    fn pseudo_inverse(&self, y: &HostTensor, noise: f32) -> Result<HostTensor> {
        check_measurement(self, y)?;
        check_noise(noise)?;
        interpolate(y, self.shape, self.factor, -0.5)
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
        Ok(Box::new(BicubicPath {
            op: self,
            z,
            residual,
        }))
    }
}

/// A A^T = K_v (x) K_h has eigenvalues lambda_i mu_j, so with R = Q_v^T (y - A z) Q_h the residual
/// left is R / (1 + gamma lambda mu), and prox = z + gamma A^T of it.
struct BicubicPath<'a> {
    op: &'a Bicubic,
    z: &'a HostTensor,
    residual: Vec<Vec<f64>>,
}

impl BicubicPath<'_> {
    fn damped(&self, r: &[f64], gamma: f64) -> impl Iterator<Item = f64> {
        let (v, h) = (
            &self.op.vertical.eigen.values,
            &self.op.horizontal.eigen.values,
        );
        let w = h.len();
        (r.iter().enumerate()).map(move |(i, r)| r / (1.0 + gamma * v[i / w] * h[i % w]))
    }
}

impl ProxPath for BicubicPath<'_> {
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

/// Keys interpolation of `y` at every pixel of a picture of `shape` `[C, H, W]`, when sample j of y sits
/// at picture coordinate `factor * j + offset`. Borders are repeated.
pub(super) fn interpolate(
    y: &HostTensor,
    shape: [usize; 3],
    factor: usize,
    offset: f64,
) -> Result<HostTensor> {
    let [b, c, lh, lw] = y.dims4()?;
    let [_, h, w] = shape;
    let line = |n: usize, m: usize| -> Vec<[(usize, f64); 4]> {
        (0..n)
            .map(|i| {
                let u = (i as f64 - offset) / factor as f64;
                let base = u.floor();
                [-1.0, 0.0, 1.0, 2.0].map(|d| {
                    let j = (base + d).clamp(0.0, (m - 1) as f64) as usize;
                    (j, keys(u - base - d))
                })
            })
            .collect()
    };
    let (rows, columns) = (line(h, lh), line(w, lw));
    planes(y, lh * lw, [b, c, h, w], |p| {
        let wide: Vec<f64> = (0..lh * w)
            .map(|i| {
                columns[i % w]
                    .iter()
                    .map(|(j, t)| t * p[i / w * lw + j])
                    .sum()
            })
            .collect();
        (0..h * w)
            .map(|i| {
                rows[i / w]
                    .iter()
                    .map(|(j, t)| t * wide[j * w + i % w])
                    .sum()
            })
            .collect()
    })
}
