//! Priors and likelihoods with known answers, for tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::{Codec, Likelihood, Observer, Prior, PromptPrior, TaskKind};
use crate::schedule::{LcmScheduler, PredictionType, SchedulerConfig};
use crate::{Error, HostTensor, Result};

/// Runs a future that never waits for anything but itself.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}

/// A = a I on every entry, or on the entries where `mask` is true.
pub struct Diagonal {
    a: f32,
    mask: Option<Vec<bool>>,
}

impl Diagonal {
    /// A = a I.
    pub fn scale(a: f32) -> Self {
        Self { a, mask: None }
    }

    /// A keeps the entries of one picture where `mask` is true.
    pub fn mask(mask: Vec<bool>) -> Self {
        Self {
            a: 1.0,
            mask: Some(mask),
        }
    }

    fn at(&self, i: usize) -> f32 {
        match &self.mask {
            Some(mask) if !mask[i % mask.len()] => 0.0,
            _ => self.a,
        }
    }

    fn apply(&self, x: &HostTensor) -> HostTensor {
        let mut out = x.clone();
        for (i, v) in out.data_mut().iter_mut().enumerate() {
            *v *= self.at(i);
        }
        out
    }
}

impl Likelihood for Diagonal {
    fn forward(&self, x: &HostTensor) -> Result<HostTensor> {
        Ok(self.apply(x))
    }
    fn adjoint(&self, y: &HostTensor) -> Result<HostTensor> {
        Ok(self.apply(y))
    }
    fn pseudo_inverse(&self, y: &HostTensor, _noise: f32) -> Result<HostTensor> {
        let a2 = (self.a * self.a).max(1e-12);
        Ok(self.apply(y).map(|v| v / a2))
    }
    fn prox(&self, z: &HostTensor, y: &HostTensor, gamma: f64) -> Result<HostTensor> {
        let mut out = z.clone();
        for (i, (z, y)) in out.data_mut().iter_mut().zip(y.data()).enumerate() {
            let a = f64::from(self.at(i));
            *z = ((f64::from(*z) + gamma * a * f64::from(*y)) / (1.0 + gamma * a * a)) as f32;
        }
        Ok(out)
    }
    fn residual_norm_after_prox(&self, z: &HostTensor, y: &HostTensor, gamma: f64) -> Result<f64> {
        self.residual_norm(&self.prox(z, y, gamma)?, y)
    }
    fn measured_entries(&self, y: &HostTensor) -> usize {
        match &self.mask {
            Some(mask) => mask.iter().filter(|m| **m).count() * (y.len() / mask.len()),
            None => y.len(),
        }
    }
    fn task_kind(&self) -> TaskKind {
        TaskKind::Other
    }
}

/// How a [`GaussianPrior`] misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Not at all.
    None,
    /// The network gives a NaN at this timestep.
    Predict(usize),
    /// The encoder gives an infinity at its n-th call, from 1.
    Encode(usize),
    /// The decoder gives a NaN at its n-th call, from 1.
    Decode(usize),
    /// The decoder gives one value everywhere.
    Constant,
}

/// Independent N(mean, deviation^2) entries, with the picture scaled by `gain` as latent:
/// the exact posterior mean E[z_0 | z_t] as network, as epsilon-prediction.
pub struct GaussianPrior {
    pub mean: f32,
    pub deviation: f32,
    pub gain: f32,
    /// Subtracted by the decoder, so that D(E(x)) = x - loss.
    pub loss: f32,
    pub fault: Fault,
    pub scheduler: LcmScheduler,
    /// Every network call, in order: 'e', 'u', 'd', and 'D' for the last decoding.
    pub calls: RefCell<String>,
    encodes: Cell<usize>,
    decodes: Cell<usize>,
}

impl GaussianPrior {
    pub fn new(mean: f32, deviation: f32) -> Self {
        Self {
            mean,
            deviation,
            gain: 1.0,
            loss: 0.0,
            fault: Fault::None,
            scheduler: LcmScheduler::new(SchedulerConfig {
                prediction_type: PredictionType::Epsilon,
                ..Default::default()
            })
            .unwrap(),
            calls: RefCell::default(),
            encodes: Cell::new(0),
            decodes: Cell::new(0),
        }
    }

    pub fn with_fault(mut self, fault: Fault) -> Self {
        self.fault = fault;
        self
    }

    /// E[z_0 | z_t = z] per entry, in f64.
    pub fn denoise(&self, z: f64, t: usize) -> f64 {
        let ab = self.scheduler.alpha_bar(t).unwrap();
        let mean = f64::from(self.gain * self.mean);
        let variance = f64::from(self.gain * self.deviation).powi(2);
        mean + variance * ab.sqrt() / (ab * variance + 1.0 - ab) * (z - ab.sqrt() * mean)
    }
}

impl Codec for GaussianPrior {
    fn latent_shape(&self, picture: [usize; 4]) -> Result<[usize; 4]> {
        Ok(picture)
    }
    async fn encode(&self, picture: &HostTensor) -> Result<HostTensor> {
        self.calls.borrow_mut().push('e');
        self.encodes.set(self.encodes.get() + 1);
        let mut z = picture.clone().map(|v| v * self.gain);
        if self.fault == Fault::Encode(self.encodes.get()) {
            z.data_mut()[0] = f32::INFINITY;
        }
        Ok(z)
    }
    async fn decode(&self, latent: &HostTensor) -> Result<HostTensor> {
        self.calls.borrow_mut().push('d');
        self.decoded(latent)
    }
    async fn decode_last(&self, latent: &HostTensor) -> Result<HostTensor> {
        self.calls.borrow_mut().push('D');
        self.decoded(latent)
    }
}

impl GaussianPrior {
    fn decoded(&self, latent: &HostTensor) -> Result<HostTensor> {
        self.decodes.set(self.decodes.get() + 1);
        let mut x = latent.clone().map(|v| v / self.gain - self.loss);
        match self.fault {
            Fault::Decode(n) if n == self.decodes.get() => x.data_mut()[0] = f32::NAN,
            Fault::Constant => x = x.map(|_| 0.3),
            _ => {}
        }
        Ok(x)
    }
}

impl Prior for GaussianPrior {
    async fn predict(&self, z: &HostTensor, t: usize) -> Result<HostTensor> {
        self.calls.borrow_mut().push('u');
        let ab = self.scheduler.alpha_bar(t)?;
        let mut eps = z.clone().map(|z| {
            let z = f64::from(z);
            ((z - ab.sqrt() * self.denoise(z, t)) / (1.0 - ab).sqrt()) as f32
        });
        if self.fault == Fault::Predict(t) {
            eps.data_mut()[0] = f32::NAN;
        }
        Ok(eps)
    }
}

/// A [`GaussianPrior`] whose mean is the sum of the embedding's entries.
pub struct PromptedGaussian(pub GaussianPrior);

impl Codec for PromptedGaussian {
    fn latent_shape(&self, picture: [usize; 4]) -> Result<[usize; 4]> {
        self.0.latent_shape(picture)
    }
    async fn encode(&self, picture: &HostTensor) -> Result<HostTensor> {
        self.0.encode(picture).await
    }
    async fn decode(&self, latent: &HostTensor) -> Result<HostTensor> {
        self.0.decode(latent).await
    }
}

impl PromptPrior for PromptedGaussian {
    type Pullback<'a> = usize;

    async fn predict_at(&self, z: &HostTensor, t: usize, c: &HostTensor) -> Result<HostTensor> {
        let moved = GaussianPrior {
            fault: self.0.fault,
            loss: self.0.loss,
            gain: self.0.gain,
            ..GaussianPrior::new(c.data().iter().sum(), self.0.deviation)
        };
        self.0.calls.borrow_mut().push('u');
        moved.predict(z, t).await
    }

    async fn predict_with_pullback(
        &self,
        z: &HostTensor,
        t: usize,
        c: &HostTensor,
    ) -> Result<(HostTensor, usize)> {
        Ok((self.predict_at(z, t, c).await?, t))
    }

    /// epsilon is linear in the mean, with one slope for all entries.
    async fn pull_back<'a>(
        &'a self,
        t: Self::Pullback<'a>,
        seed: &HostTensor,
    ) -> Result<HostTensor> {
        self.0.calls.borrow_mut().push('g');
        let at = |mean: f32| GaussianPrior::new(mean, self.0.deviation).denoise(0.0, t);
        let ab = self.0.scheduler.alpha_bar(t)?;
        let slope = -ab.sqrt() * (at(1.0) - at(0.0)) / (1.0 - ab).sqrt();
        let sum: f64 = seed.data().iter().map(|v| f64::from(*v)).sum();
        Ok(HostTensor::full([1, 3, 2], (slope * sum) as f32))
    }
}

/// Keeps every event, and cancels at the n-th checkpoint, from 1.
pub struct Recorder<E> {
    pub events: Vec<E>,
    pub checkpoints: usize,
    pub cancel_at: usize,
}

impl<E> Recorder<E> {
    pub fn new() -> Self {
        Self::cancelling_at(usize::MAX)
    }
    pub fn cancelling_at(cancel_at: usize) -> Self {
        Self {
            events: Vec::new(),
            checkpoints: 0,
            cancel_at,
        }
    }
}

impl<E> Observer<E> for Recorder<E> {
    fn notify(&mut self, event: E) {
        self.events.push(event);
    }
    async fn checkpoint(&mut self) -> Result<()> {
        self.checkpoints += 1;
        if self.checkpoints == self.cancel_at {
            return Err(Error::Cancelled);
        }
        Ok(())
    }
}
