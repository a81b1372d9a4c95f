//! LoRA files fused while packing, against W + scale alpha / rank B A computed here.

use std::path::Path;

use latino_web::pack::Precision;
use latino_web::pack::folder::{Job, pack};

use crate::support::{MODEL, Scratch, Tensors, fails, read, relative_error, root, unpack, write};

const RANK: usize = 4;

/// Values that differ and are of the size of the weights.
fn ramp(n: usize, seed: usize) -> Vec<f32> {
    let value = |i: usize| ((i * 37 + seed * 101) % 61) as f32 / 30.0 - 1.0;
    (0..n).map(|i| 0.3 * value(i)).collect()
}

/// One adapted layer.
struct Layer {
    part: &'static str,
    path: &'static str,
    alpha: Option<f32>,
}

const LAYERS: [Layer; 4] = [
    Layer {
        part: "unet",
        path: "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q",
        alpha: Some(2.0),
    },
    // A 1x1 convolution, adapted as such.
    Layer {
        part: "unet",
        path: "mid_block.attentions.0.proj_in",
        alpha: None,
    },
    Layer {
        part: "unet",
        path: "down_blocks.1.resnets.0.conv1",
        alpha: Some(8.0),
    },
    Layer {
        part: "text_encoder",
        path: "encoder.layers.1.mlp.fc1",
        alpha: Some(1.0),
    },
];

/// The LoRA file in one of two styles, and the weights it should lead to.
fn adapted(style: &str, scale: f64, plain: &[(&'static str, Tensors); 2]) -> (Tensors, Tensors) {
    let (mut file, mut expected) = (Tensors::new(), Tensors::new());
    for (n, layer) in LAYERS.iter().enumerate() {
        let part = plain.iter().find(|p| p.0 == layer.part).unwrap();
        let name = format!("{}.weight", layer.path);
        let (shape, weights) = &part.1[&name];
        let (out, cols) = (shape[0], weights.len() / shape[0]);
        let (mut down_shape, mut up_shape) = (shape.clone(), shape.clone());
        down_shape[0] = RANK;
        up_shape[1] = RANK;
        up_shape[2..].fill(1);
        let (a, b) = (ramp(RANK * cols, n), ramp(out * RANK, n + 9));
        let factor = scale * f64::from(layer.alpha.unwrap_or(RANK as f32)) / RANK as f64;
        let fused = (0..out * cols).map(|i| {
            let (row, col) = (i / cols, i % cols);
            let product: f64 = (0..RANK)
                .map(|r| f64::from(b[row * RANK + r]) * f64::from(a[r * cols + col]))
                .sum();
            (f64::from(weights[i]) + factor * product) as f32
        });
        let key = format!("{}/{name}", layer.part);
        expected.insert(key, (shape.clone(), fused.collect()));
        let text = layer.part == "text_encoder";
        let path = if text {
            format!("text_model.{}", layer.path)
        } else {
            layer.path.to_owned()
        };
        let (module, down, up) = if style == "kohya" {
            let prefix = if text { "lora_te_" } else { "lora_unet_" };
            let module = format!("{prefix}{}", path.replace('.', "_"));
            (module, "lora_down.weight", "lora_up.weight")
        } else {
            let module = format!("{}.{path}", layer.part);
            (module, "lora_A.weight", "lora_B.weight")
        };
        file.insert(format!("{module}.{down}"), (down_shape, a));
        file.insert(format!("{module}.{up}"), (up_shape, b));
        if let Some(alpha) = layer.alpha {
            file.insert(format!("{module}.alpha"), (vec![], vec![alpha]));
        }
    }
    (file, expected)
}

fn plain() -> [(&'static str, Tensors); 2] {
    let file = |path: &str| read(&root(MODEL).join(path));
    [
        ("unet", file("unet/diffusion_pytorch_model.safetensors")),
        ("text_encoder", file("text_encoder/model.safetensors")),
    ]
}

#[test]
fn both_styles_are_fused_exactly() {
    let files = Scratch::new("lora");
    let plain = plain();
    for (style, scale) in [("diffusers", 1.0), ("kohya", 0.7)] {
        let (lora, expected) = adapted(style, scale, &plain);
        let path = files.0.join(format!("{style}.safetensors"));
        write(&path, &lora);
        let to = files.0.join(style);
        let mut job = Job::new(root(MODEL), &to);
        (job.unet, job.text) = (Precision::F32, Precision::F32);
        job.loras = vec![(path, scale as f32)];
        pack(&job, &mut |_| ()).unwrap();
        let mut fused = 0;
        for (part, before) in &plain {
            for (name, (shape, values)) in unpack(&to, part) {
                match expected.get(&format!("{part}/{name}")) {
                    None => assert!(before[&name] == (shape, values), "{name}"),
                    Some((_, reference)) => {
                        let error = relative_error(&values, reference);
                        assert!(error < 1e-6, "{style} {name}: {error}");
                        assert!(relative_error(&before[&name].1, reference) > 1e-3);
                        fused += 1;
                    }
                }
            }
        }
        assert_eq!(fused, LAYERS.len());
    }
}

/// Two files, one after the other, in shards so small that rows of a weight are fused apart.
#[test]
fn files_add_up() {
    let files = Scratch::new("loras");
    let plain = plain();
    let (lora, expected) = adapted("diffusers", 1.5, &plain);
    let path = files.0.join("a.safetensors");
    write(&path, &lora);
    let to = files.0.join("packed");
    let mut job = Job::new(root(MODEL), &to);
    (job.unet, job.text) = (Precision::F32, Precision::F32);
    job.shard_bytes = 8192;
    job.loras = vec![(path.clone(), 1.0), (path, 0.5)];
    pack(&job, &mut |_| ()).unwrap();
    let unet = unpack(&to, "unet");
    for (key, (_, reference)) in &expected {
        if let Some(name) = key.strip_prefix("unet/") {
            let error = relative_error(&unet[name].1, reference);
            assert!(error < 1e-6, "{name}: {error}");
        }
    }
}

#[test]
fn what_does_not_fit_the_model_is_named() {
    let files = Scratch::new("lora-refused");
    let (good, _) = adapted("diffusers", 1.0, &plain());
    let path = files.path("lora.safetensors");
    let to = files.path("to");
    let from = root(MODEL);
    let from = from.to_str().unwrap();
    let layer = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q";
    let (a, b) = (
        format!("{layer}.lora_A.weight"),
        format!("{layer}.lora_B.weight"),
    );
    type Spoil<'a> = &'a dyn Fn(&mut Tensors);
    let cases: [(Spoil, &[&str]); 5] = [
        (
            &|t| {
                for (from, to) in [(&a, "lora_A"), (&b, "lora_B")] {
                    let tensor = t.remove(from).unwrap();
                    t.insert(format!("unet.nowhere.{to}.weight"), tensor);
                }
                t.remove(&format!("{layer}.alpha"));
            },
            &["there is no layer \"nowhere\""],
        ),
        (&|t| drop(t.remove(&b)), &["attn1_to_q", "pair"]),
        (
            &|t| t.get_mut(&a).unwrap().0 = vec![2, 32],
            &["attn1.to_q", "[2, 32]"],
        ),
        (
            &|t| drop(t.insert(format!("{layer}.dora_scale"), (vec![1], vec![1.0]))),
            &["dora_scale", "DoRA"],
        ),
        (
            &|t| drop(t.insert("unet.conv_in.bias".into(), (vec![1], vec![1.0]))),
            &["unet.conv_in.bias", "not a tensor of a LoRA"],
        ),
    ];
    for (spoil, words) in cases {
        let mut lora = good.clone();
        spoil(&mut lora);
        write(Path::new(&path), &lora);
        let call = ["pack", "--from", from, "--to", &to, "--lora", &path];
        fails(&call, &[words, &["lora.safetensors"]].concat());
        assert!(!Path::new(&to).exists());
    }
    write(Path::new(&path), &good);
    let call = ["pack", "--from", from, "--to", &to, "--lora-scale", "2"];
    fails(&call, &["--lora-scale"]);
    let call = ["pack", "--from", from, "--to", &to, "--lora", &path];
    crate::support::succeeds(&call);
}
