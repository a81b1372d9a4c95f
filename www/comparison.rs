//! Several solvers on the same measurement, for a table.

use latino_web::protocol::{RestoreJob, Solver};

use crate::results::Outcome;

/// What became of a solver in a comparison.
#[derive(Debug, Clone)]
pub enum Standing {
    /// Its turn comes.
    Waiting,
    /// It runs.
    Running,
    /// It is done.
    Done(Outcome),
    /// It failed, for this reason.
    Failed(String),
}

/// One solver of a comparison.
#[derive(Debug, Clone)]
pub struct Row {
    /// Which.
    pub solver: Solver,
    /// What became of it.
    pub standing: Standing,
}

/// Several solvers on the same measurement.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// The job, but for the solver.
    pub job: RestoreJob,
    /// The solvers, in the order in which they run.
    pub rows: Vec<Row>,
    /// False once all have run or it was cancelled.
    pub running: bool,
}

/// Whether two jobs restore the same measurement.
pub fn same_measurement(a: &RestoreJob, b: &RestoreJob) -> bool {
    let of = |j: &RestoreJob| (j.measured, j.task.clone(), j.noise.clone(), j.seed);
    of(a) == of(b) && a.picture == b.picture && a.mask == b.mask && a.kernel == b.kernel
}

impl Comparison {
    /// Whether `job` restores the same measurement.
    pub fn concerns(&self, job: &RestoreJob) -> bool {
        same_measurement(&self.job, job)
    }

    /// The row that runs.
    pub fn current(&self) -> Option<usize> {
        let running = |r: &Row| matches!(r.standing, Standing::Running);
        self.rows.iter().position(running)
    }

    /// The finished rows as comma-separated values with a line of names.
    pub fn csv(&self, name: impl Fn(Solver) -> &'static str) -> String {
        let mut text = "solver,psnr_db,ssim,residual,network_evaluations,seconds\n".to_owned();
        let number = |v: Option<f64>| v.map(|v| v.to_string()).unwrap_or_default();
        for row in &self.rows {
            if let Standing::Done(o) = &row.standing {
                text.push_str(&format!(
                    "{},{},{},{},{},{}\n",
                    name(row.solver),
                    number(o.metrics.psnr),
                    number(o.metrics.ssim),
                    o.metrics.residual,
                    o.evaluations,
                    o.seconds
                ));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use latino_web::protocol::{
        ChainSettings, Initialisation, Metrics, OutputStage, ProSettings, Rgba, StepRule,
    };

    use super::*;

    fn job() -> RestoreJob {
        let picture = Rgba {
            width: 1,
            height: 1,
            bytes: vec![9; 4],
        };
        RestoreJob {
            picture,
            measured: false,
            mask: None,
            kernel: None,
            task: "denoising".into(),
            noise: "0.1".into(),
            solver: Solver::Latino,
            samples: 1,
            pro: ProSettings::default(),
            resume: None,
            prompt: String::new(),
            steps: 2,
            start: None,
            seed: 1,
            init: Initialisation::default(),
            output: OutputStage::default(),
            rule: StepRule::default(),
            hybrid: false,
            chain: ChainSettings::default(),
        }
    }

    #[test]
    fn only_what_changes_the_measurement_matters() {
        let comparison = Comparison {
            job: job(),
            rows: Vec::new(),
            running: false,
        };
        let mut other = job();
        (other.solver, other.steps, other.prompt) = (Solver::Tv, 9, "a cat".into());
        assert!(comparison.concerns(&other));
        for change in [
            (|j| j.seed = 2) as fn(&mut RestoreJob),
            |j| j.noise = "0.2".into(),
            |j| j.picture.bytes[0] = 0,
            |j| j.task = "bayer".into(),
            |j| j.measured = true,
            |j| j.kernel = Some(j.picture.clone()),
        ] {
            let mut other = job();
            change(&mut other);
            assert!(!comparison.concerns(&other));
        }
    }

    #[test]
    fn tables_hold_the_finished_rows_and_leave_unknown_numbers_empty() {
        let outcome = Outcome {
            picture: Arc::new(job().picture),
            metrics: Metrics {
                psnr: None,
                ssim: Some(0.5),
                residual: 0.25,
            },
            evaluations: 2,
            spread: None,
            seconds: 1.5,
        };
        let row = |solver, standing| Row { solver, standing };
        let comparison = Comparison {
            job: job(),
            rows: vec![
                row(Solver::Tv, Standing::Failed("it, failed".into())),
                row(Solver::Latino, Standing::Done(outcome)),
                row(Solver::LatinoPro, Standing::Running),
            ],
            running: true,
        };
        assert_eq!(comparison.current(), Some(2));
        let csv = comparison.csv(|_| "name");
        let lines: Vec<_> = csv.lines().skip(1).collect();
        assert_eq!(lines, ["name,,0.5,0.25,2,1.5"]);
    }
}
