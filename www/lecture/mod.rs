//! Lecture mode: experiments that run live, part by part, beside the formula of each part.
//!
//! | file | what lives there |
//! |---|---|
//! | `talks` | the experiments on offer |
//! | `player` | what "next" and the other commands do |
//! | `keys` | which key is which command |
//! | `formulas` | the formulas, in MathML |

use latino_web::protocol::Stage;
use leptos::prelude::*;

use crate::results::{Outcome, Shared};

pub mod formulas;
pub mod keys;
pub mod player;
pub mod talks;

pub use talks::TalkKind;

/// What is on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The choice of an experiment.
    Menu,
    /// What the experiment is about.
    Intro,
    /// A part of a step, from 0; while there is none yet, the run's beginning.
    Part(usize),
    /// What an act has come to.
    Outcome,
    /// All acts side by side.
    Closing,
}

/// A part of a step, as the engine showed it.
#[derive(Debug, Clone)]
pub struct Part {
    /// Which part.
    pub stage: Stage,
    /// Of which sample, from 0.
    pub sample: usize,
    /// 1 to `steps`; 0 before the first.
    pub step: u32,
    /// Steps in all.
    pub steps: u32,
    /// The timestep t.
    pub timestep: u32,
    /// What it made.
    pub picture: Shared,
}

/// A finished act.
#[derive(Debug, Clone)]
pub struct Finished {
    /// Its name.
    pub name: String,
    /// What it came to.
    pub outcome: Outcome,
}

/// What lecture mode knows.
#[derive(Clone, Copy)]
pub struct Lecture {
    /// Whether it is on.
    pub open: RwSignal<bool>,
    /// The experiment.
    pub talk: RwSignal<TalkKind>,
    /// The act, from 0.
    pub act: RwSignal<usize>,
    /// What is on the screen.
    pub place: RwSignal<Place>,
    /// The engine's number of the act's run.
    pub run: RwSignal<Option<u32>>,
    /// The parts so far.
    pub parts: RwSignal<Vec<Part>>,
    /// What the acts have come to.
    pub finished: RwSignal<Vec<Finished>>,
    /// Whether the engine goes on by itself.
    pub flowing: RwSignal<bool>,
    /// True between the wish for the next part and its arrival.
    pub awaited: RwSignal<bool>,
    /// Factor on the step size of the prox.
    pub weight: RwSignal<f64>,
    /// Whether the screen is black.
    pub black: RwSignal<bool>,
}

impl Lecture {
    /// Off.
    pub fn new() -> Self {
        Self {
            open: RwSignal::new(false),
            talk: RwSignal::new(TalkKind::Zoom),
            act: RwSignal::new(0),
            place: RwSignal::new(Place::Menu),
            run: RwSignal::new(None),
            parts: RwSignal::new(Vec::new()),
            finished: RwSignal::new(Vec::new()),
            flowing: RwSignal::new(false),
            awaited: RwSignal::new(false),
            weight: RwSignal::new(1.0),
            black: RwSignal::new(false),
        }
    }
}
