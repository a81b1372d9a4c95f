//! What kernels do to a product before they store it: see [`crate::ops::Fused`].

use burn_cubecl::tensor::CubeTensor;

use super::launch::flags;
use crate::ops::{Activation, Fused};

/// The WGSL function of an activation, one of [`super::pointwise::FUNCTIONS`].
pub const fn function(f: Activation) -> &'static str {
    match f {
        Activation::Silu => "silu",
        Activation::Gelu => "gelu",
        Activation::QuickGelu => "quick_gelu",
        Activation::Relu => "relu",
    }
}

/// The tensors and the WGSL of an epilogue.
#[derive(Debug)]
pub struct Epilogue {
    fused: Fused,
    bias: Option<CubeTensor>,
    residual: Option<CubeTensor>,
}

impl Epilogue {
    pub fn new(b: CubeTensor, residual: CubeTensor, fused: Fused) -> Self {
        Self {
            fused,
            bias: (fused.bias > 0).then_some(b),
            residual: fused.residual.then_some(residual),
        }
    }

    /// No epilogue.
    pub fn none() -> Self {
        Self {
            fused: Fused::default(),
            bias: None,
            residual: None,
        }
    }

    /// Tells kernels apart.
    pub fn key(&self) -> String {
        let f = &self.fused;
        let activation = f.activation.map_or(String::new(), |a| format!(" {a:?}"));
        let named = flags([(f.bias > 0, "bias"), (f.residual, "residual")]);
        format!("+{named}{activation}")
    }

    /// The buffers to bind.
    pub fn inputs(&self) -> impl Iterator<Item = &CubeTensor> {
        self.bias.iter().chain(&self.residual)
    }

    /// How far the bias of the next of the batch is: the uniform's word `bias_step`.
    pub fn bias_step(&self, channels: usize) -> u32 {
        if self.fused.bias > 1 {
            channels as u32
        } else {
            0
        }
    }

    /// Declares, the epilogue's first buffer being `b{first}`, `bias(at)`, and `finish(value, at)`, the
    /// value to store at `at` for a product to which the bias has been added.
    pub fn declare(&self, first: usize) -> String {
        let (bias, next) = match self.bias {
            Some(_) => (format!("b{first}[at]"), first + 1),
            None => ("0.0".to_owned(), first),
        };
        let mut body = String::from("var v = value;\n");
        if self.residual.is_some() {
            body += &format!("v = v + b{next}[at];\n");
        }
        if let Some(f) = self.fused.activation {
            body += &format!("v = {}(v);\n", function(f));
        }
        format!(
            "fn bias(at: u32) -> f32 {{ return {bias}; }}
fn finish(value: f32, at: u32) -> f32 {{\n{body}return v;\n}}\n"
        )
    }
}
