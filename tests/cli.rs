//! The command line's contracts, on the real binary: names, shapes, exit codes, one clear line.

#![cfg(all(feature = "native", not(target_arch = "wasm32")))]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/files.rs"]
mod disk;

use std::path::PathBuf;
use std::process::{Command, Output};

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};

const MODEL: &str = "tests/fixtures/pipelines/lcm";

type Named = (&'static str, Vec<usize>, Vec<f32>);

/// A folder of one test's files, removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("latino-cli-{}-{test}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    /// Writes tensors and returns the file's path.
    fn tensors(&self, name: &str, tensors: &[Named]) -> String {
        let bytes: Vec<Vec<u8>> = tensors
            .iter()
            .map(|t| t.2.iter().flat_map(|v| v.to_le_bytes()).collect())
            .collect();
        let views = tensors.iter().zip(&bytes).map(|((name, shape, _), bytes)| {
            let view = TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap();
            (*name, view)
        });
        let path = self.path(name);
        std::fs::write(&path, safetensors::serialize(views, None).unwrap()).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn latino(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_latino"))
        .args(arguments)
        .output()
        .unwrap()
}

/// Runs a call that must succeed and returns its standard output.
fn succeeds(arguments: &[&str]) -> String {
    let run = latino(arguments);
    let errors = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(run.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(run.stdout).unwrap()
}

/// Runs a call that must fail with one line that has all of `words`.
fn fails(arguments: &[&str], words: &[&str]) {
    let run = latino(arguments);
    let errors = String::from_utf8(run.stderr).unwrap();
    assert!(!run.status.success(), "{arguments:?} must fail");
    assert_eq!(errors.trim_end().lines().count(), 1, "{errors}");
    for word in words {
        assert!(errors.contains(word), "\"{word}\" is not in: {errors}");
    }
}

/// The only tensor of a file.
fn read(path: &str) -> (String, Vec<usize>, Vec<f32>) {
    let bytes = std::fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let (name, view) = file.iter().next().unwrap();
    assert_eq!((file.len(), view.dtype()), (1, Dtype::F32));
    let (words, _) = view.data().as_chunks::<4>();
    let values = words.iter().map(|w| f32::from_le_bytes(*w)).collect();
    (name.to_owned(), view.shape().to_vec(), values)
}

/// Values in [-1, 1] that differ.
fn ramp(n: usize) -> Vec<f32> {
    (0..n).map(|i| (i * 7 % 23) as f32 / 11.5 - 1.0).collect()
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(a, b)| f64::from(*a) * f64::from(*b))
        .sum()
}

#[test]
fn forward_runs_every_part() {
    let files = Scratch::new("forward");
    let reference = disk::read(&format!("{MODEL}/reference.safetensors"));
    let reference = SafeTensors::deserialize(&reference).unwrap();
    let floats = |name: &str| {
        let view = reference.tensor(name).unwrap();
        let (words, _) = view.data().as_chunks::<4>();
        let values: Vec<f32> = words.iter().map(|w| f32::from_le_bytes(*w)).collect();
        (view.shape().to_vec(), values)
    };
    let given = |name: &'static str, from: &str| {
        let (shape, values) = floats(from);
        (name, shape, values)
    };
    let ids = reference.tensor("text.ids").unwrap();
    let (words, _) = ids.data().as_chunks::<4>();
    let ids_values = words.iter().map(|w| i32::from_le_bytes(*w) as f32);
    let text = ("input_ids", ids.shape().to_vec(), ids_values.collect());
    let sample = given("sample", "unet.sample");
    for (part, inputs, out, expected) in [
        ("text", vec![text], "last_hidden_state", "text.hidden"),
        (
            "encode",
            vec![given("image", "vae.picture")],
            "latent",
            "vae.mean",
        ),
        (
            "decode",
            vec![given("latent", "vae.latent")],
            "image",
            "vae.decoded",
        ),
        (
            "unet",
            vec![
                sample.clone(),
                given("timestep", "unet.timesteps"),
                given("encoder_hidden_states", "unet.context"),
            ],
            "sample",
            "",
        ),
    ] {
        let inputs = files.tensors("in.safetensors", &inputs);
        let outputs = files.path("out.safetensors");
        succeeds(&[
            "forward",
            "--model",
            MODEL,
            "--part",
            part,
            "--inputs",
            &inputs,
            "--outputs",
            &outputs,
        ]);
        let (name, shape, values) = read(&outputs);
        assert_eq!(name, out);
        if expected.is_empty() {
            // Without `timestep_cond` there is no reference; tests/models.rs has the numbers.
            assert_eq!(shape, sample.1);
            assert!(values.iter().all(|v| v.is_finite()));
            continue;
        }
        let (expected_shape, expected) = floats(expected);
        assert_eq!(shape, expected_shape, "{part}");
        let difference: Vec<f32> = values.iter().zip(&expected).map(|(a, b)| a - b).collect();
        let error = (dot(&difference, &difference) / dot(&expected, &expected)).sqrt();
        assert!(error < 1e-4, "{part}: {error}");
    }
    let inputs = files.tensors("wrong.safetensors", &[("picture", vec![1], vec![0.0])]);
    let outputs = files.path("none.safetensors");
    let call = |part: &'static str| {
        [
            "forward",
            "--model",
            MODEL,
            "--part",
            part,
            "--inputs",
            &inputs,
            "--outputs",
            &outputs,
        ]
        .map(str::to_owned)
    };
    let encode = call("encode");
    fails(
        &encode.each_ref().map(String::as_str),
        &["image", "picture"],
    );
}

#[test]
fn physics_answers_for_every_spec_of_the_contract() {
    let files = Scratch::new("physics");
    let (c, h, w) = (3, 32, 48);
    let mask: Vec<f32> = (0..h * w).map(|i| f32::from(i % 3 != 0)).collect();
    let kernel = vec![0.1, 0.2, 0.1, 0.0, 0.3, 0.0, 0.1, 0.1, 0.1];
    for (task, extra, measured) in [
        ("denoising", None, [3, h, w]),
        ("gaussian-blur:sigma=3", None, [3, h, w]),
        ("motion-blur:length=15,angle=30", None, [3, h, w]),
        ("super-resolution:factor=8", None, [3, h / 8, w / 8]),
        ("inpainting:box=0.25", None, [3, h, w]),
        (
            "inpainting:mask=given",
            Some(("mask", vec![1, 1, h, w], mask)),
            [3, h, w],
        ),
        (
            "blur:kernel=given,boundary=circular",
            Some(("kernel", vec![1, 1, 3, 3], kernel)),
            [3, h, w],
        ),
        ("colorization", None, [1, h, w]),
    ] {
        let shape = vec![1, c, h, w];
        let x = ramp(c * h * w);
        let beside = |mut tensors: Vec<Named>| {
            tensors.extend(extra.clone());
            tensors
        };
        let call = |op: &str, tensors: Vec<Named>, more: &[&str]| {
            let inputs = files.tensors("in.safetensors", &beside(tensors));
            let outputs = files.path("out.safetensors");
            let mut arguments = vec!["physics", "--task", task, "--op", op];
            arguments.extend(["--inputs", &inputs, "--outputs", &outputs]);
            arguments.extend(more);
            succeeds(&arguments);
            read(&outputs)
        };
        let (name, y_shape, y) = call("forward", vec![("x", shape.clone(), x.clone())], &[]);
        let [mc, mh, mw] = measured;
        assert_eq!(
            (name.as_str(), y_shape),
            ("y", vec![1, mc, mh, mw]),
            "{task}"
        );
        let probe: Vec<f32> = ramp(y.len()).iter().rev().copied().collect();
        let measured = vec![1, mc, mh, mw];
        let (name, x_shape, back) =
            call("adjoint", vec![("y", measured.clone(), probe.clone())], &[]);
        assert_eq!((name.as_str(), &x_shape), ("x", &shape), "{task}");
        let (left, right) = (dot(&y, &probe), dot(&x, &back));
        let size = dot(&y, &y).sqrt() * dot(&probe, &probe).sqrt();
        assert!((left - right).abs() < 1e-5 * size, "{task}: {left} {right}");
        // The prox of the truth towards its own measurement is the truth.
        let (name, x_shape, same) = call(
            "prox",
            vec![("z", shape.clone(), x.clone()), ("y", measured, y)],
            &["--gamma", "10"],
        );
        assert_eq!((name.as_str(), &x_shape), ("x", &shape), "{task}");
        let worst = same
            .iter()
            .zip(&x)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max);
        assert!(worst < 1e-4, "{task}: {worst}");
    }
    let inputs = files.tensors("in.safetensors", &[("x", vec![1, 3, 8, 8], ramp(192))]);
    let out = files.path("none.safetensors");
    for (task, words) in [
        ("gaussian-blur:sigma=-1", ["gaussian-blur", "sigma"]),
        ("sharpen", ["sharpen", "gaussian-blur"]),
        ("inpainting:mask=given", ["mask", "inpainting"]),
    ] {
        let call = [
            "physics",
            "--task",
            task,
            "--op",
            "forward",
            "--inputs",
            &inputs,
            "--outputs",
            &out,
        ];
        fails(&call, &words);
    }
}

#[test]
fn restore_and_generate_write_pictures() {
    let files = Scratch::new("restore");
    // A smooth picture whose size the random pipeline takes.
    let (h, w) = (32, 32);
    let picture = files.path("in.png");
    let values = (0..3 * h * w)
        .map(|i| ((i % w) as f32 / w as f32 * 3.0).sin() * 0.8)
        .collect();
    let picture_tensor = latino_web::HostTensor::new([1, 3, h, w], values).unwrap();
    latino_web::image::png::write_png(&picture, &picture_tensor).unwrap();
    let out = files.path("out");
    let report = succeeds(&[
        "restore",
        "--model",
        MODEL,
        "--image",
        &picture,
        "--task",
        "gaussian-blur:sigma=3",
        "--noise",
        "0.05",
        "--prompt",
        "a cat",
        "--solver",
        "latino",
        "--steps",
        "2",
        "--seed",
        "3",
        "--samples",
        "2",
        "--out",
        &out,
        "--device",
        "cpu",
        "--json",
    ]);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let samples = report["samples"].as_array().unwrap();
    assert_eq!(samples.len(), 2);
    for sample in samples {
        assert_eq!(sample["evaluations"], 2);
        assert!(sample["metrics"]["psnr"].as_f64().unwrap() > 0.0);
        let file = files.path(&format!("out/{}", sample["file"].as_str().unwrap()));
        let restored = latino_web::image::png::read_png(file).unwrap();
        assert_eq!(restored.shape(), [1, 3, h, w]);
    }
    // Two seeds, two samples.
    assert_ne!(samples[0]["metrics"]["psnr"], samples[1]["metrics"]["psnr"]);

    let mask = files.path("mask.png");
    let white = latino_web::HostTensor::full([1, 3, h, w], 1.0);
    latino_web::image::png::write_png(&mask, &white).unwrap();
    let report = succeeds(&[
        "restore",
        "--model",
        MODEL,
        "--image",
        &picture,
        "--task",
        "inpainting:mask=given",
        "--mask",
        &mask,
        "--measured",
        "--noise",
        "0",
        "--prompt",
        "",
        "--steps",
        "1",
        "--out",
        &out,
        "--json",
    ]);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    // Nothing is missing and nothing is noisy: the exact prox returns the picture.
    assert!(
        report["samples"][0]["metrics"]["residual"]
            .as_f64()
            .unwrap()
            < 1e-6
    );
    assert!(report["samples"][0]["metrics"]["psnr"].is_null());

    let made = files.path("made.png");
    succeeds(&[
        "generate", "--model", MODEL, "--prompt", "a dog", "--steps", "2", "--seed", "1", "--out",
        &made,
    ]);
    assert_eq!(
        latino_web::image::png::read_png(&made).unwrap().shape()[1],
        3
    );

    let missing = files.path("no-such.png");
    let call = |image: &str, task: &str, noise: &str| {
        [
            "restore", "--model", MODEL, "--image", image, "--task", task, "--noise", noise,
            "--prompt", "x", "--out", &out,
        ]
        .map(str::to_owned)
    };
    for (arguments, words) in [
        (call(&missing, "denoising", "0.1"), vec!["no-such.png"]),
        (
            call("Cargo.toml", "denoising", "0.1"),
            vec!["Cargo.toml", "PNG"],
        ),
        (call(&picture, "denoising", "9"), vec!["noise", "9"]),
        (
            call(&picture, "super-resolution:factor=5", "0"),
            vec!["multiples of 5"],
        ),
    ] {
        fails(&arguments.each_ref().map(String::as_str), &words);
    }
}

/// A smooth picture of 32 x 32 pixels, which the random pipelines take.
fn picture(files: &Scratch) -> String {
    let (h, w) = (32, 32);
    let path = files.path("picture.png");
    let values = (0..3 * h * w)
        .map(|i| ((i % w) as f32 / w as f32 * 3.0).sin() * 0.8)
        .collect();
    let picture = latino_web::HostTensor::new([1, 3, h, w], values).unwrap();
    latino_web::image::png::write_png(&path, &picture).unwrap();
    path
}

#[test]
fn latino_pro_fits_the_prompt() {
    let files = Scratch::new("pro");
    let (image, out) = (picture(&files), files.path("out"));
    let run = |seed: &str| -> serde_json::Value {
        let report = succeeds(&[
            "restore",
            "--model",
            MODEL,
            "--image",
            &image,
            "--task",
            "denoising",
            "--noise",
            "0.2",
            "--prompt",
            "a photo of a cat",
            "--solver",
            "latino-pro",
            "--iterations",
            "3",
            "--chain-steps",
            "2",
            "--steps",
            "2",
            "--seed",
            seed,
            "--out",
            &out,
            "--json",
        ]);
        serde_json::from_str(&report).unwrap()
    };
    let report = run("4");
    assert_eq!(report["samples"][0]["evaluations"], 3 * 2 + 2);
    let iterations = report["iterations"].as_array().unwrap();
    assert_eq!(iterations.len(), 3);
    let distances = |i: usize| -> Vec<f64> {
        let list = iterations[i]["distances"].as_array().unwrap();
        list.iter().map(|d| d.as_f64().unwrap()).collect()
    };
    // The first four tokens are frozen; of the others at least one moves, by 0.08 at first.
    assert_eq!(distances(0)[..4], [0.0; 4]);
    let first = distances(0)[4..].iter().copied().fold(0.0, f64::max);
    assert!((first - 0.08).abs() < 1e-3, "{first}");
    assert!(distances(2)[4..].iter().copied().fold(0.0, f64::max) > first);
    // What has moved is read in words.
    let words = iterations[2]["words"].as_array().unwrap();
    assert!(
        words
            .iter()
            .all(|w| w["position"].as_u64().unwrap() >= 4 && w["token"].is_string())
    );
    // Going on from what was found starts further away.
    let found = files.path("found.safetensors");
    std::fs::copy(files.path("out/embedding.safetensors"), &found).unwrap();
    let more = succeeds(&[
        "restore",
        "--model",
        MODEL,
        "--image",
        &image,
        "--task",
        "denoising",
        "--noise",
        "0.2",
        "--prompt",
        "a photo of a cat",
        "--solver",
        "latino-pro",
        "--iterations",
        "1",
        "--chain-steps",
        "2",
        "--steps",
        "1",
        "--resume",
        &found,
        "--out",
        &out,
        "--json",
    ]);
    let more: serde_json::Value = serde_json::from_str(&more).unwrap();
    let sum = |list: &serde_json::Value| -> f64 {
        list.as_array()
            .unwrap()
            .iter()
            .map(|d| d.as_f64().unwrap())
            .sum()
    };
    assert!(sum(&more["iterations"][0]["distances"]) > distances(0).iter().sum::<f64>());
    // Same seed, same result.
    assert_eq!(
        run("4")["samples"][0]["metrics"],
        report["samples"][0]["metrics"]
    );
    assert_ne!(
        run("5")["samples"][0]["metrics"],
        report["samples"][0]["metrics"]
    );
}

#[test]
fn samples_report_their_spread() {
    let files = Scratch::new("samples");
    let (image, out) = (picture(&files), files.path("out"));
    let report = succeeds(&[
        "restore",
        "--model",
        MODEL,
        "--image",
        &image,
        "--task",
        "denoising",
        "--noise",
        "poisson:peak=10",
        "--prompt",
        "a cat",
        "--steps",
        "1",
        "--also-prompt",
        "a cat",
        "--samples",
        "4",
        "--out",
        &out,
        "--json",
    ]);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let calibration = &report["uncertainty"]["calibration"];
    let row = &calibration["rows"][2];
    assert_eq!(row["nominal"], 0.9);
    // Four samples cannot tell more than 3 / 5.
    assert!((row["attainable"].as_f64().unwrap() - 0.6).abs() < 1e-9);
    assert!((0.0..=1.0).contains(&row["empirical"].as_f64().unwrap()));
    assert!(report["uncertainty"]["largest_deviation"].as_f64().unwrap() > 0.0);
    let shares: f64 = report["uncertainty"]["component_shares"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s.as_f64().unwrap())
        .sum();
    assert!(
        (shares - 1.0).abs() < 1e-6,
        "three components hold all of four samples: {shares}"
    );
    // The same prompt twice decides nothing.
    let share = report["prompt_effect"]["share"].as_f64().unwrap();
    assert_eq!(share, 0.0);
    for file in [
        "mean.png",
        "deviation.png",
        "restored-3.png",
        "prompt-effect.png",
    ] {
        let picture = latino_web::image::png::read_png(files.path(&format!("out/{file}"))).unwrap();
        assert_eq!(picture.shape(), [1, 3, 32, 32]);
    }
}

#[test]
fn noise_is_estimated_only_where_it_is_unknown() {
    let files = Scratch::new("estimate");
    let (image, out) = (picture(&files), files.path("out"));
    let call = |more: &[&'static str]| {
        let mut all = vec![
            "restore",
            "--model",
            MODEL,
            "--image",
            &image,
            "--task",
            "denoising",
            "--noise",
            "estimate",
            "--prompt",
            "a cat",
            "--steps",
            "1",
            "--out",
            &out,
            "--json",
        ];
        all.extend(more);
        latino(&all)
    };
    let run = call(&["--measured"]);
    assert!(run.status.success());
    let said = String::from_utf8(run.stderr).unwrap();
    assert!(said.contains("estimated noise: sigma = 0.00"), "{said}");
    assert!(!call(&[]).status.success());
}

#[test]
fn solvers_without_a_prior_and_comparison() {
    let files = Scratch::new("compare");
    let image = picture(&files);
    let list = files.path("list.json");
    std::fs::write(
        &list,
        format!(r#"[{{"file": {image:?}, "prompt": "a cat"}}]"#),
    )
    .unwrap();
    let report = succeeds(&[
        "compare",
        "--model",
        MODEL,
        "--pictures",
        &list,
        "--task",
        "denoising@0.2",
        "--columns",
        "degraded,pseudo-inverse,tikhonov,tv,latino,latino/wrong/mean",
        "--samples",
        "2",
        "--steps",
        "1",
        "--json",
    ]);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let columns = &report["rows"][0]["columns"];
    let psnr = |name: &str| columns[name]["psnr"].as_f64().unwrap();
    // A smooth picture is what these two are for.
    assert!(psnr("TV") > psnr("degraded") + 5.0);
    assert!(psnr("Tikhonov") > psnr("degraded") + 5.0);
    assert_eq!(columns["LATINO"]["evaluations"], 1.0);
    assert_eq!(
        columns["LATINO, wrong prompt, mean of samples"]["evaluations"],
        2.0
    );
    let table = succeeds(&[
        "compare",
        "--model",
        MODEL,
        "--pictures",
        &list,
        "--task",
        "denoising@0.2",
        "--columns",
        "degraded,tv",
    ]);
    assert_eq!(table.lines().count(), 3, "{table}");
    let details = succeeds(&[
        "compare",
        "--model",
        MODEL,
        "--pictures",
        &list,
        "--task",
        "denoising@0.2",
        "--columns",
        "degraded,tv",
        "--details",
    ]);
    let lines: Vec<_> = details.lines().collect();
    assert!(
        lines.len() == 4 && lines[0].contains("residual") && lines[3].contains("| TV |"),
        "{details}"
    );
    fails(
        &[
            "compare",
            "--model",
            MODEL,
            "--pictures",
            &list,
            "--task",
            "denoising",
        ],
        &["SPEC@NOISE"],
    );
}

#[test]
fn the_chain_can_be_chosen() {
    let files = Scratch::new("chain");
    let (image, out) = (picture(&files), files.path("out"));
    // Timesteps and the first picture can be given; both must fit.
    let chain = |more: &[&'static str]| -> Vec<String> {
        let mut call: Vec<String> = [
            "restore",
            "--model",
            MODEL,
            "--task",
            "denoising",
            "--noise",
            "0.2",
        ]
        .map(str::to_owned)
        .to_vec();
        call.extend(
            [
                "--prompt", "a cat", "--json", "--image", &image, "--out", &out,
            ]
            .map(str::to_owned),
        );
        call.extend(more.iter().map(|m| (*m).to_owned()));
        call
    };
    let call = |more: &[&'static str]| -> Output {
        let call = chain(more);
        latino(&call.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let listed = call(&["--timesteps", "999,499,19"]);
    let report: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    let steps = report["samples"][0]["steps"].as_array().unwrap();
    let visited: Vec<_> = steps
        .iter()
        .map(|s| s["timestep"].as_u64().unwrap())
        .collect();
    assert_eq!(visited, [999, 499, 19]);
    let published = call(&[
        "--timesteps",
        "dmd2",
        "--steps",
        "4",
        "--rule",
        "published",
        "--table",
        "sdxl",
        "--original",
    ]);
    let report: serde_json::Value = serde_json::from_slice(&published.stdout).unwrap();
    assert_eq!(report["samples"][0]["steps"][1]["timestep"], 749);
    // A late start keeps most of the picture that it starts from.
    let dark = files.path("dark.png");
    let night = latino_web::HostTensor::new([1, 3, 32, 32], vec![-0.9; 3 * 32 * 32]).unwrap();
    latino_web::image::png::write_png(&dark, &night).unwrap();
    let from = |start: &str| -> serde_json::Value {
        let mut given = chain(&["--start", "19", "--steps", "1", "--init-picture"]);
        given.push(start.to_owned());
        let said = succeeds(&given.iter().map(String::as_str).collect::<Vec<_>>());
        let report: serde_json::Value = serde_json::from_str(&said).unwrap();
        report["samples"][0]["metrics"]["psnr"].clone()
    };
    assert_ne!(from(&image), from(&dark));
    assert_eq!(from(&image), from(&image));
    for bad in [
        ["--timesteps", "9,x"],
        ["--timesteps", "499,999"],
        ["--init-picture", "nowhere.png"],
    ] {
        assert!(!call(&bad).status.success(), "{bad:?}");
    }
}

#[test]
fn another_autoencoder_may_stand_in_inside_the_chain() {
    let files = Scratch::new("quick");
    let (image, out) = (picture(&files), files.path("out"));
    let run = |quick: &str| {
        latino(&[
            "restore",
            "--model",
            MODEL,
            "--image",
            &image,
            "--task",
            "denoising",
            "--noise",
            "0.2",
            "--prompt",
            "a cat",
            "--steps",
            "2",
            "--out",
            &out,
            "--json",
            "--quick-vae",
            quick,
        ])
    };
    // Its own changes nothing.
    let own = run(MODEL);
    assert!(own.status.success());
    let plain = succeeds(&[
        "restore",
        "--model",
        MODEL,
        "--image",
        &image,
        "--task",
        "denoising",
        "--noise",
        "0.2",
        "--prompt",
        "a cat",
        "--steps",
        "2",
        "--out",
        &out,
        "--json",
    ]);
    let psnr = |text: &str| -> f64 {
        let report: serde_json::Value = serde_json::from_str(text).unwrap();
        report["samples"][0]["metrics"]["psnr"].as_f64().unwrap()
    };
    assert_eq!(psnr(&String::from_utf8(own.stdout).unwrap()), psnr(&plain));
    // Without one there is nothing to mix.
    fails(
        &[
            "restore",
            "--model",
            MODEL,
            "--image",
            &image,
            "--task",
            "denoising",
            "--noise",
            "0.2",
            "--prompt",
            "a cat",
            "--out",
            &out,
            "--hybrid",
        ],
        &["vae_quick"],
    );
    // One of another size is refused.
    let other = run("tests/fixtures/pipelines/sd15");
    assert!(!other.status.success());
    let said = String::from_utf8(other.stderr).unwrap();
    assert!(
        said.contains("quick autoencoder") && said.contains("1/8"),
        "{said}"
    );
}

#[test]
fn edit_changes_a_picture() {
    let files = Scratch::new("edit");
    let (image, out) = (picture(&files), files.path("edited.png"));
    let call = |to: &'static str| {
        vec![
            "edit".to_owned(),
            "--model".into(),
            MODEL.into(),
            "--image".into(),
            image.clone(),
            "--from".into(),
            "a red cat".into(),
            "--to".into(),
            to.into(),
            "--iterations".into(),
            "2".into(),
            "--steps".into(),
            "2".into(),
            "--out".into(),
            out.clone(),
            "--json".into(),
        ]
    };
    let arguments = call("a blue cat");
    let report = succeeds(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["evaluations"], 2 * 4 + 2);
    let before = latino_web::image::png::read_png(&image).unwrap();
    let after = latino_web::image::png::read_png(&out).unwrap();
    assert_ne!(before.data(), after.data());
    let same = call("a red cat");
    fails(
        &same.iter().map(String::as_str).collect::<Vec<_>>(),
        &["same"],
    );
}

#[test]
fn a_committed_manifest_is_what_the_command_writes() {
    let files = Scratch::new("manifest");
    let committed = disk::text("tests/fixtures/tiny-lcm/manifest.json");
    let facts: serde_json::Value = serde_json::from_str(&committed).unwrap();
    let fact = |key: &str| facts[key].as_str().unwrap().to_owned();
    let model = files.path("model");
    for file in facts["files"].as_array().unwrap() {
        let path = file["path"].as_str().unwrap();
        let to = PathBuf::from(&model).join(path);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::write(to, disk::read(&format!("tests/fixtures/tiny-lcm/{path}"))).unwrap();
    }
    succeeds(&[
        "manifest",
        "--model",
        &model,
        "--name",
        &fact("name"),
        "--licence",
        &fact("licence"),
        "--source",
        &fact("source"),
        "--steps",
        "8",
        "--start",
        "259",
        "--init",
        "tv",
        "--rule",
        "moment-matching",
    ]);
    let written = std::fs::read_to_string(files.path("model/manifest.json")).unwrap();
    assert!(
        written == committed,
        "run `latino manifest` on tests/fixtures/tiny-lcm"
    );
}

#[test]
fn pack_writes_a_model_or_nothing() {
    let files = Scratch::new("pack");
    let to = files.path("packed");
    succeeds(&["pack", "--from", MODEL, "--to", &to, "--unet", "q4"]);
    assert!(PathBuf::from(&to).join("manifest.json").exists());
    fails(
        &["pack", "--from", MODEL, "--to", &to],
        &["there already", &to],
    );
    let none = files.path("none");
    fails(
        &["pack", "--from", "no-such-folder", "--to", &none],
        &["no-such-folder"],
    );
    assert!(!PathBuf::from(&none).exists());
}
