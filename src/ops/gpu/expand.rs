//! Packed weights in f32 for the time of one operation: threads that read weights for themselves would
//! decode each of them many times.

use super::launch::{Kernel, WORKGROUP, body_of, launch, output};
use super::matrix::{self, Matrix};
use super::tile::lines;
use crate::ops::Form;
use crate::ops::limit::largest_tensor;
use crate::pack::Precision;
use crate::pack::block::BLOCK;

/// Bytes of the largest weight that is expanded.
const LARGEST: usize = 64 << 20;

/// `w` in f32, unless shaders read it as it is, or it is too large for that.
pub fn expanded(w: &Matrix) -> Option<Matrix> {
    let (rows, cols) = (w.form.rows(), w.form.cols());
    if w.plain() || 4 * rows * cols > LARGEST.min(largest_tensor()) {
        return None;
    }
    let key = format!("expand {}", w.key());
    // A thread takes a whole block: it reads one scale, and threads cost something by themselves.
    let (threads, body) = match w.form.precision {
        Precision::F32 | Precision::F16 => {
            ((rows * cols).div_ceil(BLOCK), body_of(&key, two_in_a_word))
        }
        Precision::Q8 => (rows * cols.div_ceil(BLOCK), body_of(&key, || quantised(4))),
        Precision::Q4 => (rows * cols.div_ceil(BLOCK), body_of(&key, || quantised(8))),
    };
    let out = output(w.inputs()[0], [rows, cols]);
    let mut buffers = w.types();
    buffers.push("f32");
    let mut params = matrix::PARAMS.to_vec();
    params.push("rows");
    let kernel = Kernel {
        key,
        globals: w.declare(0),
        body,
        buffers,
        params,
        workgroup: WORKGROUP,
    };
    let mut words = w.params().to_vec();
    words.push(rows as u32);
    launch(kernel, threads, &w.inputs(), &out, &words);
    let form = Form {
        precision: Precision::F32,
        ..w.form
    };
    Some(Matrix::new(out.clone(), out, form))
}

/// 32 halves a thread, two in a word; rows lie without gaps.
fn two_in_a_word() -> String {
    let word = |n: usize| format!("let word{n} = b0[first / 2u + {n}u];");
    let store = |j: usize| {
        let shift = 16 * (j % 2);
        format!(
            "b1[first + {j}u] = half((word{} >> {shift}u) & 0xffffu);",
            j / 2
        )
    };
    format!(
        "let first = i * {BLOCK}u;
let count = p.rows * p.w_cols;
if (first + {BLOCK}u <= count) {{
{read}
{all}
}} else {{
for (var at = first; at < count; at = at + 1u) {{ b1[at] = weight(0u, at); }}
}}",
        read = lines(BLOCK / 2, word),
        all = lines(BLOCK, store),
    )
}

/// A block a thread, `at_once` values in a word.
fn quantised(at_once: usize) -> String {
    let bits = 32 / at_once;
    let value = |j: usize| {
        let (left, right) = (32 - bits * (j % at_once + 1), 32 - bits);
        format!(
            "b2[to + {j}u] = size * f32(bitcast<i32>(word{} << {left}u) >> {right}u);",
            j / at_once
        )
    };
    format!(
        "let row = i / p.w_blocks;
if (row >= p.rows) {{ return; }}
let block = i % p.w_blocks;
let size = scale(row, block);
let source = row * p.w_words + block * {words}u;
{read}
let to = row * p.w_cols + block * {BLOCK}u;
if ((block + 1u) * {BLOCK}u <= p.w_cols) {{
{all}
}} else {{
let live = p.w_cols - block * {BLOCK}u;
{some}
}}",
        words = BLOCK / at_once,
        read = lines(BLOCK / at_once, |n| format!(
            "let word{n} = b0[source + {n}u];"
        )),
        all = lines(BLOCK, value),
        some = lines(BLOCK, |j| format!("if ({j}u < live) {{ {} }}", value(j))),
    )
}
