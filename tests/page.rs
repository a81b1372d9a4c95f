//! Runs the unit tests of the page's parts that need no browser: the page's program itself is only built for WASM.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

#[path = "../www/chart.rs"]
mod chart;
#[path = "../www/colour_map.rs"]
mod colour_map;
#[path = "../www/comparison.rs"]
mod comparison;
#[path = "../www/history.rs"]
mod history;
#[path = "../www/kernel.rs"]
mod kernel;
#[path = "../www/mask.rs"]
mod mask;
#[path = "../www/model_source.rs"]
mod model_source;
#[path = "../www/noise.rs"]
mod noise;
#[path = "../www/prompts.rs"]
mod prompts;
#[path = "../www/results.rs"]
mod results;
#[path = "../www/running.rs"]
mod running;
#[path = "../www/stroke.rs"]
mod stroke;
#[path = "../www/task/mod.rs"]
mod task;

use kernel::Kernel;
use latino_web::HostTensor;
use latino_web::image::mask_from_rgba8;
use latino_web::noise::{NoiseModel, NoisyLikelihood};
use latino_web::physics::{Extras, TaskSpec, build};
use latino_web::solver;
use noise::{Noise, NoiseKind};
use task::{HoleKind, Task, TaskKind};

/// What the page sends beside a task.
fn extras(task: &Task, size: usize) -> Extras {
    let mask = HostTensor::new([1, 1, size, size], vec![1.0; size * size]).unwrap();
    let kernel = mask_from_rgba8(&Kernel::default().to_rgba()).unwrap();
    Extras {
        mask: task.wants_mask().then_some(mask),
        kernel: task.wants_kernel().then_some(kernel),
    }
}

/// As the page does it: degraded pictures have the measurement's size, masks that of the picture.
#[test]
fn every_operator_takes_a_degraded_picture_of_the_side_that_the_page_gives() {
    let size = 128;
    for kind in TaskKind::all() {
        for hole in [HoleKind::Box, HoleKind::Own] {
            let mut task = Task::default();
            (task.kind, task.hole) = (kind, hole);
            let spec: TaskSpec = task.spec().parse().unwrap();
            let side = size / task.shrink() as usize;
            let operator = build(&spec, [3, size, size], &extras(&task, size)).unwrap();
            let picture = HostTensor::new([1, 3, side, side], vec![0.25; 3 * side * side]).unwrap();
            let taken = operator.measurement_from_picture(&picture);
            assert!(taken.is_ok(), "{}: {:?}", task.spec(), taken.err());
        }
    }
}

/// What a preview computes.
#[test]
fn every_operator_can_be_previewed_with_every_noise() {
    let size = 128;
    let ramp = (0..3 * size * size).map(|i| (i % size) as f32 / 64.0 - 1.0);
    let picture = HostTensor::new([1, 3, size, size], ramp.collect()).unwrap();
    for kind in TaskKind::all() {
        let mut task = Task::default();
        task.kind = kind;
        let spec: TaskSpec = task.spec().parse().unwrap();
        let operator = build(&spec, [3, size, size], &extras(&task, size)).unwrap();
        let clean = operator.forward(&picture).unwrap();
        for noise in NoiseKind::ALL {
            let mut chosen = Noise::gaussian(0.05);
            chosen.kind = noise;
            let model: NoiseModel = chosen.spec().parse().unwrap();
            let y = operator.keep_measured(&model.apply(&clean, 1).unwrap());
            let level = 2.0 * model.effective_sigma() as f32;
            let likelihood =
                NoisyLikelihood::new(operator.as_ref(), model, solver::TaskKind::Other).unwrap();
            let seen = solver::Likelihood::pseudo_inverse(&likelihood, &y.unwrap(), level).unwrap();
            let finite = seen.data().iter().all(|v| v.is_finite());
            assert!(finite, "{} {}", task.spec(), chosen.spec());
        }
    }
}
