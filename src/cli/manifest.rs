//! `latino manifest`: what the browser needs to fetch and check a model folder.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::{InitArg, RuleArg};
use crate::engine::files::{Manifest, ManifestFile, sha256};
use crate::protocol::Recommended;

/// Options.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The model folder; `manifest.json` is written into it.
    #[arg(long)]
    model: PathBuf,
    /// Display name.
    #[arg(long)]
    name: String,
    /// Licence: an SPDX expression or a sentence.
    #[arg(long)]
    licence: String,
    /// Where the model comes from.
    #[arg(long)]
    source: String,
    /// Recommended number of LATINO's steps.
    #[arg(long, default_value_t = 8)]
    steps: u32,
    /// Recommended first timestep (default: the model's last).
    #[arg(long)]
    start: Option<u32>,
    /// Recommended start.
    #[arg(long, default_value = "pseudo-inverse")]
    init: InitArg,
    /// Recommended step size rule.
    #[arg(long, default_value = "discrepancy")]
    rule: RuleArg,
    /// Recommended relaxation, 0 to below 1.
    #[arg(long, default_value_t = 0.0)]
    relaxation: f64,
}

/// The files that the engine reads, below `folder`.
fn collect(root: &Path, folder: &Path, out: &mut Vec<ManifestFile>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, out)?;
            continue;
        }
        let relative = path.strip_prefix(root)?;
        let name = relative.to_string_lossy().replace('\\', "/");
        // Loose files at the top (model card, manifest) are for readers, not for the engine.
        if !name.contains('/') {
            continue;
        }
        let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
        out.push(ManifestFile {
            path: name,
            bytes: bytes.len() as u64,
            sha256: sha256(&bytes),
        });
    }
    Ok(())
}

/// Runs the command.
pub fn run(args: &Args) -> Result<()> {
    if args.model.join("shards").is_dir() {
        bail!(
            "{} is packed and has its manifest: `latino pack` takes these options",
            args.model.display()
        );
    }
    let mut files = Vec::new();
    collect(&args.model, &args.model, &mut files)?;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let manifest = Manifest {
        version: 1,
        name: args.name.clone(),
        licence: args.licence.clone(),
        source: args.source.clone(),
        recommended: Recommended {
            steps: args.steps,
            start: args.start,
            init: args.init.into(),
            rule: args.rule.into(),
            relaxation: args.relaxation,
        },
        files,
        packed: None,
    };
    let path = args.model.join("manifest.json");
    let json = serde_json::to_string_pretty(&manifest)? + "\n";
    std::fs::write(&path, json).with_context(|| path.display().to_string())
}
