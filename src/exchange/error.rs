//! What can go wrong with an exchange, and what to do about it. No message holds patient text or a password.

/// Why something could not be exchanged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// A fault in a table that ships with the engine.
    #[error("{file}: {message}; please report this fault")]
    Shipped {
        /// The file.
        file: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// A line of a file of concepts is not what it should be.
    #[error("{file}:{line}: {message}")]
    Concepts {
        /// The file.
        file: String,
        /// Line, from 1.
        line: u64,
        /// What was found, what was expected.
        message: String,
    },
    /// Not the time of a run.
    #[error("{found:?} is not a time of the form 2024-03-01T10:00:00Z, nor a date of the form 2024-03-01")]
    Stamp {
        /// What was given.
        found: String,
    },
    /// A file could not be written.
    #[error("{path}: cannot be written: {message}")]
    Write {
        /// The file.
        path: String,
        /// The cause.
        message: String,
    },
}
