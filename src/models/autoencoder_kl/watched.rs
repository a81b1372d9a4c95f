//! Encoding and decoding, with a look at the device after every block.

use burn::tensor::Tensor;

use super::{AutoencoderKl, ResnetBlock};
use crate::Result;
use crate::models::autoencoder::check_input;
use crate::models::planes::Planes;
use crate::models::watch::Watch;
use crate::ops;

fn all(resnets: &[ResnetBlock], x: Planes) -> Planes {
    resnets.iter().fold(x, |x, r| r.forward_planes(&x))
}

impl AutoencoderKl {
    /// [`Self::encode`] that tells `watch` of every block.
    pub async fn encode_watched(
        &self,
        picture: Tensor<4>,
        watch: &mut impl Watch,
    ) -> Result<Tensor<4>> {
        let factor = self.config.downsample_factor();
        check_input("picture", &picture, self.config.in_channels, factor)?;
        let e = &self.encoder;
        let mut x = e.conv_in.forward_planes(&picture.into(), None, None, None);
        watch.done("conv_in").await?;
        for (i, (resnets, downsampler)) in e.down_blocks.iter().enumerate() {
            x = all(resnets, x);
            if let Some(downsampler) = downsampler {
                x = downsampler.forward_planes(&x);
            }
            watch.done(&format!("down_blocks.{i}")).await?;
        }
        let x = e.mid_block.forward(x.whole());
        watch.done("mid_block").await?;
        let moments = e.conv_out.forward(e.conv_norm_out.forward_silu(x));
        let moments = match &self.quant_conv {
            Some(conv) => conv.forward(moments),
            None => moments,
        };
        let mean = ops::take_channels(moments, 0, self.config.latent_channels);
        watch.done("conv_out").await?;
        Ok(mean)
    }

    /// [`Self::decode`] that tells `watch` of every block.
    pub async fn decode_watched(
        &self,
        latent: Tensor<4>,
        watch: &mut impl Watch,
    ) -> Result<Tensor<4>> {
        check_input("latent", &latent, self.config.latent_channels, 1)?;
        let latent = match &self.post_quant_conv {
            Some(conv) => conv.forward(latent),
            None => latent,
        };
        let d = &self.decoder;
        let x = d.conv_in.forward(latent);
        watch.done("conv_in").await?;
        let mut x = Planes::from(d.mid_block.forward(x));
        watch.done("mid_block").await?;
        for (i, (resnets, upsampler)) in d.up_blocks.iter().enumerate() {
            x = all(resnets, x);
            if let Some(upsampler) = upsampler {
                x = upsampler.forward_double(&x);
            }
            watch.done(&format!("up_blocks.{i}")).await?;
        }
        let x = d.conv_norm_out.forward_planes(&x, true);
        let picture = d.conv_out.forward_planes(&x, None, None, None).whole();
        watch.done("conv_out").await?;
        Ok(picture)
    }
}
