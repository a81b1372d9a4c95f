//! The native binary `latino`: the engine without a browser. Scripts depend on these calls.

mod bench;
mod compare;
mod edit;
mod forward;
mod generate;
mod manifest;
mod pack;
mod physics;
mod report;
mod restore;
mod tensors;
mod tuned;

use clap::{Parser, Subcommand, ValueEnum};

use crate::engine::Compute;
use crate::protocol::{Initialisation, Solver, StepRule};

/// Image restoration with a latent consistency prior (LATINO).
#[derive(Debug, Parser)]
#[command(name = "latino", version, about)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Restore a picture.
    Restore(restore::Args),
    /// Compare solvers on the same measurements.
    Compare(compare::Args),
    /// Change what a picture shows.
    Edit(edit::Args),
    /// Make a picture from a prompt.
    Generate(generate::Args),
    /// Run one network on tensors from a file.
    Forward(forward::Args),
    /// Measure where the time goes: per network and block, and against large matrix products.
    Bench(bench::Args),
    /// Apply a forward operator, its adjoint or its proximal step to tensors from a file.
    Physics(physics::Args),
    /// Quantise a diffusers folder and pack it into checked shards.
    Pack(pack::Args),
    /// Write the manifest.json that a served model folder needs.
    Manifest(manifest::Args),
}

/// Where to compute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum DeviceArg {
    /// The processor.
    #[default]
    Cpu,
    /// WebGPU on whatever adapter there is.
    Gpu,
}

/// Step size rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RuleArg {
    /// Until the residual equals the noise level.
    Discrepancy,
    /// The published table.
    Published,
    /// As the error of the current picture deserves.
    MomentMatching,
}

impl From<RuleArg> for StepRule {
    fn from(rule: RuleArg) -> Self {
        match rule {
            RuleArg::Discrepancy => Self::Discrepancy,
            RuleArg::Published => Self::Published,
            RuleArg::MomentMatching => Self::MomentMatching,
        }
    }
}

/// Where to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum InitArg {
    /// The operator's regularised inverse.
    PseudoInverse,
    /// A^T y, as published.
    Adjoint,
    /// The total variation solution.
    Tv,
}

impl From<InitArg> for Initialisation {
    fn from(init: InitArg) -> Self {
        match init {
            InitArg::PseudoInverse => Self::PseudoInverse,
            InitArg::Adjoint => Self::Adjoint,
            InitArg::Tv => Self::TotalVariation,
        }
    }
}

/// Solver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SolverArg {
    /// LATINO.
    Latino,
    /// LATINO-PRO: fits the prompt embedding first.
    LatinoPro,
    /// Latent DiffPIR.
    DiffPir,
    /// Total variation.
    Tv,
    /// Quadratic smoothness.
    Tikhonov,
    /// The operator's regularised inverse.
    PseudoInverse,
}

impl From<SolverArg> for Solver {
    fn from(solver: SolverArg) -> Self {
        match solver {
            SolverArg::Latino => Self::Latino,
            SolverArg::LatinoPro => Self::LatinoPro,
            SolverArg::DiffPir => Self::DiffPir,
            SolverArg::Tv => Self::Tv,
            SolverArg::Tikhonov => Self::Tikhonov,
            SolverArg::PseudoInverse => Self::PseudoInverse,
        }
    }
}

impl DeviceArg {
    fn open(self) -> crate::Result<Compute> {
        let compute = Compute::native(self == Self::Gpu)?;
        if self == Self::Gpu {
            tuned::tune(&compute)?;
        }
        Ok(compute)
    }
}

/// Runs the program on the process's arguments; the exit code is 0 only on success.
pub fn main() -> std::process::ExitCode {
    match run(Args::parse()) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(e) => {
            // One line, causes included.
            let line = format!("{e:#}").replace('\n', " ");
            eprintln!("latino: {line}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> anyhow::Result<()> {
    match args.command {
        Command::Restore(a) => pollster::block_on(restore::run(a)),
        Command::Compare(a) => pollster::block_on(compare::run(a)),
        Command::Edit(a) => pollster::block_on(edit::run(a)),
        Command::Generate(a) => pollster::block_on(generate::run(a)),
        Command::Bench(a) => pollster::block_on(bench::run(a)),
        Command::Forward(a) => pollster::block_on(forward::run(a)),
        Command::Physics(a) => physics::run(&a),
        Command::Pack(a) => pack::run(a),
        Command::Manifest(a) => manifest::run(&a),
    }
}
