//! An experiment as a whole: kept in one file that reopens as it was, or told by a link.
//!
//! | file | what lives there |
//! |---|---|
//! | `settings` | the settings as pairs of names and values, which links and files share |
//! | `link` | settings in the page's address |
//! | `record` | what the engine answered to the run that is shown |
//! | `file` | the file format |
//! | `reopen` | from a file back to the page |

mod file;
pub mod link;
pub mod record;
pub mod reopen;
mod settings;

pub use file::{Experiment, FILE_END};
pub use record::Record;
pub use settings::{Pairs, pairs};
