//! What a role grants: the one table behind keys, menus and the list of members (`catalogue.md` §2.2).

use crate::mode::{CallerKind, Mode, ModeSet, Module, Rights};

/// What one role word grants.
#[derive(Clone, Copy, Debug)]
pub struct Role {
    /// The word stored with a member.
    pub name: &'static str,
    /// Hats it may wear.
    pub modes: ModeSet,
    /// Modules it reaches.
    pub modules: &'static [Module],
    /// False when it may only read.
    pub writes: bool,
    /// True when it carries the admin flag.
    pub admin: bool,
}

const TEAM: ModeSet = ModeSet::of(&[Mode::Sales, Mode::Service, Mode::Success, Mode::Office]);
const OFFICE: ModeSet = ModeSet::of(&[Mode::Office]);

const fn role(name: &'static str, modes: ModeSet, modules: &'static [Module]) -> Role {
    Role { name, modes, modules, writes: true, admin: false }
}

/// Every role there is.
pub const ROLES: &[Role] = &[
    Role { name: "owner", modes: TEAM, modules: Module::ALL, writes: true, admin: true },
    Role { name: "admin", modes: TEAM, modules: Module::ALL, writes: true, admin: true },
    role(
        "finance",
        OFFICE,
        &[
            Module::Account,
            Module::Crm,
            Module::Orders,
            Module::Invoicing,
            Module::Success,
            Module::Supervisor,
        ],
    ),
    role(
        "operations",
        OFFICE,
        &[Module::Account, Module::Crm, Module::Catalog, Module::Orders, Module::Supervisor],
    ),
    role("delivery", OFFICE, &[Module::Account, Module::Crm, Module::Projects, Module::Supervisor]),
    role(
        "sales",
        ModeSet::of(&[Mode::Sales]),
        &[
            Module::Account,
            Module::Crm,
            Module::Catalog,
            Module::Orders,
            Module::Invoicing,
            Module::Projects,
            Module::Success,
            Module::Supervisor,
            Module::Onboard,
        ],
    ),
    role("service", ModeSet::of(&[Mode::Service]), CARE),
    role("success", ModeSet::of(&[Mode::Success]), CARE),
    Role { name: "viewer", modes: TEAM, modules: Module::ALL, writes: false, admin: false },
];

const CARE: &[Module] = &[
    Module::Account,
    Module::Crm,
    Module::Catalog,
    Module::Orders,
    Module::Invoicing,
    Module::Projects,
    Module::Desk,
    Module::Success,
    Module::Supervisor,
];

/// The role of this word.
pub fn find(word: &str) -> Option<&'static Role> {
    ROLES.iter().find(|role| role.name == word)
}

/// Why role words make no teammate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRights {
    /// There is not one role.
    NoRole,
    /// One of the words is no role. The others do not help: nobody knows what was meant.
    UnknownRole,
}

/// The union of what these roles grant.
///
/// # Errors
/// When there is no role, or a word that is none.
pub fn rights<W: AsRef<str>>(words: &[W]) -> Result<Rights, NoRights> {
    if words.is_empty() {
        return Err(NoRights::NoRole);
    }
    words.iter().try_fold(Rights::none(CallerKind::Teammate), |rights, word| {
        let role = find(word.as_ref()).ok_or(NoRights::UnknownRole)?;
        Ok(rights.grant(role.modules, role.modes, role.writes, role.admin))
    })
}
