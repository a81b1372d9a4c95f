//! One test for all operators.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::HostTensor;

/// Deterministic values in [-1, 1).
pub(super) fn noise(shape: [usize; 4], seed: u32) -> HostTensor {
    let mut state = seed.wrapping_mul(747_796_405).wrapping_add(1);
    HostTensor::zeros(shape).map_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    })
}

trait MapWith {
    fn map_with(self, f: impl FnMut() -> f32) -> Self;
}

impl MapWith for HostTensor {
    fn map_with(mut self, mut f: impl FnMut() -> f32) -> Self {
        self.data_mut().iter_mut().for_each(|v| *v = f());
        self
    }
}

fn dot(a: &HostTensor, b: &HostTensor) -> f64 {
    assert_eq!(a.shape(), b.shape());
    (a.data().iter().zip(b.data()))
        .map(|(a, b)| f64::from(*a) * f64::from(*b))
        .sum()
}

pub(super) fn sub(a: &HostTensor, b: &HostTensor) -> HostTensor {
    a.clone().zip(b, |a, b| a - b).unwrap()
}

/// Every operator at several sizes, odd and even, grey and colour.
fn all() -> Vec<Box<dyn Operator>> {
    let mut out = Vec::new();
    for (h, w) in [(16, 24), (15, 9), (1, 7), (33, 20)] {
        let soft = noise([1, 1, h, w], 5).map(|v| v.max(0.0));
        let kernel = HostTensor::new([2, 3], vec![1.0, 2.0, 0.5, 0.0, 4.0, 1.0]).unwrap();
        let extras = Extras {
            mask: Some(soft),
            kernel: Some(kernel),
        };
        for c in [1, 3] {
            for spec in [
                "denoising",
                "gaussian-blur:sigma=3",
                "gaussian-blur:sigma=0.6",
                "anisotropic-blur:sigma_x=3,sigma_y=0.7,angle=35",
                "disk-blur:radius=2.5",
                "motion-blur:length=7,angle=20",
                "blur:kernel=given",
                "random-motion-blur:size=9,seed=2",
                "gaussian-blur:sigma=1.2,boundary=reflect",
                "disk-blur:radius=2.5,boundary=reflect",
                "motion-blur:length=4,angle=20,boundary=reflect",
                "blur:kernel=given,boundary=reflect",
                "gaussian-blur:sigma=0.6,boundary=free",
                "gaussian-blur:sigma=1.2,boundary=free",
                "motion-blur:length=7,angle=20,boundary=free",
                "random-motion-blur:size=6,seed=2,boundary=free",
                "blur:kernel=given,boundary=free",
                "super-resolution:factor=2",
                "super-resolution:factor=3",
                "super-resolution:factor=4",
                "super-resolution:factor=2,grid=centred",
                "super-resolution:factor=3,grid=centred",
                "super-resolution:factor=4,kernel=gaussian",
                "super-resolution:factor=3,kernel=gaussian,sigma=1,grid=published",
                "super-resolution:factor=2,kernel=decimation",
                "super-resolution:factor=8,grid=centred",
                "super-resolution:factor=3,kernel=area",
                "super-resolution:factor=4,kernel=area",
                "inpainting:box=0.25",
                "inpainting:random=0.5,seed=3",
                "inpainting:mask=given",
                "colorization",
                "bayer",
                "bayer:pattern=gbrg",
                "fourier:acceleration=2,centre=0.2",
                "fourier:acceleration=4,centre=0.08,seed=1",
                "gaussian-blur:sigma=0.8|inpainting:random=0.5",
                "motion-blur:length=3|super-resolution:factor=2,kernel=decimation",
                "inpainting:box=0.3|gaussian-blur:sigma=0.5,boundary=reflect|bayer:pattern=bggr",
            ] {
                let spec: TaskSpec = spec.parse().unwrap();
                match build(&spec, [c, h, w], &extras) {
                    Ok(op) => out.push(op),
                    // Sides that are no multiple of a factor, too few channels, or a kernel larger
                    // than a picture of one row.
                    Err(e) => {
                        let text = e.to_string();
                        let known = ["multiples", "3 channels", "larger than the picture"];
                        assert!(known.iter().any(|k| text.contains(k)), "{text}");
                        assert!(spec.factor() > 1 || c == 1 || h.min(w) < 11, "{text}");
                    }
                }
            }
        }
    }
    for spec in [
        "super-resolution:factor=32",
        "super-resolution:factor=32,grid=centred",
        "super-resolution:factor=16,kernel=gaussian",
        "super-resolution:factor=32,kernel=area",
        "gaussian-blur:sigma=2|super-resolution:factor=16,kernel=decimation",
    ] {
        let spec = spec.parse().unwrap();
        out.push(build(&spec, [1, 64, 96], &Extras::default()).unwrap());
    }
    assert!(out.len() > 150, "{}", out.len());
    out
}

#[test]
fn every_operator_keeps_its_promises() {
    for op in all() {
        let [c, h, w] = op.picture_shape();
        let shape = [2, c, h, w];
        let measured = op.measurement_shape(shape).unwrap();
        let what = format!("{} {shape:?}", op.name());
        let (x, z, y) = (
            noise(shape, 1),
            noise(shape, 2),
            op.keep_measured(&noise(measured, 3)).unwrap(),
        );

        let ax = op.forward(&x).unwrap();
        assert_eq!(ax.shape(), measured, "{what}");
        let at_y = op.adjoint(&y).unwrap();
        let gap = (dot(&ax, &y) - dot(&x, &at_y)).abs();
        assert!(
            gap <= 1e-5 * (ax.norm() * y.norm() + 1e-9),
            "{what}: adjoint off by {gap}"
        );

        let iterative = op.name().contains(['|']) || op.name().contains("boundary=");
        let path = op.prox_path(&z, &y).unwrap();
        let mut last = f64::INFINITY;
        for gamma in [0.0, 1e-6, 1e-3, 1.0, 30.0, 1e3, 1e6] {
            if iterative && gamma > 1e3 && h * w > 400 {
                // Thousands of iterations; the smaller pictures show as much.
                continue;
            }
            let p = path.prox(gamma).unwrap();
            // Thousands of iterations at absurd step sizes are not worth repeating.
            if !iterative || gamma < 1e6 {
                assert_eq!(p, op.prox(&z, &y, gamma).unwrap());
            }
            // gamma A^T (A p - y) + p - z = 0, relative to the size of its terms.
            let residual = sub(&op.forward(&p).unwrap(), &y);
            let gradient = op.adjoint(&residual).unwrap();
            let optimality = (gradient.zip(&sub(&p, &z), |g, d| gamma as f32 * g + d)).unwrap();
            let scale = z.norm() + gamma * at_y.norm();
            assert!(
                // At gamma = 1e6 a blur's prox is large where the blur lets nothing through, and
                // its rounding to f32 alone costs a few 1e-5.
                optimality.norm() < 1e-4 * scale,
                "{what} gamma {gamma}: {} of {scale}",
                optimality.norm()
            );
            let norm = path.residual_norm(gamma).unwrap();
            // A Krylov space is not grown for step sizes that no solver needs.
            let tolerance = match gamma {
                _ if !iterative || gamma < 1e3 => 1e-5,
                _ if gamma < 1e6 => 1e-2,
                _ => 0.1,
            };
            assert!(norm >= residual.norm() - 1e-3 * (residual.norm() + y.norm()));
            assert!(
                (norm - residual.norm()).abs() < tolerance * (residual.norm() + y.norm()),
                "{what} gamma {gamma}: {norm} {}",
                residual.norm()
            );
            let same = op.residual_norm(&p, &y).unwrap();
            assert!((same - residual.norm()).abs() < 1e-9);
            assert!(norm <= last * (1.0 + 1e-9));
            last = norm;
        }
        assert!(path.prox(-1.0).is_err() && path.residual_norm(f64::NAN).is_err());

        let inverse = op.pseudo_inverse(&y, 0.02).unwrap();
        assert_eq!(inverse.shape(), shape, "{what}");
        assert!(inverse.is_finite(), "{what}");
        assert!(op.pseudo_inverse(&y, -1.0).is_err());
        let wrong = HostTensor::zeros([2, c, h + 1, w]);
        assert!(op.forward(&wrong).is_err() && op.adjoint(&wrong).is_err());
        assert!(op.prox_path(&z, &wrong).is_err());
        let seen = if op.name().starts_with("fourier") {
            shape
        } else {
            measured
        };
        assert_eq!(op.measurement_picture(&y).unwrap().shape(), seen);
    }
}

#[test]
fn constants_survive_and_come_back() {
    for op in all() {
        let [c, h, w] = op.picture_shape();
        let x = HostTensor::full([1, c, h, w], 0.4);
        let y = op.forward(&x).unwrap();
        if !op.name().contains("inpainting") && !op.name().contains("fourier") {
            assert!(
                y.data().iter().all(|v| (v - 0.4).abs() < 1e-6),
                "{}",
                op.name()
            );
        }
        if op.name().starts_with("inpainting:box=0.3|") {
            // The blur mixes the hole into what is known.
            continue;
        }
        let inverse = op.pseudo_inverse(&y, 0.02).unwrap();
        assert!(
            inverse.data().iter().all(|v| (v - 0.4).abs() < 1e-5),
            "{}",
            op.name()
        );
    }
}
