//! Convolutions whose border is not periodic: mirrored, or unknown.

use super::cg::{Linear, to_f32, to_f64};
use super::filter::{Filter, ROUNDING, Residual};
use super::kernels::Kernel;
use super::krylov::{DETAIL, KrylovPath};
use super::operator::{
    Operator, ProxPath, check_gamma, check_measurement, check_noise, check_pair, check_picture,
    check_picture_dims,
};
use crate::{Error, HostTensor, Result};

/// What surrounds the picture.
enum Border {
    /// Its mirror image, the edge pixel included twice: x(-1 - i) = x(i).
    /// On 2 H x 2 W this is periodic.
    Mirror {
        /// True when the kernel is symmetric in both axes: then the cosine transform (DCT-II)
        /// diagonalises A, and the step on the periodic 2 H x 2 W picture is the exact one.
        symmetric: bool,
    },
    /// Nothing that is known: the measurement consists of the pixels whose whole neighbourhood is
    /// inside, from row `top` and column `left` on.
    Unknown { top: usize, left: usize },
}

/// y = C K E x in every channel: E continues the picture, K is a periodic convolution, C crops.
pub(super) struct Bordered {
    name: String,
    shape: [usize; 3],
    /// Height and width of the measurement.
    measured: [usize; 2],
    border: Border,
    filter: Filter,
}

impl Bordered {
    /// The picture is continued by its mirror image.
    pub(super) fn mirror(name: String, shape: [usize; 3], kernel: &Kernel) -> Self {
        let [c, h, w] = shape;
        Self {
            filter: Filter::convolution(name.clone(), [c, 2 * h, 2 * w], kernel),
            name,
            shape,
            measured: [h, w],
            border: Border::Mirror {
                symmetric: kernel.is_symmetric(),
            },
        }
    }

    /// Nothing is assumed about what lies outside. Fails with [`Error::Shape`] when the kernel,
    /// without the zeros around it, is larger than the picture.
    pub(super) fn unknown(name: String, shape: [usize; 3], kernel: &Kernel) -> Result<Self> {
        let kernel = kernel.trimmed();
        let [_, h, w] = shape;
        if kernel.height > h || kernel.width > w {
            return Err(Error::shape(format!(
                "{name}: the kernel of {} x {} pixels is larger than the picture of {h} x {w}; with boundary=free it must fit inside",
                kernel.height, kernel.width
            )));
        }
        let (oy, ox) = kernel.origin();
        Ok(Self {
            filter: Filter::convolution(name.clone(), shape, &kernel),
            name,
            shape,
            measured: [h + 1 - kernel.height, w + 1 - kernel.width],
            border: Border::Unknown {
                top: kernel.height - 1 - oy,
                left: kernel.width - 1 - ox,
            },
        })
    }

    /// Height and width of the periodic grid, and where the measurement begins on it.
    fn grid(&self) -> ([usize; 2], [usize; 2]) {
        let [_, h, w] = self.shape;
        match self.border {
            Border::Mirror { .. } => ([2 * h, 2 * w], [0, 0]),
            Border::Unknown { top, left } => ([h, w], [top, left]),
        }
    }

    /// E: planes `h` x `w` continued to the grid.
    fn extend<T: Copy>(&self, x: &[T]) -> Vec<T> {
        let [_, h, w] = self.shape;
        match self.border {
            Border::Unknown { .. } => x.to_vec(),
            Border::Mirror { .. } => (0..4 * x.len())
                .map(|i| {
                    let (plane, y, x_) = (i / (4 * h * w), i / (2 * w) % (2 * h), i % (2 * w));
                    x[(plane * h + y.min(2 * h - 1 - y)) * w + x_.min(2 * w - 1 - x_)]
                })
                .collect(),
        }
    }

    /// E^T.
    fn fold(&self, x: &[f64]) -> Vec<f64> {
        let [_, h, w] = self.shape;
        match self.border {
            Border::Unknown { .. } => x.to_vec(),
            Border::Mirror { .. } => (0..x.len() / 4)
                .map(|i| {
                    let (plane, y, x_) = (i / (h * w), i / w % h, i % w);
                    let at = |y: usize, x_: usize| x[(plane * 2 * h + y) * 2 * w + x_];
                    let row = |y: usize| at(y, x_) + at(y, 2 * w - 1 - x_);
                    row(y) + row(2 * h - 1 - y)
                })
                .collect(),
        }
    }

    /// C.
    fn crop<T: Copy>(&self, x: &[T]) -> Vec<T> {
        let ([gh, gw], [top, left]) = self.grid();
        let [h, w] = self.measured;
        (x.chunks_exact(gh * gw))
            .flat_map(|plane| plane.chunks_exact(gw).skip(top).take(h))
            .flat_map(|row| &row[left..left + w])
            .copied()
            .collect()
    }

    /// C^T.
    fn embed(&self, y: &[f64]) -> Vec<f64> {
        let ([gh, gw], [top, left]) = self.grid();
        let [h, w] = self.measured;
        let mut out = vec![0.0; y.len() / (h * w) * gh * gw];
        for (i, row) in y.chunks_exact(w).enumerate() {
            let start = ((i / h) * gh + top + i % h) * gw + left;
            out[start..start + w].copy_from_slice(row);
        }
        out
    }

    /// A measurement as a picture: where nothing was measured, the nearest edge is repeated.
    fn spread(&self, y: &HostTensor) -> Result<HostTensor> {
        let [b, c, mh, mw] = y.dims4()?;
        let [_, h, w] = self.shape;
        let (_, [top, left]) = self.grid();
        let near = |i: usize, first: usize, n: usize| i.saturating_sub(first).min(n - 1);
        let at = |i: usize| {
            let (plane, y_, x) = (i / (h * w), i / w % h, i % w);
            y.data()[(plane * mh + near(y_, top, mh)) * mw + near(x, left, mw)]
        };
        HostTensor::new([b, c, h, w], (0..b * c * h * w).map(at).collect())
    }
}

impl Linear for Bordered {
    fn apply(&self, x: &[f64]) -> Result<Vec<f64>> {
        Ok(self.crop(&self.filter.convolve(&self.extend(x))))
    }

    fn apply_transpose(&self, y: &[f64]) -> Result<Vec<f64>> {
        Ok(self.fold(&self.filter.correlate(&self.embed(y))))
    }
}

impl Operator for Bordered {
    fn name(&self) -> &str {
        &self.name
    }

    fn picture_shape(&self) -> [usize; 3] {
        self.shape
    }

    fn measurement_shape(&self, picture: [usize; 4]) -> Result<[usize; 4]> {
        let b = check_picture_dims(self, picture)?;
        let [h, w] = self.measured;
        Ok([b, self.shape[0], h, w])
    }

    fn forward(&self, x: &HostTensor) -> Result<HostTensor> {
        check_picture(self, x)?;
        let [h, w] = self.measured;
        to_f32(&self.apply(&to_f64(x))?, [self.shape[0], h, w])
    }

    fn adjoint(&self, y: &HostTensor) -> Result<HostTensor> {
        check_measurement(self, y)?;
        to_f32(&self.apply_transpose(&to_f64(y))?, self.shape)
    }

    /// Wiener's filter on the mirrored measurement where the cosine transform diagonalises A. Else the
    /// regularised solution argmin |A x - y|^2 / variance + |x - x_0|^2 / 0.01, x_0 being y with its
    /// edge repeated outwards.
    fn pseudo_inverse(&self, y: &HostTensor, noise: f32) -> Result<HostTensor> {
        check_measurement(self, y)?;
        if let Border::Mirror { symmetric: true } = self.border {
            let [b, c, h, w] = y.dims4()?;
            let wide = HostTensor::new([b, c, 2 * h, 2 * w], self.extend(y.data()))?;
            let wide = self.filter.pseudo_inverse(&wide, noise)?;
            return HostTensor::new([b, c, h, w], self.crop(wide.data()));
        }
        let variance = check_noise(noise)?.powi(2) + ROUNDING.powi(2);
        self.prox(&self.spread(y)?, y, DETAIL / variance)
    }

    fn prox_path<'a>(
        &'a self,
        z: &'a HostTensor,
        y: &'a HostTensor,
    ) -> Result<Box<dyn ProxPath + 'a>> {
        check_pair(self, z, y)?;
        if let Border::Mirror { symmetric: true } = self.border {
            let residual = (self.filter).residual(&self.extend(z.data()), &self.extend(y.data()));
            return Ok(Box::new(MirrorPath {
                op: self,
                z,
                residual,
            }));
        }
        Ok(Box::new(KrylovPath::new(self, z, y)?))
    }

    /// With an unknown border, the part of a picture-sized photograph that the model explains;
    /// its outermost pixels are not used.
    fn measurement_from_picture(&self, picture: &HostTensor) -> Result<HostTensor> {
        if check_measurement(self, picture).is_ok() {
            return Ok(picture.clone());
        }
        let b = check_picture(self, picture)?;
        let [h, w] = self.measured;
        HostTensor::new([b, self.shape[0], h, w], self.crop(picture.data()))
    }
}

/// The periodic step on the mirrored picture, which is mirror symmetric itself. Every pixel of the
/// residual stands there four times.
struct MirrorPath<'a> {
    op: &'a Bordered,
    z: &'a HostTensor,
    residual: Residual<'a>,
}

impl ProxPath for MirrorPath<'_> {
    fn prox(&self, gamma: f64) -> Result<HostTensor> {
        check_gamma(gamma)?;
        let mut x = self.z.clone();
        let step = self.op.crop(&self.residual.step(gamma, 4 * x.len()));
        (x.data_mut().iter_mut().zip(step)).for_each(|(x, s)| *x += s);
        Ok(x)
    }

    fn residual_norm(&self, gamma: f64) -> Result<f64> {
        check_gamma(gamma)?;
        Ok(self.residual.norm(gamma) / 2.0)
    }
}
