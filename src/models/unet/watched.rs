//! The forward pass, with a look at the device after every block.

use burn::tensor::Tensor;

use super::{Conditioning, UNet2DConditionModel, Walk};
use crate::Result;
use crate::models::watch::Watch;

use super::step::Step;

impl UNet2DConditionModel {
    /// [`Self::forward`] that tells `watch` of every block.
    pub async fn forward_watched(
        &self,
        sample: Tensor<4>,
        timesteps: &[f32],
        context: Tensor<3>,
        timestep_cond: Option<Tensor<2>>,
        watch: &mut impl Watch,
    ) -> Result<Tensor<4>> {
        let (mut walk, c) = self.start(sample, timesteps, context, timestep_cond)?;
        watch.done("time_embedding, conv_in").await?;
        for (i, block) in self.down_blocks.iter().enumerate() {
            go(block.steps(), &mut walk, &c);
            watch.done(&format!("down_blocks.{i}")).await?;
        }
        go(self.mid_block.steps(), &mut walk, &c);
        watch.done("mid_block").await?;
        for (i, block) in self.up_blocks.iter().enumerate() {
            go(block.steps(), &mut walk, &c);
            watch.done(&format!("up_blocks.{i}")).await?;
        }
        let out = self.head(walk.x);
        watch.done("conv_out").await?;
        Ok(out)
    }
}

fn go<'a>(steps: impl Iterator<Item = Step<'a>>, walk: &mut Walk, c: &Conditioning) {
    for step in steps {
        step.forward(walk, c);
    }
}
