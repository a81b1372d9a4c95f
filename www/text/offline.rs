//! Use without a network, and newer versions of the page.

pub const OFFLINE: &str = "Offline";
pub const OFFLINE_KEPT: &str = "Page and model are kept on this device: no network is needed.";
pub const OFFLINE_NOT: &str = "Not kept yet.";
pub const UPDATE: &str = "Newer version";
pub const UPDATE_WAITING: &str = "A newer version of this page is ready. Updating reloads it: save results that you want to keep.";
pub const UPDATE_TAKEN: &str = "Another tab has updated this page. Reload it here, too, before the engine is started again: save results that you want to keep.";
pub const UPDATE_NOW: &str = "Update and reload";
pub const UPDATE_LATER: &str = "Later";
