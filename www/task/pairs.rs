//! A degradation as pairs of names and values, for links and files.

use super::{Control, HoleKind, Task, TaskKind};

impl Task {
    /// What matters of it: its kind first, then what can be set.
    pub fn pairs(&self) -> Vec<(String, String)> {
        let mut pairs = vec![("task".to_owned(), self.kind.key().to_owned())];
        match self.kind {
            TaskKind::Custom => pairs.push(("operator".to_owned(), self.custom.clone())),
            TaskKind::Inpaint => {
                let hole = match self.hole {
                    HoleKind::Box => "box",
                    HoleKind::Random => "random",
                    HoleKind::Own => "own",
                };
                pairs.push(("hole".to_owned(), hole.to_owned()));
            }
            _ => {}
        }
        pairs.extend(self.parameters().into_iter().map(|p| {
            let value = match p.control {
                Control::OneOf(_) => self.choice(p.id).to_owned(),
                Control::Range { .. } | Control::Seed => self.number(p.id).to_string(),
            };
            (p.id.to_owned(), value)
        }));
        pairs
    }

    /// Takes a pair, after the one that names the kind; what it does not know or cannot be changes nothing.
    pub fn take(&mut self, name: &str, value: &str) {
        match (name, value) {
            ("task", key) => {
                if let Some(kind) = TaskKind::from_key(key) {
                    self.kind = kind;
                }
            }
            ("operator", spec) => self.custom = spec.to_owned(),
            ("hole", "box") => self.hole = HoleKind::Box,
            ("hole", "random") => self.hole = HoleKind::Random,
            ("hole", "own") => self.hole = HoleKind::Own,
            _ => {
                let Some(parameter) = self.parameter(name) else {
                    return;
                };
                let number = value.parse::<f64>().ok().filter(|v| v.is_finite());
                match (parameter.control, number) {
                    (Control::OneOf(_), _) => self.set_choice(parameter.id, value),
                    (Control::Range { limits, whole, .. }, Some(v)) => {
                        let v = if whole { v.round() } else { v };
                        self.set_number(parameter.id, v.clamp(limits[0], limits[1]));
                    }
                    (Control::Seed, Some(v)) => {
                        let seed = v.round().clamp(0.0, f64::from(u32::MAX));
                        self.set_number(parameter.id, seed);
                    }
                    _ => {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_survives_its_pairs() {
        for kind in TaskKind::all() {
            for hole in [HoleKind::Box, HoleKind::Random, HoleKind::Own] {
                let mut task = Task {
                    kind,
                    hole,
                    ..Task::default()
                };
                for p in kind.known() {
                    match p.control {
                        Control::OneOf(options) => {
                            task.set_choice(p.id, options.last().expect("an option"));
                        }
                        Control::Range { limits, .. } => task.set_number(p.id, limits[1]),
                        Control::Seed => task.set_number(p.id, 12345.0),
                    }
                }
                let mut again = Task::default();
                for (name, value) in task.pairs() {
                    again.take(&name, &value);
                }
                assert_eq!(again.spec(), task.spec());
            }
        }
    }

    #[test]
    fn nonsense_changes_nothing_and_numbers_stay_in_their_bounds() {
        let mut task = Task::default();
        task.take("task", "gaussian-blur");
        for (name, value) in [
            ("task", "sharpen"),
            ("sigma", "NaN"),
            ("boundary", "x"),
            ("?", "1"),
        ] {
            task.take(name, value);
        }
        assert_eq!(task.spec(), "gaussian-blur:sigma=2,boundary=circular");
        task.take("sigma", "1e9");
        let most = task.number("sigma");
        assert!((1.0..1e9).contains(&most), "{most}");
    }
}
