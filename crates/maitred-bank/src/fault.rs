//! Why a file is refused, and where in it.

use std::error::Error;
use std::fmt;

/// Kinds of refusals, for callers that answer each differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// There is nothing in the file.
    Empty,
    /// The file is beyond a bound of this crate.
    TooLarge,
    /// The content is none of the formats; a CSV file needs a profile.
    UnknownFormat,
    /// CSV without a profile, or with one whose columns the file does not have.
    Profile,
    /// A version of the format that is not read.
    Unsupported,
    /// Not as the format's standard says.
    Malformed,
    /// A balance or a total of the file does not come out.
    Unbalanced,
}

/// Why a file is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What kind of refusal this is.
    pub kind: FaultKind,
    /// Line of the file, counted from 1, where there is one to name.
    pub line: Option<u32>,
    /// What is wrong, in one sentence without the line.
    pub text: String,
}

impl Fault {
    /// A fault of the file as a whole.
    pub(crate) fn file(kind: FaultKind, text: impl Into<String>) -> Self {
        Self { kind, line: None, text: text.into() }
    }

    /// A fault at a line.
    pub(crate) fn at(line: u32, kind: FaultKind, text: impl Into<String>) -> Self {
        Self { kind, line: Some(line), text: text.into() }
    }

    /// Not as the standard says, at a line.
    pub(crate) fn malformed(line: u32, text: impl Into<String>) -> Self {
        Self::at(line, FaultKind::Malformed, text)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

impl Error for Fault {}
