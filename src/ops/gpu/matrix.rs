//! Weights as kernels read them: WGSL that dequantises one value where it is used. The layouts are
//! those of `docs/pack-format.md`.

use burn_cubecl::tensor::CubeTensor;

use super::launch::flags;
use crate::ops::Form;
use crate::ops::limit::halves;
use crate::pack::Precision;
use crate::pack::block::BLOCK;

/// A weight on the device.
#[derive(Debug, Clone)]
pub struct Matrix {
    pub form: Form,
    words: CubeTensor,
    scales: CubeTensor,
}

/// Names of the uniform's words that [`Matrix::params`] are.
pub const PARAMS: [&str; 3] = ["w_cols", "w_words", "w_blocks"];

impl Matrix {
    pub const fn new(words: CubeTensor, scales: CubeTensor, form: Form) -> Self {
        Self {
            form,
            words,
            scales,
        }
    }

    /// Whether shaders read the values as they lie.
    pub fn plain(&self) -> bool {
        match self.form.precision {
            Precision::F32 => true,
            Precision::F16 => halves(),
            Precision::Q8 | Precision::Q4 => false,
        }
    }

    /// How weights are read, for kernels' keys.
    pub fn key(&self) -> String {
        let native = self.form.precision == Precision::F16 && self.plain();
        format!("{}{}", self.form.precision, flags([(native, "native")]))
    }

    /// The buffers to bind.
    pub fn inputs(&self) -> Vec<&CubeTensor> {
        match self.form.precision {
            Precision::F32 | Precision::F16 => vec![&self.words],
            Precision::Q8 | Precision::Q4 => vec![&self.words, &self.scales],
        }
    }

    /// WGSL types of [`Self::inputs`].
    pub fn types(&self) -> Vec<&'static str> {
        match self.form.precision {
            Precision::F32 => vec!["f32"],
            Precision::F16 if self.plain() => vec!["f16"],
            Precision::F16 => vec!["u32"],
            Precision::Q8 | Precision::Q4 => vec!["u32", "u32"],
        }
    }

    /// Columns, words in a row, blocks in a row.
    pub fn params(&self) -> [u32; 3] {
        let cols = self.form.cols();
        let blocks = cols.div_ceil(BLOCK);
        let words = match self.form.precision {
            Precision::F32 | Precision::F16 => 0,
            Precision::Q8 => 8 * blocks,
            Precision::Q4 => 4 * blocks,
        };
        [cols, words, blocks].map(|v| v as u32)
    }

    /// Declares `weight(row, column)`, the weight's first buffer being `b{first}`. Where shaders do not
    /// know `f16`, and in scales, halves are decoded by hand: `unpack2x16float` may flush subnormals,
    /// which small scales are.
    pub fn declare(&self, first: usize) -> String {
        let (w, s) = (first, first + 1);
        if self.plain() {
            return format!(
                "fn weight(row: u32, col: u32) -> f32 {{ return f32(b{w}[row * p.w_cols + col]); }}\n"
            );
        }
        let half = "fn half(bits: u32) -> f32 {
    let size = bits & 0x7fffu;
    let plain = bitcast<f32>((size << 13u) + 0x38000000u);
    let magnitude = select(plain, f32(size) * 5.9604644775390625e-8, size < 1024u);
    return select(magnitude, -magnitude, bits >= 0x8000u);
}
";
        let scale = format!(
            "fn scale(row: u32, block: u32) -> f32 {{
    let at = row * p.w_blocks + block;
    return half((b{s}[at >> 1u] >> ((at & 1u) << 4u)) & 0xffffu);
}}
"
        );
        let quantised = |shift: u32, mask: u32, bits: u32| {
            let top = 32 - bits;
            format!(
                "{half}{scale}fn weight(row: u32, col: u32) -> f32 {{
    let word = b{w}[row * p.w_words + (col >> {shift}u)];
    let q = bitcast<i32>(word << ({top}u - {bits}u * (col & {mask}u))) >> {top}u;
    return scale(row, col >> 5u) * f32(q);
}}
"
            )
        };
        match self.form.precision {
            Precision::F32 | Precision::F16 => format!(
                "{half}fn weight(row: u32, col: u32) -> f32 {{
    let at = row * p.w_cols + col;
    return half((b{w}[at >> 1u] >> ((at & 1u) << 4u)) & 0xffffu);
}}
"
            ),
            Precision::Q8 => quantised(2, 3, 8),
            Precision::Q4 => quantised(3, 7, 4),
        }
    }

    /// Declares `weight4(row, column)`, four weights from a column on that is a multiple of 4, beside
    /// what [`Self::declare`] declares.
    pub fn declare_four(&self, first: usize) -> String {
        let each = "vec4<f32>(weight(row, col), weight(row, col + 1u), weight(row, col + 2u), weight(row, col + 3u))";
        let body = match self.form.precision {
            Precision::F32 | Precision::F16 => format!("return {each};"),
            // One word, or half a word, has all four.
            Precision::Q8 => format!(
                "let word = b{first}[row * p.w_words + (col >> 2u)];
let q = vec4<i32>(vec4<u32>(word << 24u, word << 16u, word << 8u, word)) >> vec4<u32>(24u);
return scale(row, col >> 5u) * vec4<f32>(q);"
            ),
            Precision::Q4 => format!(
                "let word = b{first}[row * p.w_words + (col >> 3u)] >> ((col & 4u) << 2u);
let q = vec4<i32>(vec4<u32>(word << 28u, word << 24u, word << 20u, word << 16u)) >> vec4<u32>(28u);
return scale(row, col >> 5u) * vec4<f32>(q);"
            ),
        };
        format!("fn weight4(row: u32, col: u32) -> vec4<f32> {{\n{body}\n}}\n")
    }
}
