//! Modes, modules and the rights made of them.

use std::fmt;

maitred_store::text_enum! {
    /// The hat under which a caller acts. A tool names the modes that may see it.
    pub enum Mode {
        /// Winning customers.
        Sales = "sales",
        /// Helping customers.
        Service = "service",
        /// Keeping customers.
        Success = "success",
        /// Finance, purchasing, warehouse, delivery, owner.
        Office = "office",
        /// A known client who orders and asks.
        ClientOrder = "client_order",
        /// A stranger who wants to become a client.
        ClientOnboard = "client_onboard",
    }
}

maitred_store::text_enum! {
    /// A domain. The name is the prefix of its tools, the feature that compiles it and the word in a key's allow-list.
    pub enum Module {
        /// Orientation, settings, audit.
        Account = "account",
        /// Customers and pipeline.
        Crm = "crm",
        /// Products, prices, stock.
        Catalog = "catalog",
        /// Quotes, orders, shipments.
        Orders = "orders",
        /// Invoices, payments, bank.
        Invoicing = "invoicing",
        /// Projects, tasks, time.
        Projects = "projects",
        /// Tickets.
        Desk = "desk",
        /// Customer success.
        Success = "success",
        /// Rules and findings.
        Supervisor = "supervisor",
        /// Strangers' requests.
        Onboard = "onboard",
        /// Tools of other systems.
        Bridge = "bridge",
        /// Tools of tests.
        Probe = "probe",
    }
}

/// A set of modes.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ModeSet(u8);

impl ModeSet {
    /// The empty set.
    pub const NONE: Self = Self(0);

    /// The set of the given modes.
    pub const fn of(modes: &[Mode]) -> Self {
        let mut bits = 0;
        let mut index = 0;
        while index < modes.len() {
            bits |= 1 << modes[index] as u8;
            index += 1;
        }
        Self(bits)
    }

    /// True when the two sets share a mode.
    pub fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The modes in either set.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The modes in both sets.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// True when it has no mode.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// True when every mode here is also in `other`.
    pub const fn within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// The modes, in order of declaration.
    pub fn iter(self) -> impl Iterator<Item = Mode> {
        Mode::ALL.iter().copied().filter(move |mode| self.0 & (1 << *mode as u8) != 0)
    }
}

impl fmt::Debug for ModeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Mode::as_str)).finish()
    }
}

/// The three kinds of callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CallerKind {
    /// A member of the organisation, by key.
    Teammate,
    /// A contact of a client, vouched for by a channel.
    Client,
    /// Nobody we know.
    Stranger,
}

impl CallerKind {
    /// The word in answers, metrics and audit lines.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Teammate => "teammate",
            Self::Client => "client",
            Self::Stranger => "stranger",
        }
    }
}

const MODULES: usize = Module::ALL.len();

/// Everything the menu depends on: for each module the modes in which the caller may read and may write.
///
/// Rights only ever shrink: every method that narrows them answers a subset.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Rights {
    kind: CallerKind,
    admin: bool,
    reads: [ModeSet; MODULES],
    writes: [ModeSet; MODULES],
}

impl std::hash::Hash for Rights {
    /// In one piece: a menu is looked up for every request, and hashing member by member would cost several times that.
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        let mut bytes = [0; 2 + 2 * MODULES];
        bytes[0] = self.kind as u8;
        bytes[1] = u8::from(self.admin);
        for (at, set) in self.reads.iter().chain(&self.writes).enumerate() {
            bytes[2 + at] = set.0;
        }
        state.write(&bytes);
    }
}

impl Rights {
    /// No rights at all.
    pub fn none(kind: CallerKind) -> Self {
        Self { kind, admin: false, reads: [ModeSet::NONE; MODULES], writes: [ModeSet::NONE; MODULES] }
    }

    /// Adds what one role grants.
    #[must_use]
    pub fn grant(mut self, modules: &[Module], modes: ModeSet, write: bool, admin: bool) -> Self {
        for module in modules {
            let index = *module as usize;
            self.reads[index] = self.reads[index].or(modes);
            if write {
                self.writes[index] = self.writes[index].or(modes);
            }
        }
        self.admin |= admin;
        self
    }

    /// Keeps only these modules.
    #[must_use]
    pub fn only_modules(mut self, modules: &[Module]) -> Self {
        for module in Module::ALL {
            if !modules.contains(module) {
                self.reads[*module as usize] = ModeSet::NONE;
                self.writes[*module as usize] = ModeSet::NONE;
            }
        }
        self
    }

    /// Keeps only these modes.
    #[must_use]
    pub fn only_modes(mut self, modes: ModeSet) -> Self {
        for set in self.reads.iter_mut().chain(&mut self.writes) {
            *set = set.and(modes);
        }
        self
    }

    /// Takes every write away.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.writes = [ModeSet::NONE; MODULES];
        self
    }

    /// Takes the admin flag away.
    #[must_use]
    pub fn without_admin(mut self) -> Self {
        self.admin = false;
        self
    }

    /// The kind of caller.
    pub fn kind(&self) -> CallerKind {
        self.kind
    }

    /// True for owners and admins.
    pub fn admin(&self) -> bool {
        self.admin
    }

    /// Modes in which the module may be read.
    pub fn reads(&self, module: Module) -> ModeSet {
        self.reads[module as usize]
    }

    /// Modes in which the module may be written.
    pub fn writes(&self, module: Module) -> ModeSet {
        self.writes[module as usize]
    }

    /// Every mode in which anything may be read.
    pub fn modes(&self) -> ModeSet {
        self.reads.iter().fold(ModeSet::NONE, |all, set| all.or(*set))
    }

    /// The modules in which anything may be read.
    pub fn modules(&self) -> impl Iterator<Item = Module> {
        Module::ALL.iter().copied().filter(|module| !self.reads(*module).is_empty())
    }
}

impl fmt::Debug for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Rights");
        debug.field("kind", &self.kind).field("admin", &self.admin);
        for module in self.modules() {
            debug.field(module.as_str(), &(self.reads(module), self.writes(module)));
        }
        debug.finish()
    }
}
