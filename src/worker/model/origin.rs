//! Where a model's files come from: a folder on a server, or files that the visitor chose.

use std::rc::Rc;

use super::control::Control;
use super::http::{self, Fault, Got, Want};
use super::local::Local;

/// A model's folder.
pub enum Origin {
    /// The address of a folder, with a slash at its end.
    Web(String),
    /// Files of the visitor's disk.
    Local(Rc<Local>),
}

impl Origin {
    /// Where the file `path` of the folder is, for the visitor.
    pub fn address(&self, path: &str) -> String {
        match self {
            Self::Web(base) => format!("{base}{path}"),
            Self::Local(files) => files.address(path),
        }
    }

    /// Reads a file or a part of it. `report` hears the bytes so far. Waits where `control` is paused.
    pub async fn get(
        &self,
        path: &str,
        want: &Want,
        control: &Control,
        report: impl FnMut(f64),
    ) -> Result<Got, Fault> {
        match self {
            Self::Web(base) => http::get(&format!("{base}{path}"), want, control, report).await,
            Self::Local(files) => files.get(path, want, control, report).await,
        }
    }
}
