//! `latino physics`: a forward operator on tensors from a file.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::ValueEnum;

use super::tensors::{Tensors, write};
use crate::physics::{Extras, TaskSpec, build};

/// What to apply.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Op {
    /// `x` to `y`.
    Forward,
    /// `y` to `x`.
    Adjoint,
    /// `z` and `y` to `x`.
    Prox,
}

/// Options.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Forward operator, such as super-resolution:factor=8.
    #[arg(long)]
    task: String,
    /// What to apply.
    #[arg(long)]
    op: Op,
    /// Step size of the prox.
    #[arg(long)]
    gamma: Option<f64>,
    /// Input safetensors; `mask` or `kernel` may stand beside the inputs.
    #[arg(long)]
    inputs: PathBuf,
    /// Output safetensors.
    #[arg(long)]
    outputs: PathBuf,
    /// Size of the picture as HEIGHTxWIDTH, for an adjoint whose measurement does not tell
    /// (default: the measurement's size times the task's factor, three channels).
    #[arg(long)]
    size: Option<String>,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<()> {
    let inputs = Tensors::read(&args.inputs)?;
    let spec: TaskSpec = args.task.parse()?;
    let extras = Extras {
        mask: inputs.optional("mask").cloned(),
        kernel: inputs.optional("kernel").cloned(),
    };
    let operator = |shape: [usize; 3]| build(&spec, shape, &extras);
    let picture = |name: &str| -> Result<[usize; 3]> {
        let [_, c, h, w] = inputs.get(name)?.dims4()?;
        Ok([c, h, w])
    };
    match args.op {
        Op::Forward => {
            let y = operator(picture("x")?)?.forward(inputs.get("x")?)?;
            write(&args.outputs, "y", &y)
        }
        Op::Adjoint => {
            let y = inputs.get("y")?;
            let [_, c, h, w] = y.dims4()?;
            let (h, w) = match &args.size {
                None => (h * spec.factor(), w * spec.factor()),
                Some(s) => s
                    .split_once('x')
                    .and_then(|(h, w)| Some((h.parse().ok()?, w.parse().ok()?)))
                    .with_context(|| format!("--size {s}: expected HEIGHTxWIDTH"))?,
            };
            let x = operator([spec.picture_channels(c), h, w])?.adjoint(y)?;
            write(&args.outputs, "x", &x)
        }
        Op::Prox => {
            let gamma = args.gamma.context("--op prox needs --gamma")?;
            let x = operator(picture("z")?)?.prox(inputs.get("z")?, inputs.get("y")?, gamma)?;
            write(&args.outputs, "x", &x)
        }
    }
}
