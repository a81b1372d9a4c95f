//! The library's one error type. Every message is a sentence that a visitor can act on.

/// Shorthand for results of this library.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong, grouped by who can mend it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// A task SPEC, option or number that is not understood or out of range.
    #[error("{0}")]
    Invalid(String),
    /// Tensors whose shapes do not fit together.
    #[error("shape mismatch: {0}")]
    Shape(String),
    /// A picture that cannot be read, or is too large.
    #[error("picture: {0}")]
    Picture(String),
    /// A model folder, config value or tensor that cannot be used; names the file or key.
    #[error("model: {0}")]
    Model(String),
    /// A file or URL that could not be read or written.
    #[error("{0}")]
    Io(String),
    /// The compute device is missing, was lost, or refused work.
    #[error("device: {0}")]
    Device(String),
    /// The result is not a picture: not finite, or constant. It is never shown.
    #[error("{0}")]
    BadOutput(String),
    /// The visitor cancelled.
    #[error("cancelled")]
    Cancelled,
}

impl Error {
    /// An [`Error::Invalid`] from anything printable.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(message.into())
    }
    /// An [`Error::Shape`] from anything printable.
    pub fn shape(message: impl Into<String>) -> Self {
        Self::Shape(message.into())
    }
    /// An [`Error::Model`] from anything printable.
    pub fn model(message: impl Into<String>) -> Self {
        Self::Model(message.into())
    }
    /// An [`Error::Device`] from anything printable.
    pub fn device(message: impl Into<String>) -> Self {
        Self::Device(message.into())
    }
}
