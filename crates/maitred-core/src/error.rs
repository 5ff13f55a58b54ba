//! Errors that a model can act on, and the wall between them and what went wrong inside.
//!
//! A [`ToolError`] has an outward half (code, sentence, field, hint) and an inward half (the cause). Only the outward
//! half can be written to a client; the cause goes to the log and to Sentry. The two are different types, so a leak
//! does not compile.

use std::borrow::Cow;
use std::fmt;

use maitred_store::change::json_string;
use maitred_store::{StoreError, StoreFault};

/// Result of anything a tool does.
pub type ToolResult<T> = Result<T, ToolError>;

/// The six families of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// The arguments are wrong; another call can be right.
    Validation,
    /// The business says no.
    Domain,
    /// Storage failed.
    Infrastructure,
    /// The caller may not.
    Security,
    /// The server itself failed or is busy.
    System,
    /// Something beyond this machine failed.
    Network,
}

impl Category {
    /// Every category.
    pub const ALL: &'static [Self] =
        &[Self::Validation, Self::Domain, Self::Infrastructure, Self::Security, Self::System, Self::Network];

    /// The word on the wire and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Validation => "validation",
            Self::Domain => "domain",
            Self::Infrastructure => "infrastructure",
            Self::Security => "security",
            Self::System => "system",
            Self::Network => "network",
        }
    }
}

macro_rules! codes {
    ($($(#[doc = $about:literal])+ $name:ident = $text:literal in $category:ident, retry $retry:literal;)+) => {
        /// The closed table of error codes; `docs/ERRORS.md` is printed from it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[doc = $about])+ $name),+ }
        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];
            /// The word on the wire.
            pub fn as_str(self) -> &'static str { match self { $(Self::$name => $text),+ } }
            /// The family it belongs to.
            pub fn category(self) -> Category { match self { $(Self::$name => Category::$category),+ } }
            /// True when the same call may succeed later.
            pub fn retryable(self) -> bool { match self { $(Self::$name => $retry),+ } }
            /// What it means, for the documentation.
            pub fn about(self) -> &'static str { match self { $(Self::$name => concat!($($about),+)),+ } }
        }
    };
}

codes! {
    /// A required argument was not given.
    Missing = "missing" in Validation, retry false;
    /// An argument has the wrong type, form or value.
    Invalid = "invalid" in Validation, retry false;
    /// The tool has no argument of this name; the message lists those it has.
    UnknownField = "unknown_field" in Validation, retry false;
    /// A number has more digits than its currency or unit keeps. Nothing is rounded silently.
    TooPrecise = "too_precise" in Validation, retry false;
    /// A reference fits several records; candidates are listed, at most five.
    AmbiguousReference = "ambiguous_reference" in Validation, retry false;
    /// The cursor belongs to another query, another caller or another release.
    CursorInvalid = "cursor_invalid" in Validation, retry false;
    /// A list or text is longer than allowed.
    LimitExceeded = "limit_exceeded" in Validation, retry false;
    /// There is no such record within the caller's reach.
    NotFound = "not_found" in Domain, retry false;
    /// The write needs a preview first: show it to a person, then repeat the call with its `confirm`.
    PreviewRequired = "preview_required" in Domain, retry false;
    /// What the write would do is no longer what was shown; the new preview is attached.
    PreviewOutdated = "preview_outdated" in Domain, retry false;
    /// The same confirm or idempotency key was used before with other arguments.
    ReceiptMismatch = "receipt_mismatch" in Domain, retry false;
    /// The record's state does not allow this step.
    IllegalTransition = "illegal_transition" in Domain, retry false;
    /// The record can no longer be changed.
    Immutable = "immutable" in Domain, retry false;
    /// It has been done before.
    AlreadyDone = "already_done" in Domain, retry false;
    /// A record like this exists already; it is named.
    DuplicateSuspect = "duplicate_suspect" in Domain, retry false;
    /// Other records still depend on this one; they are listed.
    OpenDependents = "open_dependents" in Domain, retry false;
    /// There is not enough stock.
    InsufficientStock = "insufficient_stock" in Domain, retry false;
    /// The customer's credit limit would be exceeded.
    CreditExceeded = "credit_exceeded" in Domain, retry false;
    /// More would be allocated than there is.
    OverAllocation = "over_allocation" in Domain, retry false;
    /// More would be credited than was invoiced.
    OverCredit = "over_credit" in Domain, retry false;
    /// The period is closed.
    ClosedPeriod = "closed_period" in Domain, retry false;
    /// The person has not agreed to be contacted this way.
    ConsentMissing = "consent_missing" in Domain, retry false;
    /// Somebody with more rights has to approve.
    ApprovalNeeded = "approval_needed" in Domain, retry false;
    /// The caller's role does not allow this on this record.
    Forbidden = "forbidden" in Security, retry false;
    /// Too many calls; the message says when to come back.
    RateLimited = "rate_limited" in Security, retry true;
    /// The call was cancelled.
    Cancelled = "cancelled" in System, retry false;
    /// The call took longer than it may.
    DeadlineExceeded = "deadline_exceeded" in System, retry true;
    /// The server is shutting down or has too much to do.
    Overloaded = "overloaded" in System, retry true;
    /// A module that this needs is not part of this server.
    ModuleMissing = "module_missing" in System, retry false;
    /// A defect of the server; it is reported under the reference given.
    Internal = "internal" in System, retry false;
    /// The database is locked by another process or has too many writes waiting.
    StorageBusy = "storage_busy" in Infrastructure, retry true;
    /// The disk is full: nothing was written.
    StorageFull = "storage_full" in Infrastructure, retry true;
    /// The database cannot be written to.
    StorageReadOnly = "storage_read_only" in Infrastructure, retry false;
    /// The database file is damaged.
    StorageCorrupt = "storage_corrupt" in Infrastructure, retry false;
    /// The database cannot be opened.
    StorageUnavailable = "storage_unavailable" in Infrastructure, retry true;
    /// The record was changed by somebody else at the same moment.
    StorageConflict = "storage_conflict" in Infrastructure, retry true;
    /// A system on the network did not answer.
    NetworkUnavailable = "network_unavailable" in Network, retry true;
}

/// Why a tool did not do what it was asked, in words for the one who asked.
pub struct ToolError(Box<Parts>);

struct Parts {
    code: Code,
    message: Cow<'static, str>,
    field: Option<String>,
    hint: Option<Cow<'static, str>>,
    /// JSON members added to the answer, each `"name":value`.
    extra: Vec<(&'static str, String)>,
    cause: Option<anyhow::Error>,
}

impl ToolError {
    /// An error with a code and a sentence: lower case, no final stop, values in backticks.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Parts {
            code,
            message: message.into(),
            field: None,
            hint: None,
            extra: Vec::new(),
            cause: None,
        }))
    }

    /// A defect or an outside failure: the cause is for the log, the caller reads a general sentence.
    pub fn internal(cause: impl Into<anyhow::Error>) -> Self {
        let mut error = Self::new(Code::Internal, "internal error");
        error.0.cause = Some(cause.into());
        error
    }

    /// Names the argument at fault.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.0.field = Some(field.into());
        self
    }

    /// Says what to do next, naming the next call.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds a JSON value to the answer, such as candidates or a preview. `value` is JSON text.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: String) -> Self {
        self.0.extra.push((name, value));
        self
    }

    /// Puts the field inside a larger one: `amount` within `lines[2]` is `lines[2].amount`.
    #[must_use]
    pub fn within(mut self, outer: &str) -> Self {
        self.0.field = Some(match self.0.field.take() {
            Some(inner) if inner.starts_with('[') => format!("{outer}{inner}"),
            Some(inner) => format!("{outer}.{inner}"),
            None => outer.to_owned(),
        });
        self
    }

    /// The code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The sentence.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The argument at fault.
    pub fn field_name(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// What went wrong inside, for the log only.
    pub fn cause(&self) -> Option<&anyhow::Error> {
        self.0.cause.as_ref()
    }

    /// The outward half as compact JSON. `reference` is put beside internal errors, so that the log line can be found.
    pub fn outward(&self, reference: Option<&str>) -> String {
        let mut out = String::with_capacity(160);
        out.push_str("{\"error\":{\"category\":");
        json_string(self.0.code.category().as_str(), &mut out);
        out.push_str(",\"code\":");
        json_string(self.0.code.as_str(), &mut out);
        out.push_str(",\"message\":");
        json_string(&self.0.message, &mut out);
        for (name, value) in
            [("field", self.0.field.as_deref()), ("hint", self.0.hint.as_deref()), ("reference", reference)]
        {
            if let Some(value) = value {
                out.push(',');
                json_string(name, &mut out);
                out.push(':');
                json_string(value, &mut out);
            }
        }
        out.push_str(",\"retryable\":");
        out.push_str(if self.0.code.retryable() { "true" } else { "false" });
        for (name, value) in &self.0.extra {
            out.push(',');
            json_string(name, &mut out);
            out.push(':');
            out.push_str(value);
        }
        out.push_str("}}");
        out
    }
}

impl fmt::Debug for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.outward(None))?;
        if let Some(cause) = &self.0.cause {
            write!(f, " caused by {cause:#}")?;
        }
        Ok(())
    }
}

impl From<StoreError> for ToolError {
    fn from(error: StoreError) -> Self {
        let (code, message) = match error.fault {
            StoreFault::Interrupted => (Code::DeadlineExceeded, "the call took longer than it may"),
            StoreFault::Busy => (Code::StorageBusy, "the database is busy"),
            StoreFault::Full => (Code::StorageFull, "the disk is full, nothing was written"),
            StoreFault::Corrupt => (Code::StorageCorrupt, "the database is damaged"),
            StoreFault::ReadOnly => (Code::StorageReadOnly, "the database cannot be written to"),
            StoreFault::Unavailable | StoreFault::TooNew => {
                (Code::StorageUnavailable, "the database cannot be opened")
            }
            StoreFault::Stale => (Code::StorageConflict, "the record was changed at the same moment"),
            StoreFault::Unique | StoreFault::Constraint | StoreFault::Defect => {
                (Code::Internal, "internal error")
            }
        };
        let mut outward = Self::new(code, message);
        outward.0.cause = Some(error.into());
        outward
    }
}

impl From<anyhow::Error> for ToolError {
    fn from(cause: anyhow::Error) -> Self {
        Self::internal(cause)
    }
}

/// A required argument was not given.
pub fn missing(field: &str) -> ToolError {
    ToolError::new(Code::Missing, format!("`{field}` is required")).field(field)
}

/// An argument is wrong; `why` continues the sentence after its name: "is in the past".
pub fn invalid(field: &str, why: impl fmt::Display) -> ToolError {
    ToolError::new(Code::Invalid, format!("`{field}` {why}")).field(field)
}

/// There is no such record, or none that the caller may know of. The text never repeats more than the caller gave.
pub fn not_found(kind: &str, given: &str) -> ToolError {
    ToolError::new(Code::NotFound, format!("no {kind} fits `{}`", shorten(given)))
}

/// The business says no.
pub fn refused(code: Code, message: impl Into<Cow<'static, str>>) -> ToolError {
    ToolError::new(code, message)
}

/// Text of unknown length, cut to what an error message bears.
pub fn shorten(text: &str) -> String {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
