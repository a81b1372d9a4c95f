//! Values that pin the conventions of single operators.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::tests::{noise, sub};
use super::*;
use crate::HostTensor;

fn operator(spec: &str, shape: [usize; 3]) -> Box<dyn Operator> {
    build(&spec.parse().unwrap(), shape, &Extras::default()).unwrap()
}

#[test]
fn bicubic_taps_and_grid_are_the_published_ones() {
    // Keys a = -0.5 at |x| = 0.25, 0.75, 1.25, 1.75: 0.8671875, 0.2265625, -0.0703125, -0.0234375.
    let expected = [-0.0234375, -0.0703125, 0.2265625, 0.8671875];
    let row = &axis::Axis::new(32, 2, Downsampling::Bicubic, Grid::Published).rows[5];
    assert_eq!((row.len(), row[0].0), (8, 2 * 5 - 4));
    for (i, e) in expected.iter().enumerate() {
        assert!((row[i].1 - e / 2.0).abs() < 1e-12 && (row[7 - i].1 - e / 2.0).abs() < 1e-12);
    }
    // Samples sit at f j - 1/2, where a ramp away from the borders keeps its value.
    let op = operator("super-resolution:factor=4", [1, 32, 32]);
    let ramp =
        HostTensor::new([1, 1, 32, 32], (0..1024).map(|i| (i % 32) as f32).collect()).unwrap();
    let y = op.forward(&ramp).unwrap();
    for j in 2..6 {
        assert!((y.data()[8 * 3 + j] - (4.0 * j as f32 - 0.5)).abs() < 1e-5);
    }
    // Left border: the reflected taps of 0..8 around -1/2, summed by hand.
    let t = |i: i32| crate::image::keys((f64::from(i) + 0.5) / 4.0 - 2.0) / 4.0;
    let by_hand: f64 = (0..16).map(|i| t(i) * f64::from(i - 8).abs()).sum();
    assert!((f64::from(y.data()[8 * 3]) - by_hand).abs() < 1e-5);
}

#[test]
fn blur_is_a_convolution_that_wraps() {
    let taps = HostTensor::new([1, 3], vec![3.0, 2.0, 1.0]).unwrap();
    let extras = Extras {
        kernel: Some(taps),
        ..Extras::default()
    };
    let op = build(
        &TaskSpec::Blur {
            boundary: Boundary::Circular,
        },
        [1, 1, 4],
        &extras,
    )
    .unwrap();
    let mut x = HostTensor::zeros([1, 1, 1, 4]);
    x.data_mut()[0] = 6.0;
    let y = op.forward(&x).unwrap();
    for (v, e) in y.data().iter().zip([2.0, 1.0, 0.0, 3.0]) {
        assert!((v - e).abs() < 1e-6);
    }
}

#[test]
fn the_centred_grid_is_that_of_common_image_software() {
    let x = noise([1, 3, 24, 32], 8);
    for (spec, factor) in [
        ("super-resolution:factor=4,grid=centred", 4),
        ("super-resolution:factor=8,grid=centred", 8),
    ] {
        let y = operator(spec, [3, 24, 32]).forward(&x).unwrap();
        let common = crate::image::bicubic(&x, 24 / factor, 32 / factor).unwrap();
        assert!(sub(&y, &common).norm() < 1e-5);
    }
    let y = operator("super-resolution:factor=4,kernel=decimation", [3, 24, 32])
        .forward(&x)
        .unwrap();
    assert_eq!(y.data()[9], x.data()[(4 + 1) * 32 + 4 + 1]);
}

#[test]
fn borders_are_mirrored_or_left_out() {
    let taps = HostTensor::new([1, 3], vec![3.0, 2.0, 1.0]).unwrap();
    let extras = Extras {
        kernel: Some(taps),
        ..Extras::default()
    };
    let x = HostTensor::new([1, 1, 1, 4], vec![1.0, 2.0, 4.0, 8.0]).unwrap();
    let blurred = |boundary| {
        let op = build(&TaskSpec::Blur { boundary }, [1, 1, 4], &extras).unwrap();
        let y = op.forward(&x).unwrap();
        y.map(|v| (v * 6.0 * 1e4).round() / 1e4).into_data()
    };
    // y(i) = (3 x(i + 1) + 2 x(i) + x(i - 1)) / 6
    assert_eq!(blurred(Boundary::Circular), [16.0, 17.0, 34.0, 23.0]);
    assert_eq!(blurred(Boundary::Reflect), [9.0, 17.0, 34.0, 44.0]);
    assert_eq!(blurred(Boundary::Free), [17.0, 34.0]);

    // A photograph of the picture's size is cut down to what the model explains.
    let op = operator("gaussian-blur:sigma=0.6,boundary=free", [3, 20, 24]);
    let photo = noise([1, 3, 20, 24], 4);
    let y = op.measurement_from_picture(&photo).unwrap();
    assert_eq!(y.shape(), [1, 3, 14, 18]);
    assert_eq!(y.data()[0], photo.data()[3 * 24 + 3]);
    assert_eq!(op.measurement_from_picture(&y).unwrap(), y);
    let small = build(
        &"gaussian-blur:boundary=free".parse().unwrap(),
        [3, 8, 40],
        &Extras::default(),
    );
    assert!(
        small
            .err()
            .unwrap()
            .to_string()
            .contains("larger than the picture")
    );
}

/// Counts how often an operator is applied.
struct Counted<'a>(cg::Single<'a>, std::cell::Cell<usize>);

impl cg::Linear for Counted<'_> {
    fn apply(&self, x: &[f64]) -> crate::Result<Vec<f64>> {
        self.1.set(self.1.get() + 1);
        self.0.apply(x)
    }

    fn apply_transpose(&self, y: &[f64]) -> crate::Result<Vec<f64>> {
        self.0.apply_transpose(y)
    }
}

#[test]
fn one_krylov_space_serves_many_step_sizes() {
    let op = operator("motion-blur:length=15,boundary=free", [3, 128, 128]);
    let y = op.forward(&noise([1, 3, 128, 128], 1)).unwrap();
    let z = noise([1, 3, 128, 128], 2);
    let counted = Counted(cg::Single(op.as_ref()), std::cell::Cell::new(0));
    let path = krylov::KrylovPath::new(&counted, &z, &y).unwrap();
    let norms: Vec<f64> = (0..30)
        .map(|i| 10f64.powf(f64::from(i) / 29.0 * 13.0 - 5.0))
        .map(|gamma| path.residual_norm(gamma).unwrap())
        .collect();
    assert!(norms.windows(2).all(|n| n[1] <= n[0] * (1.0 + 1e-9)));
    assert!(norms[29] < 0.05 * norms[0]);
    // At 512 x 512 this bound is 60.
    assert!(counted.1.get() <= 125, "{}", counted.1.get());
    let before = counted.1.get();
    let p = path.prox(30.0).unwrap();
    assert_eq!(counted.1.get(), before);
    let direct = op.residual_norm(&p, &y).unwrap();
    assert!((path.residual_norm(30.0).unwrap() / direct - 1.0).abs() < 1e-4);
}

#[test]
fn fourier_measures_the_orthonormal_transform_of_whole_rows() {
    let op = operator("fourier:acceleration=4,centre=0.2,seed=1", [3, 20, 12]);
    let measured = op.measurement_shape([2, 3, 20, 12]).unwrap();
    assert_eq!(measured, [2, 6, 20, 12]);
    assert_eq!(op.measured_entries(measured), 2 * 6 * 12 * 5);
    let x = HostTensor::full([1, 3, 20, 12], 0.5);
    let y = op.forward(&x).unwrap();
    assert!((f64::from(y.data()[0]) - 0.5 * (20f64 * 12.0).sqrt()).abs() < 1e-5);
    // Everything measured: an isometry, and its own inverse.
    let full = operator("fourier:acceleration=1", [3, 20, 12]);
    let x = noise([1, 3, 20, 12], 1);
    let y = full.forward(&x).unwrap();
    assert!((y.norm() / x.norm() - 1.0).abs() < 1e-6);
    assert!(sub(&full.adjoint(&y).unwrap(), &x).norm() < 1e-5);
    let zero_filled = full.measurement_picture(&y).unwrap();
    assert!(sub(&zero_filled, &x).norm() < 1e-5);
}

#[test]
fn compositions_apply_from_left_to_right_and_are_restored() {
    let op = operator(
        "gaussian-blur:sigma=1|super-resolution:factor=4,kernel=area",
        [3, 32, 32],
    );
    let x = noise([1, 3, 32, 32], 1);
    let blurred = operator("gaussian-blur:sigma=1", [3, 32, 32])
        .forward(&x)
        .unwrap();
    let small = operator("super-resolution:factor=4,kernel=area", [3, 32, 32]);
    assert_eq!(op.forward(&x).unwrap(), small.forward(&blurred).unwrap());
    let op = operator(
        "gaussian-blur:sigma=1|inpainting:random=0.5,seed=2",
        [3, 32, 32],
    );
    let shape = op.measurement_shape([1, 3, 32, 32]).unwrap();
    assert!(op.measured_entries(shape) < 3 * 32 * 32 * 6 / 10);
    let scene = HostTensor::new(
        [1, 3, 32, 32],
        (0..3 * 1024)
            .map(|i| ((i % 32) as f32 / 5.0).sin() * ((i / 32 % 32) as f32 / 7.0).cos())
            .collect(),
    )
    .unwrap();
    let y = op.forward(&scene).unwrap();
    let hole = y.clone().map(|v| if v == 0.0 { f32::NAN } else { v });
    let inverse = op.pseudo_inverse(&hole, 0.01).unwrap();
    let error = sub(&inverse, &scene).norm() / scene.norm();
    assert!(error < 0.1, "{error}");
    let given: TaskSpec = "super-resolution:factor=2|inpainting:mask=given"
        .parse()
        .unwrap();
    let extras = Extras {
        mask: Some(HostTensor::full([8, 8], 0.5)),
        kernel: None,
    };
    assert!(build(&given, [3, 16, 16], &extras).is_ok());
    let jpeg = TaskSpec::Composition(vec![TaskSpec::Jpeg { quality: 10 }, TaskSpec::Denoising]);
    let refused = build(&jpeg, [3, 16, 16], &extras).err().unwrap();
    assert!(refused.to_string().contains("not linear"));
}

#[test]
fn wiener_sharpens_a_blurred_picture() {
    let x = HostTensor::new(
        [1, 1, 32, 32],
        (0..1024)
            .map(|i| {
                if (i / 8 + i / 256) % 2 == 0 {
                    0.5
                } else {
                    -0.5
                }
            })
            .collect(),
    )
    .unwrap();
    let op = operator("gaussian-blur:sigma=1.5", [1, 32, 32]);
    let y = op.forward(&x).unwrap();
    let inverse = op.pseudo_inverse(&y, 0.004).unwrap();
    assert!(sub(&inverse, &x).norm() < 0.7 * sub(&y, &x).norm());
}

#[test]
fn masks_miss_what_they_say_and_holes_are_not_looked_at() {
    let op = operator("inpainting:box=0.25", [3, 16, 16]);
    assert_eq!(op.measured_entries([1, 3, 16, 16]), 3 * (256 - 64));
    let op = operator("inpainting:random=0.3,seed=1", [1, 100, 100]);
    assert!((op.measured_entries([1, 1, 100, 100]) as f64 / 1e4 - 0.7).abs() < 0.02);
    let again = operator("inpainting:random=0.3,seed=1", [1, 100, 100]);
    let other = operator("inpainting:random=0.3,seed=2", [1, 100, 100]);
    let x = HostTensor::full([1, 1, 100, 100], 1.0);
    assert_eq!(op.forward(&x).unwrap(), again.forward(&x).unwrap());
    assert_ne!(op.forward(&x).unwrap(), other.forward(&x).unwrap());
    // A hole may hold anything.
    let hole = op
        .forward(&x)
        .unwrap()
        .map(|v| if v == 0.0 { f32::NAN } else { v });
    assert!(op.prox(&x, &hole, 10.0).unwrap().is_finite());
    assert!(op.pseudo_inverse(&hole, 0.0).unwrap().is_finite());
    assert!(
        op.measurement_picture(&hole)
            .unwrap()
            .data()
            .iter()
            .all(|v| *v == 0.0 || *v == 1.0)
    );
}

#[test]
fn missing_or_misshapen_extras_are_named() {
    let mask: TaskSpec = "inpainting:mask=given".parse().unwrap();
    let fails = |spec: &TaskSpec, extras: &Extras| {
        build(spec, [3, 8, 8], extras).err().unwrap().to_string()
    };
    assert!(fails(&mask, &Extras::default()).contains("needs a mask"));
    assert!(
        fails(
            &TaskSpec::Blur {
                boundary: Boundary::Circular
            },
            &Extras::default()
        )
        .contains("needs a kernel")
    );
    let with = |m: HostTensor| Extras {
        mask: Some(m),
        kernel: None,
    };
    assert!(fails(&mask, &with(HostTensor::zeros([8, 9]))).contains("[8, 9]"));
    assert!(fails(&mask, &with(HostTensor::zeros([8, 8]))).contains("no pixel"));
    assert!(fails(&mask, &with(HostTensor::full([8, 8], 2.0))).contains("0 to 1"));
    let factor: TaskSpec = "super-resolution:factor=3".parse().unwrap();
    assert!(fails(&factor, &Extras::default()).contains("multiples of 3"));
    let grey = build(&TaskSpec::Colorization, [1, 8, 8], &Extras::default());
    assert!(grey.err().unwrap().to_string().contains("3 channels"));
}
