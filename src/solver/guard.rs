//! Stops numbers that are no picture before they are shown.

use crate::{Error, HostTensor, Result};

/// Passes `tensor` on; fails with [`Error::BadOutput`], naming what made it and where, when it has
/// a value that is not finite.
pub(super) fn finite(tensor: HostTensor, stage: &str, place: &str) -> Result<HostTensor> {
    if tensor.is_finite() {
        return Ok(tensor);
    }
    Err(Error::BadOutput(format!(
        "the {stage} gave values that are not finite ({place})"
    )))
}

/// Passes a decoded `[B, C, H, W]` on; fails as [`finite`] does, and when a picture of the batch
/// has one value everywhere, which a working decoder never gives.
pub(super) fn picture(tensor: HostTensor, place: &str) -> Result<HostTensor> {
    let tensor = finite(tensor, "decoder", place)?;
    let [batch, ..] = tensor.dims4()?;
    let size = tensor.len() / batch.max(1);
    if size > 1
        && tensor
            .data()
            .chunks(size)
            .any(|p| p.iter().all(|v| *v == p[0]))
    {
        return Err(Error::BadOutput(format!(
            "the decoder gave a picture with one value everywhere ({place})"
        )));
    }
    Ok(tensor)
}
