//! What the page knows: signals, shared by all components through the context.

use std::sync::Arc;

use latino_web::protocol::{
    ChainSettings, DeviceChoice, DeviceReport, FailureKind, Initialisation, Kept, ModelReport,
    OutputStage, ProSettings, Profile, RestoreJob, Solver, StepRule,
};
use leptos::prelude::*;

pub use crate::comparison::{Comparison, Row, Standing};
use crate::components::compare::Way;
use crate::experiment::Record;
use crate::history::History;
use crate::kernel::Kernel;
use crate::lecture::Lecture;
use crate::library::Library;
use crate::mask::Drawing;
use crate::noise::Noise;
use crate::picture::Source;
pub use crate::prompts::{PromptPlan, PromptRun};
use crate::queue::Item;
pub use crate::results::*;
use crate::task::{Task, TaskKind};
use crate::text;
use crate::zoom::Zoom;

/// Side of pictures and masks until the model is known.
pub const USUAL_SIDE: u32 = 128;

/// What the engine is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The worker is being started.
    Starting,
    /// The device is being chosen and the model fetched.
    Loading,
    /// Idle.
    Ready,
    /// A restoration runs.
    Running,
    /// The profile view measures.
    Profiling,
    /// No engine.
    Failed,
}

impl Phase {
    /// The value of `data-engine`.
    pub fn key(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Loading => "loading",
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Profiling => "profiling",
            Self::Failed => "failed",
        }
    }
}

/// How much of the model is there.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// What is being done.
    pub stage: String,
    /// Bytes so far.
    pub done: f64,
    /// Bytes in all.
    pub total: f64,
    /// Bytes a second of a download; `None` when nothing is being downloaded.
    pub rate: Option<f64>,
}

/// What went wrong, for the visitor.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// What happened and what helps.
    pub text: String,
    /// True when a new engine can help.
    pub restart: bool,
    /// True when the CPU can help instead of the device in use.
    pub cpu: bool,
    /// True when a preview failed, so that the next good one ends it.
    pub of_preview: bool,
}

impl Problem {
    /// A problem that no new engine solves.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            restart: false,
            cpu: false,
            of_preview: false,
        }
    }
}

/// How long a prompt is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// The prompt that was counted.
    pub prompt: String,
    /// Tokens, start and end included.
    pub count: u32,
    /// The most the model takes.
    pub max: u32,
    /// Its words, each with its number of tokens.
    pub words: Vec<(String, u32)>,
}

/// The profile view.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProfileView {
    /// The newest profile asked for.
    pub id: u32,
    /// The network that is being measured.
    pub at: Option<String>,
    /// What was found.
    pub found: Option<Arc<Profile>>,
}

/// The last timestep of the models.
pub const LAST_TIMESTEP: u32 = 999;

/// All of it.
#[derive(Clone, Copy)]
pub struct State {
    /// What the engine is doing.
    pub phase: RwSignal<Phase>,
    /// Loading progress.
    pub load: RwSignal<Option<Load>>,
    /// Whether the visitor has paused the download.
    pub paused: RwSignal<bool>,
    /// The models that are kept.
    pub library: RwSignal<Library>,
    /// Where the model comes from, if not the first of the site's catalogue: a path in it, or an absolute address of a folder.
    pub model_address: RwSignal<Option<String>>,
    /// Where the model's files are kept.
    pub kept: RwSignal<Option<Kept>>,
    /// The wanted device.
    pub wanted: RwSignal<DeviceChoice>,
    /// The running device.
    pub device: RwSignal<Option<DeviceReport>>,
    /// The loaded model.
    pub model: RwSignal<Option<ModelReport>>,
    /// What went wrong.
    pub problem: RwSignal<Option<Problem>>,
    /// The visitor's picture, undecoded sides.
    pub source: RwSignal<Option<Source>, LocalStorage>,
    /// True when the picture is already degraded.
    pub measured: RwSignal<bool>,
    /// The degradation.
    pub task: RwSignal<Task>,
    /// The visitor's inpainting mask.
    pub drawing: RwSignal<Drawing>,
    /// The visitor's blur kernel.
    pub kernel: RwSignal<History<Kernel>>,
    /// Noise, for pictures in [0, 1].
    pub noise: RwSignal<Noise>,
    /// True once the visitor set the noise.
    pub noise_touched: RwSignal<bool>,
    /// True while the noise is being estimated.
    pub estimating: RwSignal<bool>,
    /// What the estimate said: the level, and what to know about it.
    pub estimate: RwSignal<Option<(f64, Option<String>)>>,
    /// What restores.
    pub solver: RwSignal<Solver>,
    /// Posterior samples.
    pub samples: RwSignal<u32>,
    /// For LATINO-PRO.
    pub pro: RwSignal<ProSettings>,
    /// Whether a comparison includes LATINO-PRO.
    pub with_pro: RwSignal<bool>,
    /// Prompt.
    pub prompt: RwSignal<String>,
    /// Its length.
    pub tokens: RwSignal<Option<Tokens>>,
    /// Steps, 1 to 50.
    pub steps: RwSignal<u32>,
    /// First timestep.
    pub start: RwSignal<u32>,
    /// Seed.
    pub seed: RwSignal<u32>,
    /// Initialisation.
    pub init: RwSignal<Initialisation>,
    /// Output stage.
    pub output: RwSignal<OutputStage>,
    /// Step rule.
    pub rule: RwSignal<StepRule>,
    /// The rest of the chain's settings.
    pub chain: RwSignal<ChainSettings>,
    /// Whether the quick autoencoder runs inside the chain, where the model has one.
    pub hybrid: RwSignal<bool>,
    /// Which prompts are to be compared.
    pub plan: RwSignal<PromptPlan>,
    /// The current or last comparison of prompts.
    pub prompts: RwSignal<Option<PromptRun>>,
    /// What the degradation does.
    pub preview: RwSignal<Option<Preview>>,
    /// The current or last restoration.
    pub run: RwSignal<Option<Run>>,
    /// What LATINO-PRO's last iteration found.
    pub found: RwSignal<Option<Found>>,
    /// Where the time goes.
    pub profile: RwSignal<ProfileView>,
    /// The current or last comparison.
    pub comparison: RwSignal<Option<Comparison>>,
    /// True between the wish to cancel and its answer.
    pub cancelling: RwSignal<bool>,
    /// True after a cancelled run.
    pub cancelled: RwSignal<bool>,
    /// What the result is compared with; `None` for the natural choice.
    pub reference: RwSignal<Option<Reference>>,
    /// Which picture stands for the result.
    pub shown: RwSignal<Shown>,
    /// Counts the previews that were lost and must be asked for again.
    pub lost_previews: RwSignal<u32>,
    /// Jobs that wait, run, or have run.
    pub queue: RwSignal<Vec<Item>>,
    /// True while they run one after the other.
    pub queue_runs: RwSignal<bool>,
    /// Where the divider is, in percent.
    pub divider: RwSignal<f64>,
    /// How result and reference are shown.
    pub way: RwSignal<Way>,
    /// What is seen of all pictures.
    pub zoom: RwSignal<Zoom>,
    /// Lecture mode.
    pub lecture: Lecture,
    /// What the engine answered to the run that is shown.
    pub record: StoredValue<Option<Record>>,
}

impl State {
    /// The page's start.
    pub fn new(wanted: DeviceChoice) -> Self {
        Self {
            phase: RwSignal::new(Phase::Starting),
            load: RwSignal::new(None),
            paused: RwSignal::new(false),
            library: RwSignal::new(Library::default()),
            model_address: RwSignal::new(crate::engine::remembered()),
            kept: RwSignal::new(None),
            wanted: RwSignal::new(wanted),
            device: RwSignal::new(None),
            model: RwSignal::new(None),
            problem: RwSignal::new(None),
            source: RwSignal::new_local(None),
            measured: RwSignal::new(false),
            task: RwSignal::new(Task::default()),
            drawing: RwSignal::new(Drawing::new(USUAL_SIDE)),
            kernel: RwSignal::new(History::new(Kernel::default())),
            noise: RwSignal::new(Noise::gaussian(TaskKind::default().usual_noise())),
            noise_touched: RwSignal::new(false),
            estimating: RwSignal::new(false),
            estimate: RwSignal::new(None),
            solver: RwSignal::new(Solver::default()),
            samples: RwSignal::new(1),
            pro: RwSignal::new(ProSettings::default()),
            with_pro: RwSignal::new(false),
            prompt: RwSignal::new(String::new()),
            tokens: RwSignal::new(None),
            steps: RwSignal::new(8),
            start: RwSignal::new(LAST_TIMESTEP),
            seed: RwSignal::new(1),
            init: RwSignal::new(Initialisation::default()),
            output: RwSignal::new(OutputStage::default()),
            rule: RwSignal::new(StepRule::default()),
            chain: RwSignal::new(ChainSettings::default()),
            hybrid: RwSignal::new(false),
            plan: RwSignal::new(PromptPlan::default()),
            prompts: RwSignal::new(None),
            preview: RwSignal::new(None),
            run: RwSignal::new(None),
            found: RwSignal::new(None),
            profile: RwSignal::new(ProfileView::default()),
            comparison: RwSignal::new(None),
            cancelling: RwSignal::new(false),
            cancelled: RwSignal::new(false),
            reference: RwSignal::new(None),
            shown: RwSignal::new(Shown::Latest),
            lost_previews: RwSignal::new(0),
            queue: RwSignal::new(Vec::new()),
            queue_runs: RwSignal::new(false),
            divider: RwSignal::new(50.0),
            way: RwSignal::new(Way::default()),
            zoom: RwSignal::new(Zoom::default()),
            lecture: Lecture::new(),
            record: StoredValue::new(None),
        }
    }

    /// Takes the settings that a newly loaded model recommends.
    pub fn recommend(&self, model: &ModelReport) {
        let known = self
            .model
            .with_untracked(|m| m.as_ref().is_some_and(|m| m.name == model.name));
        // Another device for the same model leaves the visitor's settings alone.
        if !known {
            self.steps.set(model.recommended.steps);
            self.start
                .set(model.recommended.start.unwrap_or(LAST_TIMESTEP));
            self.found.set(None);
            self.init.set(model.recommended.init);
            self.rule.set(model.recommended.rule);
            let relaxation = model.recommended.relaxation;
            self.chain.update(|c| c.relaxation = relaxation);
        }
    }

    /// Side in pixels of the square that the engine is given. `None` before the model is known.
    pub fn side(&self) -> Option<u32> {
        let size = self.model.with(|m| m.as_ref().map(|m| m.picture_size))?;
        let shrink = if self.measured.get() {
            self.task.with(Task::shrink)
        } else {
            1
        };
        Some((size / shrink).max(1))
    }

    /// The job as set, or `None` while there is no picture or no model.
    pub fn job(&self) -> Option<Result<RestoreJob, Problem>> {
        let side = self.side()?;
        let picture = self.source.with(|s| s.as_ref().map(|s| s.square(side)))?;
        let task = self.task.get();
        if let Some(error) = task.error() {
            return Some(Err(Problem::new(text::sentence(&error))));
        }
        let mask = task
            .wants_mask()
            .then(|| self.drawing.with(|d| d.mask().resized(side).to_rgba()));
        if self.no_kernel() {
            return Some(Err(Problem::new(text::KERNEL_BLACK)));
        }
        let kernel = task.wants_kernel().then(|| self.kernel.get());
        Some(picture.map(|picture| RestoreJob {
            picture,
            measured: self.measured.get(),
            mask,
            kernel: kernel.map(|k| k.now().to_rgba()),
            task: task.spec(),
            noise: self.noise.get().spec(),
            solver: self.solver.get(),
            samples: self.samples.get(),
            pro: self.pro.get(),
            resume: None,
            prompt: self.prompt.get(),
            steps: self.steps.get(),
            start: Some(self.start.get()),
            seed: self.seed.get(),
            init: self.init.get(),
            output: self.output.get(),
            rule: self.rule.get(),
            // The switch is there for models that can.
            hybrid: self.hybrid.get() && self.model.with(|m| m.as_ref().is_some_and(|m| m.hybrid)),
            chain: self.chain.get(),
        }))
    }

    /// True when the task wants a kernel and the visitor's is black.
    pub fn no_kernel(&self) -> bool {
        self.task.with(Task::wants_kernel) && self.kernel.with(|k| k.now().sum() <= 0.0)
    }

    /// The undegraded picture, when the settings have one.
    pub fn truth(&self) -> Option<Shared> {
        let job = untrack(|| self.job())?.ok()?;
        (!job.measured).then(|| Arc::new(job.picture))
    }

    /// Shows a problem with the remedies that its kind has.
    pub fn fail(&self, text: impl Into<String>, kind: FailureKind) {
        let device = kind == FailureKind::Device;
        self.problem.set(Some(Problem {
            restart: device || kind == FailureKind::Model,
            cpu: device && self.wanted.get_untracked() != DeviceChoice::Cpu,
            ..Problem::new(text)
        }));
    }

    /// Asks for the preview again: its answer will not come, or the run it belonged to has no result.
    pub fn preview_again(&self) {
        self.lost_previews.update(|n| *n = n.wrapping_add(1));
    }
}

/// The page's state, from the context that the application provides.
pub fn state() -> State {
    use_context().unwrap_or_else(|| State::new(DeviceChoice::Auto))
}
