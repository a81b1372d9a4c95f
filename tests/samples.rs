//! Whole jobs on the tiny trained model: samples in batches, the hybrid codec, LATINO-PRO's embedding in words.
#![allow(clippy::unwrap_used, clippy::expect_used)]
#![cfg(feature = "native")]

use burn::tensor::Device;
use latino_web::engine::job::{JobEvent, Outcome, Restoration, Setup, SolverSettings};
use latino_web::engine::{ModelFiles, Pipeline, files::Folder};
use latino_web::protocol::{Initialisation, Solver};
use latino_web::solver::{Observer, Silent};
use latino_web::{Error, HostTensor, Result};
use pollster::block_on;

fn folder() -> Folder {
    Folder("tests/fixtures/tiny-lcm".into())
}

fn model() -> Pipeline {
    block_on(Pipeline::load(&folder(), &Device::flex())).unwrap()
}

fn restoration(task: &str, noise: &str) -> Restoration {
    let at = |i: usize| (((i % 64) as f32 / 40.0) - 0.8) * if i / 4096 == 1 { -0.7 } else { 1.0 };
    let picture = HostTensor::new([1, 3, 64, 64], (0..3 * 64 * 64).map(at).collect()).unwrap();
    Restoration::new(Setup {
        picture,
        measured: false,
        mask: None,
        kernel: None,
        task: task.into(),
        noise: noise.parse().unwrap(),
        seed: 9,
    })
    .unwrap()
}

/// What came in, in short.
#[derive(Default)]
struct Trace(Vec<String>);

impl Observer<JobEvent> for Trace {
    fn notify(&mut self, event: JobEvent) {
        self.0.push(match event {
            JobEvent::Started { steps, .. } => format!("started {steps}"),
            JobEvent::Step(s) => {
                assert_eq!((s.before.shape()[0], s.data.len()), (1, 1));
                format!("step {}", s.step)
            }
            JobEvent::Sample { sample, .. } => format!("sample {sample}"),
            _ => "other".into(),
        });
    }
    async fn checkpoint(&mut self) -> Result<()> {
        Ok(())
    }
}

#[test]
fn batched_samples_are_the_single_ones() {
    let pipeline = model();
    for (task, noise, solver, init) in [
        (
            "denoising",
            "0.3",
            Solver::Latino,
            Initialisation::TotalVariation,
        ),
        (
            "super-resolution:factor=4",
            "0.02",
            Solver::DiffPir,
            Initialisation::PseudoInverse,
        ),
        (
            "gaussian-blur:sigma=1",
            "poisson:peak=30",
            Solver::Latino,
            Initialisation::Adjoint,
        ),
    ] {
        let restoration = restoration(task, noise);
        let run = |batch: usize| -> (Outcome, Vec<String>) {
            let settings = SolverSettings {
                solver,
                init,
                prompt: "a flat icon of a red ball".into(),
                steps: 2,
                start: Some(499),
                batch: Some(batch),
                ..SolverSettings::default()
            };
            let mut trace = Trace::default();
            let outcome = block_on(restoration.run(&settings, 3, &pipeline, &mut trace)).unwrap();
            (outcome, trace.0)
        };
        let (single, events) = run(1);
        for batch in [2, 3] {
            let (together, same) = run(batch);
            assert_eq!(events, same);
            assert_eq!(together.evaluations(), single.evaluations());
            for (a, b) in together.samples.iter().zip(&single.samples) {
                let gap = a.tensor.clone().zip(&b.tensor, |a, b| a - b).unwrap();
                let error = gap.norm() / b.tensor.norm();
                assert!(error < 1e-3, "{task} in batches of {batch}: {error:.1e}");
            }
        }
        // The samples differ from one another, or the test shows nothing.
        let [a, b, _] = &single.samples[..] else {
            panic!("three samples were asked for")
        };
        let gap = a.tensor.clone().zip(&b.tensor, |a, b| a - b).unwrap();
        assert!(gap.norm() > 0.02 * b.tensor.norm(), "{task}");
    }
}

/// The embedded model with its own autoencoder as the quick one, whose latents are half as large.
struct WithQuick;

impl ModelFiles for WithQuick {
    async fn read(&self, path: &str) -> Result<Option<Vec<u8>>> {
        let own = path.replace("vae_quick/", "vae/");
        let bytes = folder().read(&own).await?;
        if path != "vae_quick/config.json" {
            return Ok(bytes);
        }
        let mut config: serde_json::Value = serde_json::from_slice(&bytes.unwrap()).unwrap();
        config["scaling_factor"] = (config["scaling_factor"].as_f64().unwrap() / 2.0).into();
        Ok(Some(config.to_string().into_bytes()))
    }
    fn name(&self) -> String {
        "with a quick autoencoder".into()
    }
}

#[test]
fn the_hybrid_codec_works_inside_the_chain_only() {
    let pipeline = block_on(Pipeline::load(&WithQuick, &Device::flex())).unwrap();
    assert!(pipeline.report().hybrid && !model().report().hybrid);
    let restoration = restoration("denoising", "0.3");
    let run = |pipeline: &Pipeline, hybrid: bool, solver: Solver| -> Result<HostTensor> {
        let mut settings = SolverSettings {
            solver,
            prompt: "a flat icon of a red ball".into(),
            steps: 2,
            hybrid,
            ..SolverSettings::default()
        };
        settings.pro.iterations = 1;
        settings.pro.chain_steps = 2;
        let outcome = block_on(restoration.run(&settings, 1, pipeline, &mut Trace::default()))?;
        Ok(outcome.samples[0].tensor.clone())
    };
    for solver in [Solver::Latino, Solver::LatinoPro] {
        let (own, off) = (run(&model(), false, solver), run(&pipeline, false, solver));
        assert_eq!(own.unwrap(), off.clone().unwrap());
        assert_ne!(off.unwrap(), run(&pipeline, true, solver).unwrap());
        let refused = run(&model(), true, solver).unwrap_err();
        assert!(
            matches!(&refused, Error::Model(m) if m.contains("vae_quick")),
            "{refused}"
        );
    }
}

#[test]
fn a_moved_embedding_reads_as_the_word_that_moves_it_so() {
    let pipeline = model();
    let embed = |prompt: &str| block_on(pipeline.embed(prompt)).unwrap();
    let (encoding, start) = embed("a drawing of a red ball");
    let (other, moved) = embed("a drawing of a blue ball");
    let position = (0..24).find(|i| encoding.ids[*i] != other.ids[*i]).unwrap();
    let words =
        block_on(pipeline.prompt_words::<()>(&encoding, &[0, 1, 2, 3], &mut Silent)).unwrap();
    assert_eq!(words.read(&start), []);
    let readings = words.read(&moved);
    let red = readings
        .iter()
        .find(|r| r.position as usize == position)
        .unwrap();
    assert_eq!(
        (red.token.as_str(), red.words[0].word.as_str()),
        ("red", "blue")
    );
    assert!(
        (red.words[0].likeness - 1.0).abs() < 1e-4,
        "{:?}",
        red.words
    );
    assert!(red.words.len() <= 3 && red.words[1].likeness < red.words[0].likeness);
    // The encoder is causal: nothing before the word has moved.
    assert!(readings.iter().all(|r| r.position as usize >= position));
    let frozen: Vec<usize> = (0..=position).collect();
    let words = block_on(pipeline.prompt_words::<()>(&encoding, &frozen, &mut Silent)).unwrap();
    assert!(
        words
            .read(&moved)
            .iter()
            .all(|r| r.position as usize > position)
    );
}
