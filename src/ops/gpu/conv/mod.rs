//! Convolution, forward and, with the kernel turned, backward, in two variants: [`direct`] and
//! [`staged`].

mod direct;
mod staged;

use burn_cubecl::tensor::CubeTensor;

use super::epilogue::Epilogue;
use super::expand;
use super::launch::{Kernel, body_of, dims, flags, launch_groups, output};
use super::matrix::{self, Matrix};
use super::operands::Operands;
use crate::ops::ConvCall;
use crate::ops::tune::{ConvTile, class, tiles};

/// What a kernel's text depends on beside its tile.
#[derive(Debug, Clone, Copy)]
struct Shape {
    side: usize,
    stride: usize,
    /// The input is upsampled on the fly.
    up: bool,
    /// The kernel is turned and its channels swapped.
    turned: bool,
    /// The buffer of results.
    last: usize,
}

impl Shape {
    /// WGSL that takes a row and a column of the map that is convolved to those of the input.
    const fn to_source(self) -> [&'static str; 2] {
        if self.up {
            [" * p.h / p.vh", " * p.w / p.vw"]
        } else {
            ["", ""]
        }
    }
}

/// Cross-correlation of `[B, in, H, W]` with `[out, in, K, K]`, any stride, zero padding.
pub fn conv2d(x: &CubeTensor, w: &Matrix, call: ConvCall, end: &Epilogue) -> CubeTensor {
    run(x, w, call, end, false)
}

/// Correlation with the kernel turned by 180 degrees and its channels swapped.
pub fn turned(x: &CubeTensor, w: &Matrix, call: ConvCall) -> CubeTensor {
    run(x, w, call, &Epilogue::none(), true)
}

fn run(x: &CubeTensor, w: &Matrix, call: ConvCall, end: &Epilogue, turned: bool) -> CubeTensor {
    let d = dims(x);
    let [c_out, c_in, side, _] = w.form.shape;
    let [c_out, c_in] = if turned { [c_in, c_out] } else { [c_out, c_in] };
    let step = end.bias_step(c_out);
    let part = call.channels(c_out, c_in);
    let ([first_in, c_in], [first_out, c_out]) = (part.input, part.output);
    let [oh, ow] = call.output([d[2], d[3]], [side, w.form.shape[3]]);
    let tile = tiles().conv[class(d[0] * c_out * oh * ow)];
    let expanded;
    let mut w = w;
    if matches!(tile, ConvTile::Direct(_))
        && let Some(plain) = expand::expanded(w)
    {
        expanded = plain;
        w = &expanded;
    }
    let out = output(x, [d[0], c_out, oh, ow]);

    let operands = Operands::new(x, "f32", w, end);
    let mut params = vec![
        "batch",
        "c_in",
        "h",
        "w",
        "c_out",
        "oh",
        "ow",
        "top",
        "left",
        "vh",
        "vw",
        "first_in",
        "first_out",
        "bias_step",
    ];
    params.extend(matrix::PARAMS);
    let shape = Shape {
        side,
        stride: call.conv.stride,
        up: call.up.is_some(),
        turned,
        last: operands.last(),
    };
    // Of staged tiles the text does not depend on it.
    let mut round = direct::Round {
        deep: 1,
        whole: false,
    };
    if let ConvTile::Direct(tile) = tile {
        round.deep = direct::at_once(side, c_in);
        round.whole = ow.is_multiple_of(tile.tx) && oh.is_multiple_of(tile.ty);
    }
    let key = format!(
        "conv {side}x{side}/{} {tile}/{} {}{} {}",
        shape.stride,
        round.deep,
        w.key(),
        flags([
            (shape.up, "upsampled"),
            (turned, "turned"),
            (round.whole, "whole"),
        ]),
        end.key()
    );
    let (memory, body) = match tile {
        ConvTile::Staged(tile) => (
            tile.declare(side * side),
            body_of(&key, || staged::body(tile, shape)),
        ),
        ConvTile::Direct(tile) => (
            String::new(),
            body_of(&key, || direct::body(tile, round, shape)),
        ),
    };
    let kernel = Kernel {
        key,
        globals: operands.globals + &memory,
        body,
        buffers: operands.types,
        params,
        workgroup: tile.workgroup(),
    };
    let [vh, vw] = call.seen([d[2], d[3]]);
    let [top, _, left, _] = call.conv.padding;
    let sizes = [d[0], c_in, d[2], d[3], c_out, oh, ow, top, left, vh, vw];
    let mut words = sizes.map(|v| v as u32).to_vec();
    words.extend([first_in as u32, first_out as u32, step]);
    words.extend(w.params());
    let groups = tile.groups(d[0], c_out, [oh, ow]);
    let work = (d[0] * c_out * oh * ow) as u64 * (c_in * side * side) as u64;
    launch_groups(kernel, groups, work, &operands.inputs, &out, &words);
    out
}
