//! Which model.

use crate::model_source::Refusal;

pub const MODEL_CHOICE: &str = "Model";
pub const MODEL_CHOICE_HINT: &str =
    "Another model is fetched once, checked and kept in this browser like the first one.";
pub const MODEL_OTHER: &str = "At another address";
pub const MODEL_ADDRESS: &str = "Address of a packed model";
pub const MODEL_ADDRESS_HINT: &str = "Its folder or its manifest.json, as \"latino pack\" makes them. The server is told nothing but which files are wanted.";
pub const MODEL_OWN: &str = "Back to this site's model";
pub const MODEL_USE: &str = "Use this model";

/// Why an address is not taken.
pub fn refused_address(why: &Refusal) -> String {
    match why {
        Refusal::NoAddress => {
            "This is no address of a model: it must begin with https:// and lead to a folder or a manifest.json.".to_owned()
        }
        Refusal::Host(others) if others.is_empty() => {
            "This site's policy allows models from this site only. Whoever runs it can allow others (model-hosts.txt).".to_owned()
        }
        Refusal::Host(others) => format!(
            "This site's policy allows models from this site and {} only. Whoever runs it can allow others (model-hosts.txt).",
            others.join(", ")
        ),
    }
}
