//! Which model.

use crate::model_source::Refusal;

pub const MODEL_CHOICE: &str = "Model";
pub const MODEL_CHOICE_HINT: &str =
    "Another model is fetched once, checked and kept in this browser like the first one.";
pub const MODEL_OTHER: &str = "Another: from an address or from this computer";
pub const MODEL_ADDRESS: &str = "Address of a model";
pub const MODEL_ADDRESS_HINT: &str = "Of a packed model (its folder or its manifest.json), or of a diffusers folder, such as the page https://huggingface.co/OWNER/NAME of a hub, whose weights are quantised here as they come. The server is told nothing but which files are wanted.";
pub const MODEL_FILES: &str = "Or from this computer";
pub const MODEL_FOLDER: &str = "Choose a folder";
pub const MODEL_ARCHIVE: &str = "Choose an exported archive";
pub const MODEL_FILES_HINT: &str = "A packed model or a diffusers folder. It is read here and sent nowhere; the packed model is kept in this browser, so that the folder is needed once.";
pub const MODEL_PRECISION: &str = "Quantise a diffusers folder to";
pub const MODEL_PRECISION_HINT: &str =
    "For the next model that you take below. Packed models stay as they are.";
/// What weights are quantised to.
pub const PRECISIONS: [(&str, &str); 3] = [
    ("q8", "8 bits: half of the usual size, hardly a difference"),
    ("q4", "4 bits: the smallest, a little less exact"),
    ("f16", "16 bits: exact, and the largest"),
];
pub const MODEL_OWN: &str = "Back to this site's model";
pub const MODEL_USE: &str = "Use this model";

/// Why an address is not taken.
pub fn refused_address(why: &Refusal) -> String {
    match why {
        Refusal::NoAddress => {
            "This is no address of a model: it must begin with https:// and lead to a folder or a manifest.json.".to_owned()
        }
        Refusal::SingleFile => {
            "This is a single file of weights. A whole model is a folder: give the address of the repository, in the layout of diffusers.".to_owned()
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
