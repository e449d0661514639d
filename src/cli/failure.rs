use std::error::Error;
use std::fmt;
use std::path::Path;

use super::shown::shown;

/// Why a verb could not do what was asked: one sentence on stderr, exit code 2.
///
/// Built from any error of the library with `?`; its causes are joined with colons.
#[derive(Debug)]
pub(super) struct Failure(String);

impl Failure {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// An error about a file: `FILE: what is wrong`.
    pub(super) fn at(path: &Path, error: impl fmt::Display) -> Self {
        Self(format!("{}: {error}", path.display()))
    }
}

impl fmt::Display for Failure {
    /// On one line, and without what a terminal would obey: names in an error come from files.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(&self.0))
    }
}

impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            let inner_message = inner.to_string();
            // thiserror's `#[error(transparent)]` and some libraries repeat the cause's text.
            if !message.ends_with(&inner_message) {
                message = format!("{message}: {inner_message}");
            }
            cause = inner.source();
        }
        Self(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_line_that_a_terminal_does_not_obey() {
        let failure = Failure::new("tensor a\n\u{1b}[2J\u{9b}31m\u{202e}b is\tnot é");
        assert_eq!(failure.to_string(), "tensor a\\n\\u{1b}[2J\\u{9b}31m\\u{202e}b is\\tnot é");
    }
}
