//! What a key, a client's place and a stranger's door leave of the rights that roles grant.

use maitred_core::mode::{CallerKind, Mode, ModeSet, Module, Rights};

pub use maitred_core::roles::{NoRights, ROLES, Role, find, rights};

const CLIENT_MODULES: &[Module] =
    &[Module::Account, Module::Catalog, Module::Orders, Module::Invoicing, Module::Desk];

/// What is left of rights behind a key that was narrowed. `None` narrows nothing.
#[must_use]
pub fn narrow(rights: Rights, modules: Option<&[Module]>, modes: Option<ModeSet>, read_only: bool) -> Rights {
    let rights = match modules {
        Some(modules) => rights.only_modules(modules),
        None => rights,
    };
    let rights = match modes {
        Some(modes) => rights.only_modes(modes),
        None => rights,
    };
    if read_only { rights.read_only() } else { rights }
}

/// What a stranger may do: orientation and the onboarding desk (`catalogue.md` §5.2).
pub fn stranger() -> Rights {
    Rights::none(CallerKind::Stranger).grant(
        &[Module::Account, Module::Onboard],
        ModeSet::of(&[Mode::ClientOnboard]),
        true,
        false,
    )
}

/// What a known client may do (`catalogue.md` §5.1).
pub fn client() -> Rights {
    Rights::none(CallerKind::Client).grant(CLIENT_MODULES, ModeSet::of(&[Mode::ClientOrder]), true, false)
}

/// What is left of a client's rights beside a teammate's key: nothing in a module that the key does not open, and no
/// write where the key may write nowhere.
#[must_use]
pub fn client_beside(teammate: &Rights) -> Rights {
    let modules: Vec<Module> = teammate.modules().collect();
    let writes = Module::ALL.iter().any(|module| !teammate.writes(*module).is_empty());
    narrow(client(), Some(&modules), None, !writes)
}
