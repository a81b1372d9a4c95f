//! Demosaicing: y is what a sensor behind a Bayer colour filter records.

use super::choices::Pattern;
use super::demosaic::demosaic;
use super::operator::{
    Operator, ProxPath, check_measurement, check_noise, check_pair, check_picture,
    check_picture_dims, grey_or_forward,
};
use super::rows::RowPath;
use crate::{Error, HostTensor, Result};

/// y(i, j) = x(c(i, j), i, j), one channel: every pixel keeps one colour c, alternating 2 x 2; A A^T = I.
pub(super) struct Bayer {
    name: String,
    shape: [usize; 3],
    pattern: Pattern,
}

impl Bayer {
    /// Fails with [`Error::Shape`] unless the picture has three channels.
    pub(super) fn new(name: String, shape: [usize; 3], pattern: Pattern) -> Result<Self> {
        if shape[0] != 3 {
            return Err(Error::shape(format!(
                "bayer needs pictures of 3 channels, found {}",
                shape[0]
            )));
        }
        Ok(Self {
            name,
            shape,
            pattern,
        })
    }
}

impl Operator for Bayer {
    fn name(&self) -> &str {
        &self.name
    }

    fn picture_shape(&self) -> [usize; 3] {
        self.shape
    }

    fn measurement_shape(&self, picture: [usize; 4]) -> Result<[usize; 4]> {
        let b = check_picture_dims(self, picture)?;
        Ok([b, 1, self.shape[1], self.shape[2]])
    }

    fn forward(&self, x: &HostTensor) -> Result<HostTensor> {
        let b = check_picture(self, x)?;
        let [_, h, w] = self.shape;
        let n = h * w;
        let at = |i: usize| {
            let (y, x_) = (i % n / w, i % w);
            x.data()[(i / n * 3 + self.pattern.channel(y, x_)) * n + i % n]
        };
        HostTensor::new([b, 1, h, w], (0..b * n).map(at).collect())
    }

    fn adjoint(&self, y: &HostTensor) -> Result<HostTensor> {
        let b = check_measurement(self, y)?;
        let [_, h, w] = self.shape;
        let n = h * w;
        let mut out = HostTensor::zeros([b, 3, h, w]);
        for (i, v) in y.data().iter().enumerate() {
            let channel = self.pattern.channel(i % n / w, i % w);
            out.data_mut()[(i / n * 3 + channel) * n + i % n] = *v;
        }
        Ok(out)
    }

    /// Green along the smoother direction, then red and blue by their smooth differences to green.
    fn pseudo_inverse(&self, y: &HostTensor, noise: f32) -> Result<HostTensor> {
        let b = check_measurement(self, y)?;
        check_noise(noise)?;
        let [c, h, w] = self.shape;
        let data = (y.data().chunks(h * w))
            .flat_map(|plane| demosaic(plane, h, w, self.pattern))
            .collect();
        HostTensor::new([b, c, h, w], data)
    }

    fn prox_path<'a>(
        &'a self,
        z: &'a HostTensor,
        y: &'a HostTensor,
    ) -> Result<Box<dyn ProxPath + 'a>> {
        check_pair(self, z, y)?;
        Ok(Box::new(RowPath::new(self, z, y, &[1.0])?))
    }

    /// The mosaic of a picture of 3 channels; a picture of 1 channel is taken as the mosaic.
    fn measurement_from_picture(&self, picture: &HostTensor) -> Result<HostTensor> {
        grey_or_forward(self, picture)
    }
}
