//! Reading `config.json` files so that nothing that matters is overlooked.
//!
//! Every key is either read, known to make no difference at inference, or required to have the one
//! value that the network implements. Any other key must be null or false.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{Error, Result};

/// The most levels of resolution: at the lowest a pixel stands for 2^15 of the highest.
const MAX_LEVELS: usize = 16;

/// The keys of one `config.json`, taken out one by one.
pub(crate) struct Config {
    file: String,
    keys: Map<String, Value>,
}

impl Config {
    /// Parses `json`, an object; `file` is named in errors.
    pub fn parse(file: &str, json: &str) -> Result<Self> {
        let keys = serde_json::from_str(json)
            .map_err(|e| Error::model(format!("{file} is not a JSON object: {e}")))?;
        Ok(Self {
            file: file.to_owned(),
            keys,
        })
    }

    /// The value of `key`, or `default` when the key is absent.
    pub fn take<T: DeserializeOwned>(&mut self, key: &str, default: T) -> Result<T> {
        let Some(value) = self.keys.remove(key) else {
            return Ok(default);
        };
        T::deserialize(&value).map_err(|e| self.unsupported(key, &value, &e.to_string()))
    }

    /// The positive number at `key`, or `default` when the key is absent.
    pub fn positive(&mut self, key: &str, default: f64) -> Result<f64> {
        let value = self.take(key, default)?;
        let ok = value.is_finite() && value > 0.0;
        self.check(ok, key, value, "must be positive")?;
        Ok(value)
    }

    /// Fails unless `key` is absent or has one of the values `allowed`.
    pub fn fixed<V: Into<Value> + Clone>(&mut self, key: &str, allowed: &[V]) -> Result<()> {
        let Some(value) = self.keys.remove(key) else {
            return Ok(());
        };
        let allowed: Vec<Value> = allowed.iter().cloned().map(Into::into).collect();
        let equal = |a: &Value| match (a.as_f64(), value.as_f64()) {
            (Some(a), Some(b)) => a == b,
            _ => *a == value,
        };
        if allowed.iter().any(equal) {
            return Ok(());
        }
        let list = allowed.iter().map(Value::to_string).collect::<Vec<_>>();
        Err(self.unsupported(key, &value, &format!("supported: {}", list.join(", "))))
    }

    /// Drops keys that make no difference to the computation.
    pub fn ignore(&mut self, keys: &[&str]) {
        for key in keys {
            self.keys.remove(*key);
        }
    }

    /// An error about a value: names the file, the key, the value and `why`.
    pub fn unsupported(&self, key: &str, value: &Value, why: &str) -> Error {
        Error::model(format!(
            "{}: \"{key}\" = {value} is not supported ({why})",
            self.file
        ))
    }

    /// Fails when `ok` is false, naming `key`, its `value` and `why`.
    pub fn check(&self, ok: bool, key: &str, value: impl Into<Value>, why: &str) -> Result<()> {
        if ok {
            return Ok(());
        }
        Err(self.unsupported(key, &value.into(), why))
    }

    /// Fails unless a network has between one and [`MAX_LEVELS`] levels, listed at `key`.
    pub fn check_levels(&self, key: &str, levels: usize) -> Result<()> {
        let why = format!("there must be 1 to {MAX_LEVELS} levels");
        self.check((1..=MAX_LEVELS).contains(&levels), key, levels, &why)
    }

    /// Fails when a key is left that could change the computation.
    pub fn finish(self) -> Result<()> {
        // Underscored keys are the writers' own notes: class name, version, origin.
        let matters = |(key, value): &(&String, &Value)| {
            !key.starts_with('_') && !value.is_null() && **value != Value::Bool(false)
        };
        match self.keys.iter().find(matters) {
            None => Ok(()),
            Some((key, value)) => Err(self.unsupported(key, value, "unknown key")),
        }
    }
}

/// One value for all blocks, or a list with one for each.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T: Clone> OneOrMany<T> {
    /// The values for `n` blocks; `None` when the list has another length.
    pub fn expand(self, n: usize) -> Option<Vec<T>> {
        match self {
            Self::One(value) => Some(vec![value; n]),
            Self::Many(values) => (values.len() == n).then_some(values),
        }
    }
}
