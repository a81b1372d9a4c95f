//! The embedded model as the site serves it.

use serde_json::Value;

/// The files with its weights, below the site, in their order: text encoder, UNet, autoencoder.
pub fn shards() -> Vec<String> {
    let folder = "models/emoji-lcm";
    let json = std::fs::read_to_string(format!("dist/{folder}/manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&json).unwrap();
    let hashes = manifest["packed"]["shards"].as_array().unwrap();
    let path = |hash: &Value| format!("{folder}/shards/{}.bin", hash.as_str().unwrap());
    hashes.iter().map(path).collect()
}
