//! Linear layers, forward and backward: x W^T and g W are one kernel, in two variants: [`direct`] and
//! [`staged`].

mod direct;
mod staged;

use burn_cubecl::tensor::CubeTensor;

use super::epilogue::Epilogue;
use super::launch::{Kernel, body_of, dims, flags, launch_groups, output};
use super::matrix::{self, Matrix};
use super::operands::Operands;
use crate::ops::tune::{LinearTile, class, tiles};

/// What a kernel's text depends on beside its tile.
#[derive(Debug, Clone, Copy)]
struct Shape {
    /// `x` is read as `vec4`.
    vector: bool,
    /// Four weights of a row are read at once.
    quads: bool,
    /// The number of columns is a multiple of 4.
    fours: bool,
    /// The stored matrix is the right factor as it is, as on the way back.
    turned: bool,
    /// The buffer of results.
    last: usize,
}

/// x W^T for `[B, N, in]`, then the epilogue.
pub fn linear(x: &CubeTensor, w: &Matrix, end: &Epilogue) -> CubeTensor {
    run(x, w, end, false)
}

/// g W for `[B, N, out]`.
pub fn backward(g: &CubeTensor, w: &Matrix) -> CubeTensor {
    run(g, w, &Epilogue::none(), true)
}

fn run(x: &CubeTensor, w: &Matrix, end: &Epilogue, turned: bool) -> CubeTensor {
    let d = dims(x);
    let (rows, cols) = (w.form.rows(), w.form.cols());
    let (m, k) = (d[0] * d[1], d[2]);
    let n = if turned { cols } else { rows };
    let tile = tiles().linear[class(m * n)];
    let out = output(x, [d[0], d[1], n]);
    let vector = k.is_multiple_of(4);

    let x_type = if vector { "vec4<f32>" } else { "f32" };
    let operands = Operands::new(x, x_type, w, end);
    let mut params = vec!["m", "n", "k"];
    params.extend(matrix::PARAMS);
    let shape = Shape {
        vector,
        // Four weights of a row are read together where no row ends among them.
        quads: vector && cols.is_multiple_of(4),
        fours: n.is_multiple_of(4),
        turned,
        last: operands.last(),
    };
    let key = format!(
        "linear {tile} {}{} {}",
        w.key(),
        flags([
            (vector, "vector"),
            (shape.quads, "quads"),
            (shape.fours, "fours"),
            (turned, "turned"),
        ]),
        end.key()
    );
    let (more, body) = match tile {
        LinearTile::Staged(tile) => (tile.declare(), body_of(&key, || staged::body(tile, shape))),
        LinearTile::Direct(tile) => (
            w.declare_four(1),
            body_of(&key, || direct::body(tile, shape)),
        ),
    };
    let kernel = Kernel {
        key,
        globals: operands.globals + &more,
        body,
        buffers: operands.types,
        params,
        workgroup: tile.workgroup(),
    };
    let mut words = [m, n, k].map(|v| v as u32).to_vec();
    words.extend(w.params());
    let groups = tile.groups(m, n);
    launch_groups(
        kernel,
        groups,
        (m * n) as u64 * k as u64,
        &operands.inputs,
        &out,
        &words,
    );
    out
}
