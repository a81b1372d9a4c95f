//! Forward differences of pictures, with Neumann's boundary, and their adjoint.

/// An upper bound of |grad|^2.
pub(super) const NORM2: f32 = 8.0;

/// A field of two components per value of a picture.
#[derive(Clone)]
pub(super) struct Field {
    /// Differences to the right neighbour; 0 in the last column.
    pub right: Vec<f32>,
    /// Differences to the lower neighbour; 0 in the last row.
    pub down: Vec<f32>,
}

impl Field {
    pub(super) fn zeros(n: usize) -> Self {
        Self {
            right: vec![0.0; n],
            down: vec![0.0; n],
        }
    }

    /// The two components, one after the other.
    pub(super) fn values(&self) -> impl Iterator<Item = f32> + '_ {
        self.right.iter().chain(&self.down).copied()
    }
}

/// grad x of planes `h` x `w`.
pub(super) fn gradient(x: &[f32], h: usize, w: usize) -> Field {
    let mut out = Field::zeros(x.len());
    for (p, plane) in x.chunks(h * w).enumerate() {
        let at = p * h * w;
        for y in 0..h {
            let row = &plane[y * w..][..w];
            let right = &mut out.right[at + y * w..][..w];
            for (r, v) in right.iter_mut().zip(row.windows(2)) {
                *r = v[1] - v[0];
            }
            if y + 1 < h {
                let next = &plane[(y + 1) * w..][..w];
                let down = &mut out.down[at + y * w..][..w];
                for ((d, b), a) in down.iter_mut().zip(next).zip(row) {
                    *d = b - a;
                }
            }
        }
    }
    out
}

/// The adjoint of [`gradient`]: minus the divergence.
pub(super) fn adjoint(p: &Field, h: usize, w: usize) -> Vec<f32> {
    let mut out = vec![0.0; p.right.len()];
    for (i, out) in out.chunks_mut(h * w).enumerate() {
        let at = i * h * w;
        for y in 0..h {
            let right = &p.right[at + y * w..][..w];
            let row = &mut out[y * w..][..w];
            for x in 0..w - 1 {
                row[x] -= right[x];
                row[x + 1] += right[x];
            }
            if y + 1 < h {
                let down = &p.down[at + y * w..][..w];
                for x in 0..w {
                    out[y * w + x] -= down[x];
                    out[(y + 1) * w + x] += down[x];
                }
            }
        }
    }
    out
}

/// The joint length of the field at every pixel, over the channels of one picture.
pub(super) fn lengths(p: &Field, pixels: usize) -> Vec<f32> {
    let mut out = vec![0.0f32; pixels];
    for plane in p.right.chunks(pixels).chain(p.down.chunks(pixels)) {
        out.iter_mut().zip(plane).for_each(|(o, v)| *o += v * v);
    }
    out.iter_mut().for_each(|v| *v = v.sqrt());
    out
}
