//! Precisions of stored weights, and which tensor gets which.

use serde::{Deserialize, Serialize};

/// How the values of a tensor are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "native", derive(clap::ValueEnum))]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// IEEE single precision.
    F32,
    /// IEEE half precision.
    F16,
    /// Eight bits a value and one half-precision scale for 32 values.
    Q8,
    /// Four bits a value and one half-precision scale for 32 values.
    Q4,
}

impl std::fmt::Display for Precision {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Q8 => "q8",
            Self::Q4 => "q4",
        })
    }
}

/// Tensors with fewer values are not worth quantising.
const SMALL: usize = 1024;

/// Convolutions with at most this many channels on one side face a picture or a latent: few
/// weights, and their error is seen at once.
const FEW_CHANNELS: usize = 8;

/// The precision of tensor `name` of the given shape in a part packed in precision `wanted`.
///
/// Quantised are the weights of linear layers `[out, in]` and of convolutions `[out, in, kh, kw]`.
/// In half precision stay: biases and norms, tensors of fewer than 1024 values, convolutions from
/// or to at most 8 channels, the time embedding and position embeddings. Token embeddings and the
/// projections of the time embedding, which every pixel of a block feels, get 8 bits at least.
pub fn stored(name: &str, shape: &[usize], wanted: Precision) -> Precision {
    if matches!(wanted, Precision::F32 | Precision::F16) {
        return wanted;
    }
    let linear_or_conv = matches!(shape.len(), 2 | 4) && name.ends_with("weight");
    let values = shape.iter().fold(1usize, |n, d| n.saturating_mul(*d));
    let at_an_end = shape.len() == 4 && (shape[0] <= FEW_CHANNELS || shape[1] <= FEW_CHANNELS);
    let embedding = ["time_embedding.", "add_embedding.", "position_embedding."];
    if !linear_or_conv
        || values < SMALL
        || at_an_end
        || embedding.iter().any(|e| name.contains(e))
        || ["conv_in.weight", "conv_out.weight"].contains(&name)
    {
        return Precision::F16;
    }
    if name.contains("token_embedding.") || name.contains("time_emb_proj.") {
        return Precision::Q8;
    }
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sensitive_stays_in_half_precision() {
        let q4 = |name: &str, shape: &[usize]| stored(name, shape, Precision::Q4);
        for (name, shape, expected) in [
            (
                "down_blocks.0.attentions.0.proj_in.weight",
                &[320, 320, 1, 1][..],
                Precision::Q4,
            ),
            (
                "mid_block.resnets.0.conv1.weight",
                &[1280, 1280, 3, 3],
                Precision::Q4,
            ),
            (
                "encoder.layers.0.mlp.fc1.weight",
                &[3072, 768],
                Precision::Q4,
            ),
            (
                "embeddings.token_embedding.weight",
                &[49408, 768],
                Precision::Q8,
            ),
            (
                "embeddings.position_embedding.weight",
                &[77, 768],
                Precision::F16,
            ),
            ("conv_in.weight", &[320, 4, 3, 3], Precision::F16),
            ("conv_in.weight", &[320, 16, 3, 3], Precision::F16),
            ("conv_out.weight", &[4, 320, 3, 3], Precision::F16),
            (
                "encoder.down_blocks.0.resnets.0.norm1.weight",
                &[128],
                Precision::F16,
            ),
            (
                "time_embedding.linear_1.weight",
                &[1280, 320],
                Precision::F16,
            ),
            (
                "mid_block.resnets.0.time_emb_proj.weight",
                &[1280, 1280],
                Precision::Q8,
            ),
            ("attn1.to_q.weight", &[16, 16], Precision::F16),
            ("attn1.to_out.0.bias", &[4096], Precision::F16),
        ] {
            assert_eq!(q4(name, shape), expected, "{name}");
            let whole = stored(name, shape, Precision::F32);
            assert_eq!(whole, Precision::F32, "{name}");
        }
        let q8 = stored("attn1.to_q.weight", &[320, 320], Precision::Q8);
        assert_eq!(q8, Precision::Q8);
    }
}
