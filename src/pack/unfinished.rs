//! A folder that appears under its name only when everything is in it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::source::io_error;
use crate::{Error, Result};

/// A folder that is removed again unless it is renamed to its final name.
pub struct Unfinished {
    path: PathBuf,
    to: PathBuf,
}

impl Unfinished {
    /// Begins the folder `to`. Fails with [`Error::Io`] when it is there already or its parent
    /// cannot be written.
    pub fn new(to: &Path) -> Result<Self> {
        if to.symlink_metadata().is_ok() {
            return Err(Error::Io(format!(
                "{} is there already: remove it or name another folder",
                to.display()
            )));
        }
        let name = to.file_name().ok_or_else(|| {
            Error::invalid(format!("{} is not the name of a folder", to.display()))
        })?;
        let name = format!(".{}.partial-{}", name.to_string_lossy(), std::process::id());
        let path = to.with_file_name(name);
        fs::create_dir_all(&path).map_err(|e| io_error(&path, &e))?;
        Ok(Self {
            path,
            to: to.to_owned(),
        })
    }

    /// Writes the file `name` (with slashes) to disk. Fails with [`Error::Io`].
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.path.join(name);
        let written = path
            .parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| {
                let mut file = fs::File::create(&path)?;
                file.write_all(bytes)?;
                // The rename must not outrun the bytes.
                file.sync_all()
            });
        written.map_err(|e| io_error(&path, &e))
    }

    /// Gives the folder its name. Fails with [`Error::Io`].
    pub fn commit(self) -> Result<()> {
        fs::rename(&self.path, &self.to).map_err(|e| io_error(&self.to, &e))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // After a commit there is nothing of this name.
        let _ = fs::remove_dir_all(&self.path);
    }
}
