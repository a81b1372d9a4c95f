//! Networks block by block: how a profile learns when each is done.

use crate::Result;

/// Is told when a block has been queued; a profile waits for the device there.
#[allow(async_fn_in_trait)]
pub trait Watch {
    /// The block `name`, such as "down_blocks.0", and all before it are queued.
    async fn done(&mut self, name: &str) -> Result<()>;
}
