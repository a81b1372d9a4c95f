//! What the kernels of linear layers and convolutions bind: input, weight, what the epilogue needs,
//! result.

use burn_cubecl::tensor::CubeTensor;

use super::epilogue::Epilogue;
use super::matrix::Matrix;
use super::pointwise::FUNCTIONS;

/// The tensors and the WGSL that names them.
#[derive(Debug)]
pub struct Operands<'a> {
    /// Types of the buffers, the result's last.
    pub types: Vec<&'static str>,
    /// All but the result.
    pub inputs: Vec<&'a CubeTensor>,
    /// Declares `weight`, `bias`, `finish`, and what they need.
    pub globals: String,
}

impl<'a> Operands<'a> {
    /// `x` is `b0`, an array of `x_type`.
    pub fn new(x: &'a CubeTensor, x_type: &'static str, w: &'a Matrix, end: &'a Epilogue) -> Self {
        let mut types = vec![x_type];
        let mut inputs = vec![x];
        types.extend(w.types());
        inputs.extend(w.inputs());
        let globals = format!("{FUNCTIONS}{}{}", w.declare(1), end.declare(types.len()));
        inputs.extend(end.inputs());
        types.resize(inputs.len(), "f32");
        types.push("f32");
        Self {
            types,
            inputs,
            globals,
        }
    }

    /// The buffer of results.
    pub fn last(&self) -> usize {
        self.types.len() - 1
    }
}
