//! The degradations on offer, their parameters, and the engine's spelling of them.

use std::collections::BTreeMap;

use latino_web::physics::TaskSpec;

mod kind;
mod pairs;
mod parameters;
mod part;

pub use kind::{HoleKind, TaskKind};
pub use parameters::{Control, Parameter};
pub use part::Part;

/// A degradation with its parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Which one.
    pub kind: TaskKind,
    /// Inpainting: which pixels are missing.
    pub hole: HoleKind,
    /// The visitor's own, as the engine reads it.
    pub custom: String,
    /// What is done after it.
    pub then: Option<Box<Task>>,
    /// Whether the picture is a small one made by image software: its grid is then centred unless the
    /// visitor says otherwise.
    pub brought: bool,
    /// Numbers that were set, by id.
    numbers: BTreeMap<&'static str, f64>,
    /// Choices that were made, by id.
    choices: BTreeMap<&'static str, &'static str>,
}

impl Default for Task {
    fn default() -> Self {
        Self {
            kind: TaskKind::default(),
            hole: HoleKind::default(),
            custom: "gaussian-blur:sigma=1.5 | super-resolution:factor=2 | jpeg:quality=40".into(),
            then: None,
            brought: false,
            numbers: BTreeMap::new(),
            choices: BTreeMap::new(),
        }
    }
}

impl Task {
    /// One of its parts. Without a second one, the first stands in.
    pub fn part(&self, part: Part) -> &Self {
        match (part, &self.then) {
            (Part::Then, Some(then)) => then,
            _ => self,
        }
    }

    /// The same, to be changed.
    pub fn part_mut(&mut self, part: Part) -> &mut Self {
        match part {
            Part::Then if self.then.is_some() => self.then.get_or_insert_default(),
            _ => self,
        }
    }

    /// Sets what is done after it; `None` for nothing.
    pub fn set_then(&mut self, kind: Option<TaskKind>) {
        self.then = kind.map(|kind| {
            let before = self.then.take().unwrap_or_default();
            let brought = self.brought;
            Box::new(Self {
                kind,
                brought,
                ..*before
            })
        });
    }

    /// Says whether the picture is a small one made by image software.
    pub fn bring(&mut self, brought: bool) {
        self.brought = brought;
        if let Some(then) = &mut self.then {
            then.brought = brought;
        }
    }

    /// The parameters that matter now.
    pub fn parameters(&self) -> Vec<Parameter> {
        let kernel = || self.choice("sr-kernel");
        let matters = |p: &&Parameter| match p.id {
            "sr-sigma" => kernel() == "gaussian",
            "sr-grid" => matches!(kernel(), "gaussian" | "bicubic"),
            "mask-seed" => self.hole == HoleKind::Random,
            "fraction" => self.hole != HoleKind::Own,
            _ => true,
        };
        self.kind.known().iter().filter(matters).copied().collect()
    }

    fn parameter(&self, id: &str) -> Option<Parameter> {
        self.kind.known().iter().find(|p| p.id == id).copied()
    }

    /// The value of a number or a seed of this kind.
    pub fn number(&self, id: &str) -> f64 {
        let default = match self.parameter(id).map(|p| p.control) {
            Some(Control::Range { default, .. }) => default,
            _ => 0.0,
        };
        self.numbers.get(id).copied().unwrap_or(default)
    }

    /// Sets a number or a seed.
    pub fn set_number(&mut self, id: &'static str, value: f64) {
        self.numbers.insert(id, value);
    }

    /// The value of a choice of this kind.
    pub fn choice(&self, id: &str) -> &'static str {
        match self.parameter(id).map(|p| p.control) {
            Some(Control::OneOf(options)) => {
                let first = match id {
                    "sr-grid" if self.brought => "centred",
                    _ => options.first().copied().unwrap_or_default(),
                };
                self.choices.get(id).copied().unwrap_or(first)
            }
            _ => "",
        }
    }

    /// Makes a choice; one that is not on offer changes nothing.
    pub fn set_choice(&mut self, id: &'static str, value: &str) {
        if let Some(Control::OneOf(options)) = self.parameter(id).map(|p| p.control)
            && let Some(option) = options.iter().find(|o| **o == value)
        {
            self.choices.insert(id, option);
        }
    }

    /// The operator as the engine reads it: `name:key=value,...`, and joined by `|` what follows.
    pub fn spec(&self) -> String {
        match &self.then {
            Some(then) if self.kind != TaskKind::Custom => {
                format!("{} | {}", self.own_spec(), then.own_spec())
            }
            _ => self.own_spec(),
        }
    }

    fn own_spec(&self) -> String {
        let pair = |p: Parameter| match p.control {
            Control::OneOf(_) => format!("{}={}", p.key, self.choice(p.id)),
            Control::Range { .. } | Control::Seed => format!("{}={}", p.key, self.number(p.id)),
        };
        let name = self.kind.key();
        match (self.kind, self.hole) {
            (TaskKind::Custom, _) => self.custom.clone(),
            (TaskKind::Inpaint, HoleKind::Box) => format!("{name}:box={}", self.number("fraction")),
            (TaskKind::Inpaint, HoleKind::Random) => format!(
                "{name}:random={},seed={}",
                self.number("fraction"),
                self.number("mask-seed")
            ),
            (TaskKind::Inpaint, HoleKind::Own) => format!("{name}:mask=given"),
            _ => {
                let given = (self.kind == TaskKind::OwnKernel).then(|| "kernel=given".to_owned());
                let set = self.parameters().into_iter().map(pair);
                let pairs: Vec<_> = given.into_iter().chain(set).collect();
                if pairs.is_empty() {
                    name.to_owned()
                } else {
                    format!("{name}:{}", pairs.join(","))
                }
            }
        }
    }

    /// What the engine has against it, in its words; `None` when it can be read.
    pub fn error(&self) -> Option<String> {
        let parsed = self.spec().parse::<TaskSpec>();
        parsed.err().map(|e| e.to_string())
    }

    /// True when the job carries the visitor's mask.
    pub fn wants_mask(&self) -> bool {
        self.spec().contains("mask=given")
    }

    /// True when the job carries the visitor's kernel.
    pub fn wants_kernel(&self) -> bool {
        let parts = self.spec();
        let mut names = parts.split('|').map(|p| p.trim().split(':').next());
        names.any(|name| name == Some("blur"))
    }

    /// By how much smaller the measurement is than the picture, per side.
    pub fn shrink(&self) -> u32 {
        let parsed = self.spec().parse::<TaskSpec>();
        parsed.map_or(1, |spec| spec.factor().max(1) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_reads_every_task_with_every_choice() {
        for kind in TaskKind::all() {
            for hole in [HoleKind::Box, HoleKind::Random, HoleKind::Own] {
                let mut task = Task {
                    kind,
                    hole,
                    ..Task::default()
                };
                assert_eq!(task.error(), None, "{}", task.spec());
                for p in kind.known() {
                    match p.control {
                        Control::OneOf(options) => {
                            for option in options {
                                task.set_choice(p.id, option);
                                assert_eq!(task.choice(p.id), *option);
                                assert_eq!(task.error(), None, "{}", task.spec());
                            }
                        }
                        Control::Range { usual, limits, .. } => {
                            for value in [usual[0], usual[1], limits[0], limits[1]] {
                                task.set_number(p.id, value);
                                assert_eq!(task.error(), None, "{}", task.spec());
                            }
                        }
                        Control::Seed => {
                            task.set_number(p.id, f64::from(u32::MAX));
                            assert_eq!(task.error(), None, "{}", task.spec());
                        }
                    }
                }
            }
            assert_eq!(TaskKind::from_key(kind.key()), Some(kind));
        }
    }

    #[test]
    fn a_second_degradation_follows_the_first() {
        let mut task = Task {
            kind: TaskKind::Gaussian,
            ..Task::default()
        };
        task.set_then(Some(TaskKind::SuperResolution));
        task.part_mut(Part::Then).set_choice("factor", "4");
        assert_eq!((task.error(), task.shrink()), (None, 4));
        assert!(
            task.spec().starts_with("gaussian-blur:sigma=2"),
            "{}",
            task.spec()
        );
        // JPEG can only be the last.
        task.set_then(Some(TaskKind::Jpeg));
        assert_eq!(task.error(), None);
        task.kind = TaskKind::Jpeg;
        task.set_then(Some(TaskKind::Bayer));
        assert!(task.error().is_some_and(|e| e.contains("last")));
        task.set_then(None);
        assert_eq!(task.spec(), "jpeg:quality=10");
        // Every pair of linear ones can be read.
        for (first, then) in TaskKind::all().flat_map(|a| TaskKind::all().map(move |b| (a, b))) {
            if first == TaskKind::Jpeg || then == TaskKind::Custom {
                continue;
            }
            task.kind = first;
            task.set_then(Some(then));
            assert_eq!(task.error(), None, "{}", task.spec());
            assert_eq!(
                task.wants_kernel(),
                first == TaskKind::OwnKernel
                    || (then == TaskKind::OwnKernel && first != TaskKind::Custom)
            );
        }
    }

    #[test]
    fn small_pictures_that_are_brought_have_centred_samples() {
        let mut task = Task {
            kind: TaskKind::SuperResolution,
            ..Task::default()
        };
        assert!(task.spec().contains("grid=published"));
        task.bring(true);
        assert!(task.spec().contains("grid=centred"));
        // Unless the visitor has said otherwise.
        task.set_choice("sr-grid", "published");
        assert!(task.spec().contains("grid=published"));
    }

    #[test]
    fn what_is_written_by_hand_is_checked_and_scales() {
        let mut task = Task {
            kind: TaskKind::Custom,
            ..Task::default()
        };
        assert_eq!((task.error(), task.shrink()), (None, 2));
        task.custom = "super-resolution:factor=4 | inpainting:mask=given".into();
        assert!(task.wants_mask());
        assert_eq!(task.shrink(), 4);
        task.custom = "sharpen".into();
        let error = task.error().expect("no such task");
        assert!(error.contains("choose from"), "{error}");
        assert_eq!(task.shrink(), 1);
    }
}
