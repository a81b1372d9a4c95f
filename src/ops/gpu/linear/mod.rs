//! Linear layers, forward and backward: x W^T and g W are one kernel, in two variants: [`direct`] and
//! [`staged`].

mod direct;
mod staged;

use burn_cubecl::tensor::CubeTensor;

use super::epilogue::Epilogue;
use super::launch::{Kernel, body_of, dims, launch_groups, output};
use super::matrix::{self, Matrix};
use super::pointwise::FUNCTIONS;
use crate::ops::tune::{LinearTile, class, tiles};

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

    let mut buffers = vec![if vector { "vec4<f32>" } else { "f32" }];
    let mut inputs = vec![x];
    buffers.extend(w.types());
    inputs.extend(w.inputs());
    let first_of_end = buffers.len();
    inputs.extend(end.inputs());
    buffers.resize(inputs.len(), "f32");
    buffers.push("f32");
    let mut params = vec!["m", "n", "k"];
    params.extend(matrix::PARAMS);
    // Four weights of a row are read together where no row ends among them.
    let quads = vector && cols.is_multiple_of(4);
    let fours = n.is_multiple_of(4);
    let last = buffers.len() - 1;
    let key = format!(
        "linear {tile:?} vector={vector} quads={quads} fours={fours} {} turned={turned} {}",
        w.form.precision,
        end.key()
    );
    let (memory, body) = match tile {
        LinearTile::Staged {
            tm,
            tn,
            lanes,
            depth,
        } => {
            let tile = staged::Tile {
                tm,
                tn,
                lanes,
                depth,
            };
            let body = body_of(&key, || staged::body(tile, vector, turned, last));
            (tile.declare(), body)
        }
        LinearTile::Direct { tm, tn, .. } => {
            let shape = direct::Shape {
                vector,
                quads,
                fours,
                turned,
                last,
            };
            let body = body_of(&key, || direct::body([tm, tn], shape));
            (w.declare_four(1), body)
        }
    };
    let kernel = Kernel {
        key,
        globals: format!(
            "{FUNCTIONS}{}{}{memory}",
            w.declare(1),
            end.declare(first_of_end),
        ),
        body,
        buffers,
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
        &inputs,
        &out,
        &words,
    );
    out
}
