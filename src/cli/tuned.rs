//! Remembers what is fastest on this machine's adapters, in the user's cache folder.

use std::path::PathBuf;
use std::time::Instant;

use crate::engine::Compute;
use crate::engine::tuned::Memory;

/// `latino-web/kernels.json` where caches belong; `None` where there is no such place.
fn file() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
    let folder = set("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| set("HOME").map(|home| PathBuf::from(home).join(".cache")))?;
    Some(folder.join("latino-web/kernels.json"))
}

/// Puts the fastest tiles in use, measuring them the first time.
pub fn tune(compute: &Compute) -> crate::Result<()> {
    let file = file();
    let text = file.as_ref().and_then(|f| std::fs::read_to_string(f).ok());
    let mut memory = Memory::parse(&text.unwrap_or_default());
    let begun = Instant::now();
    let now = || begun.elapsed().as_secs_f64();
    if pollster::block_on(memory.tune(compute, now))?
        && let Some(file) = file
    {
        // Where nothing can be kept it is measured again.
        let _ = file.parent().map(std::fs::create_dir_all);
        let _ = std::fs::write(file, memory.text());
    }
    Ok(())
}
