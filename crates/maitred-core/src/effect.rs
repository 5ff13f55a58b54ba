//! What a tool does to the world, as a type and as a value.

use crate::cx::{Reader, Writer};
use crate::mode::{Mode, ModeSet};

/// What a tool does to the world. Annotations, the dry run and the preview-first policy follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EffectFacts {
    /// Writes nothing.
    pub read: bool,
    /// The opposite call cannot restore what was, or something is withdrawn from a customer.
    pub destructive: bool,
    /// Doing it twice changes nothing more.
    pub idempotent: bool,
    /// A person outside receives something.
    pub leaves_house: bool,
    /// Refused without a `confirm` from a preview, whatever the key's policy.
    pub preview_first: bool,
    /// A write that takes long (an import): nobody else's write shares its commit.
    pub long: bool,
}

/// A tool that only reads. `Read` is a keyed read, [`Read::REPORT`] one that may scan.
#[derive(Clone, Copy, Debug)]
pub struct Read {
    /// Runs on the report lane.
    pub report: bool,
}

impl Read {
    /// Answers in well under a millisecond.
    pub const KEYED: Self = Self { report: false };
    /// May scan: runs on a lane of its own.
    pub const REPORT: Self = Self { report: true };
}

/// A tool that writes.
#[derive(Clone, Copy, Debug)]
pub struct Write {
    /// See [`EffectFacts::destructive`].
    pub destructive: bool,
    /// See [`EffectFacts::idempotent`].
    pub idempotent: bool,
    /// See [`EffectFacts::leaves_house`].
    pub leaves_house: bool,
    /// See [`EffectFacts::preview_first`].
    pub preview_first: bool,
    /// See [`EffectFacts::long`].
    pub long: bool,
}

impl Write {
    /// An ordinary write that a later call can undo.
    pub const PLAIN: Self = Self {
        destructive: false,
        idempotent: false,
        leaves_house: false,
        preview_first: false,
        long: false,
    };
    /// An ordinary write that may be repeated without further effect.
    pub const IDEMPOTENT: Self = Self { idempotent: true, ..Self::PLAIN };
    /// An ordinary write that is shown before it is done.
    pub const PREVIEWED: Self = Self { preview_first: true, ..Self::PLAIN };
    /// A write that cannot be undone, shown before it is done.
    pub const DESTRUCTIVE: Self = Self { destructive: true, preview_first: true, ..Self::PLAIN };
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Read {}
    impl Sealed for super::Write {}
}

/// `Read` or `Write`: decides what a context can do.
pub trait Effect: sealed::Sealed + Copy + Send + Sync + 'static {
    /// The view of the database that a body gets.
    type Db<'a>;
    /// True for writes.
    const WRITES: bool;
    /// The same as a value.
    fn facts(self) -> EffectFacts;
    /// True when the body runs on the report lane.
    fn report(self) -> bool;
}

impl Effect for Read {
    type Db<'a> = Reader<'a>;
    const WRITES: bool = false;
    fn facts(self) -> EffectFacts {
        EffectFacts {
            read: true,
            destructive: false,
            idempotent: true,
            leaves_house: false,
            preview_first: false,
            long: false,
        }
    }
    fn report(self) -> bool {
        self.report
    }
}

impl Effect for Write {
    type Db<'a> = Writer<'a>;
    const WRITES: bool = true;
    fn facts(self) -> EffectFacts {
        EffectFacts {
            read: false,
            destructive: self.destructive,
            idempotent: self.idempotent,
            leaves_house: self.leaves_house,
            preview_first: self.preview_first,
            long: self.long,
        }
    }
    fn report(self) -> bool {
        false
    }
}

/// The kind of caller a tool is written for, as a type: it decides which facts about the caller a body can see.
pub trait Audience: Copy + Send + Sync + 'static {
    /// Modes that such a caller can have. A tool whose MODES go beyond them does not compile.
    const MODES: ModeSet;
}

/// A teammate.
#[derive(Clone, Copy, Debug)]
pub struct Staff;
/// A known client: the context has the one company there is.
#[derive(Clone, Copy, Debug)]
pub struct Client;
/// A stranger.
#[derive(Clone, Copy, Debug)]
pub struct Stranger;
/// Every kind of caller.
#[derive(Clone, Copy, Debug)]
pub struct Anyone;

impl Audience for Staff {
    const MODES: ModeSet = ModeSet::of(&[Mode::Sales, Mode::Service, Mode::Success, Mode::Office]);
}
impl Audience for Client {
    const MODES: ModeSet = ModeSet::of(&[Mode::ClientOrder]);
}
impl Audience for Stranger {
    const MODES: ModeSet = ModeSet::of(&[Mode::ClientOnboard]);
}
impl Audience for Anyone {
    const MODES: ModeSet = ModeSet::of(Mode::ALL);
}
