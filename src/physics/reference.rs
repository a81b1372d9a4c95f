//! Against values that an independent implementation made: tests/reference/physics.py.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use safetensors::SafeTensors;

use super::*;
use crate::HostTensor;

const FILE: &[u8] = include_bytes!("../../tests/fixtures/physics/deepinv.safetensors");

fn read(name: &str) -> HostTensor {
    let file = SafeTensors::deserialize(FILE).unwrap();
    let view = file.tensor(name).unwrap();
    let data = (view.data().chunks_exact(4))
        .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
        .collect();
    HostTensor::new(view.shape(), data).unwrap()
}

fn close(a: &HostTensor, b: &HostTensor, what: &str) {
    assert_eq!(a.shape(), b.shape(), "{what}");
    for (a, b) in a.data().iter().zip(b.data()) {
        assert!((a - b).abs() < 1e-4, "{what}: {a} {b}");
    }
}

#[test]
fn operators_and_proximal_steps_agree_with_deepinv() {
    let mut flipped = read("kernel");
    flipped.data_mut().reverse();
    let extras = Extras {
        mask: Some(read("mask")),
        kernel: Some(flipped),
    };
    let (x, z) = (read("x"), read("z"));
    let [_, c, h, w] = x.dims4().unwrap();
    for (name, spec) in [
        ("gaussian", "gaussian-blur:sigma=1.5"),
        // deepinv's BlurFFT correlates: a convolution with the kernel turned by 180 degrees.
        ("correlation", "blur:kernel=given"),
        ("bicubic", "super-resolution:factor=4"),
        ("inpainting", "inpainting:mask=given"),
    ] {
        let op = build(&spec.parse().unwrap(), [c, h, w], &extras).unwrap();
        let y = read(&format!("{name}.y"));
        let of = |what: &str| read(&format!("{name}.{what}"));
        close(&op.forward(&x).unwrap(), &of("forward"), name);
        close(&op.adjoint(&y).unwrap(), &of("adjoint"), name);
        for (label, gamma) in [("small", 0.3), ("large", 200.0)] {
            let p = op.prox(&z, &y, gamma).unwrap();
            close(
                &p,
                &of(&format!("prox.{label}")),
                &format!("{name} {gamma}"),
            );
        }
    }
    let taps = Kernel::gaussian(1.5).unwrap();
    let published = read("gaussian.filter");
    assert_eq!(*published.shape(), [1, 1, taps.height, taps.width]);
    for (a, b) in taps.taps.iter().zip(published.data()) {
        assert!((a - f64::from(*b)).abs() < 1e-7);
    }
}
