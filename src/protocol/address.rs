//! Addresses of models, as page and worker write and read them.

/// What addresses of files that the visitor chose begin with.
pub const LOCAL: &str = "local:";

/// The field of the message in which the page sends such files: pairs of path and file.
pub const LOCAL_FILES: &str = "localFiles";

/// What the weights of a diffusers folder can be quantised to: the end of an address after `#`.
pub const PRECISIONS: [&str; 3] = ["q8", "q4", "f16"];

/// An address and the precision at its end, if there is one.
pub fn split_precision(address: &str) -> (&str, Option<&'static str>) {
    let Some((folder, end)) = address.rsplit_once('#') else {
        return (address, None);
    };
    (folder, PRECISIONS.into_iter().find(|p| *p == end))
}
