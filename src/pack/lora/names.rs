//! How LoRA files call their tensors: diffusers and peft name the layer by its path, kohya joins
//! the path with underscores.

use std::collections::BTreeMap;

/// A layer of a part.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// `unet` or `text_encoder`.
    pub part: &'static str,
    /// The layer's path, dots replaced by underscores.
    pub layer: String,
}

/// Which tensor of the adapter it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A, `[rank, in]`.
    Down,
    /// B, `[out, rank]`.
    Up,
    /// A single number.
    Alpha,
}

const SUFFIXES: [(&str, Role); 15] = [
    (".lora_A.default.weight", Role::Down),
    (".lora_B.default.weight", Role::Up),
    (".lora_A.weight", Role::Down),
    (".lora_B.weight", Role::Up),
    (".lora_down.weight", Role::Down),
    (".lora_up.weight", Role::Up),
    (".lora.down.weight", Role::Down),
    (".lora.up.weight", Role::Up),
    ("_lora.down.weight", Role::Down),
    ("_lora.up.weight", Role::Up),
    (".lora_linear_layer.down.weight", Role::Down),
    (".lora_linear_layer.up.weight", Role::Up),
    (".lora.alpha", Role::Alpha),
    ("_lora.alpha", Role::Alpha),
    (".alpha", Role::Alpha),
];

/// The part and path of kohya's and of path-like prefixes, longest first.
const PREFIXES: [(&str, &str); 7] = [
    ("base_model.model.text_encoder.", "text_encoder"),
    ("lora_te1_", "text_encoder"),
    ("lora_te_", "text_encoder"),
    ("lora_unet_", "unet"),
    ("text_encoder.", "text_encoder"),
    ("base_model.model.", "unet"),
    ("unet.", "unet"),
];

/// The layer and the role of the tensor `name`, or what is wrong with it.
pub fn parse(name: &str) -> Result<(Key, Role), String> {
    let kind = [
        ("lora_mid", "a Tucker decomposition (LoCon mid)"),
        ("dora_scale", "DoRA"),
        ("lora_magnitude_vector", "DoRA"),
        ("hada_", "LoHa"),
        ("lokr_", "LoKr"),
    ];
    if let Some((_, kind)) = kind.iter().find(|(mark, _)| name.contains(mark)) {
        return Err(format!(
            "\"{name}\" belongs to {kind}, which is not supported"
        ));
    }
    let found = SUFFIXES
        .iter()
        .find_map(|(suffix, role)| Some((name.strip_suffix(suffix)?, *role)));
    let Some((layer, role)) = found else {
        return Err(format!("\"{name}\" is not a tensor of a LoRA"));
    };
    let (part, layer) = PREFIXES
        .iter()
        .find_map(|(prefix, part)| Some((*part, layer.strip_prefix(prefix)?)))
        .unwrap_or((
            if layer.starts_with("text_model") {
                "text_encoder"
            } else {
                "unet"
            },
            layer,
        ));
    // Attention processors of old diffusers: attn1.processor.to_out is attn1.to_out.0.
    let layer = match layer.split_once(".processor.") {
        Some((attention, "to_out")) => format!("{attention}.to_out.0"),
        Some((attention, projection)) => format!("{attention}.{projection}"),
        None => layer.to_owned(),
    };
    let layer = layer.replace('.', "_");
    let layer = layer
        .strip_prefix("text_model_")
        .unwrap_or(&layer)
        .to_owned();
    Ok((Key { part, layer }, role))
}

/// The layer, as in [`Key::layer`], whose weight is the tensor `weight`.
pub fn layer_of(weight: &str) -> Option<String> {
    let layer = weight.strip_suffix(".weight")?;
    let layer = layer.strip_prefix("text_model.").unwrap_or(layer);
    Some(layer.replace('.', "_"))
}

/// What the metadata that diffusers writes says about alpha, for each part.
#[derive(Debug, Default, Clone)]
pub struct Alphas(BTreeMap<&'static str, f32>);

impl Alphas {
    /// Reads `lora_adapter_metadata`, when it is there. Fails when it asks for scalings that are
    /// not supported.
    pub fn parse(metadata: &BTreeMap<String, String>) -> Result<Self, String> {
        let Some(json) = metadata.get("lora_adapter_metadata") else {
            return Ok(Self::default());
        };
        let json: serde_json::Value = serde_json::from_str(json)
            .map_err(|e| format!("lora_adapter_metadata is malformed: {e}"))?;
        let mut alphas = BTreeMap::new();
        for part in ["unet", "text_encoder"] {
            let field = |name: &str| &json[format!("{part}.{name}")];
            let patterned = field("alpha_pattern")
                .as_object()
                .is_some_and(|p| !p.is_empty());
            for (name, is) in [
                ("alpha_pattern", patterned),
                ("use_rslora", field("use_rslora") == true),
                ("use_dora", field("use_dora") == true),
            ] {
                if is {
                    return Err(format!("{part}.{name} is not supported"));
                }
            }
            if let Some(alpha) = field("lora_alpha").as_f64() {
                alphas.insert(part, alpha as f32);
            }
        }
        Ok(Self(alphas))
    }

    /// The alpha of all layers of `part`, when it is stated.
    pub fn of(&self, part: &str) -> Option<f32> {
        self.0.get(part).copied()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_style_names_the_same_layer() {
        let weight = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_out.0.weight";
        let layer = layer_of(weight).unwrap();
        let path = "down_blocks.0.attentions.0.transformer_blocks.0.attn1";
        let kohya = format!("lora_unet_{}", path.replace('.', "_"));
        for (name, role) in [
            (format!("unet.{path}.to_out.0.lora_A.weight"), Role::Down),
            (format!("unet.{path}.to_out.0.lora.up.weight"), Role::Up),
            (
                format!("unet.{path}.processor.to_out_lora.down.weight"),
                Role::Down,
            ),
            (
                format!("base_model.model.{path}.to_out.0.lora_B.weight"),
                Role::Up,
            ),
            (format!("{path}.to_out.0.lora_B.default.weight"), Role::Up),
            (format!("{kohya}_to_out_0.lora_down.weight"), Role::Down),
            (format!("{kohya}_to_out_0.alpha"), Role::Alpha),
        ] {
            let (key, found) = parse(&name).unwrap();
            assert_eq!(
                (key.part, &key.layer, found),
                ("unet", &layer, role),
                "{name}"
            );
        }
        for weight in [
            "encoder.layers.3.self_attn.q_proj.weight",
            "text_model.encoder.layers.3.self_attn.q_proj.weight",
        ] {
            let layer = layer_of(weight).unwrap();
            for name in [
                "text_encoder.text_model.encoder.layers.3.self_attn.q_proj.lora_A.weight",
                "lora_te_text_model_encoder_layers_3_self_attn_q_proj.lora_down.weight",
                "lora_te1_text_model_encoder_layers_3_self_attn_q_proj.alpha",
                "text_encoder.text_model.encoder.layers.3.self_attn.q_proj.lora_linear_layer.up.weight",
            ] {
                let (key, _) = parse(name).unwrap();
                assert_eq!((key.part, &key.layer), ("text_encoder", &layer), "{name}");
            }
        }
    }

    #[test]
    fn other_adapters_are_refused_by_name() {
        for (name, word) in [
            ("lora_unet_x.lora_mid.weight", "Tucker"),
            ("unet.x.dora_scale", "DoRA"),
            ("lora_unet_x.hada_w1_a", "LoHa"),
            ("unet.x.weight", "not a tensor of a LoRA"),
        ] {
            let message = parse(name).unwrap_err();
            assert!(
                message.contains(word) && message.contains(name),
                "{message}"
            );
        }
        let metadata = |json: &str| {
            let pair = ("lora_adapter_metadata".to_owned(), json.to_owned());
            Alphas::parse(&BTreeMap::from([pair]))
        };
        let alphas = metadata(r#"{"unet.lora_alpha": 8, "unet.r": 4}"#).unwrap();
        assert_eq!(alphas.of("unet"), Some(8.0));
        assert_eq!(alphas.of("text_encoder"), None);
        assert!(metadata(r#"{"unet.use_rslora": true}"#).is_err());
        assert!(metadata(r#"{"unet.alpha_pattern": {"x": 2}}"#).is_err());
        assert!(metadata("[").is_err());
    }
}
