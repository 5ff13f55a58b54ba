//! What roles grant, and that narrowing only ever takes away.

use maitred_core::mode::{CallerKind, Mode, ModeSet, Module, Rights};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::roles::{self, NoRights, ROLES};

/// True when every right of `small` is one of `large`.
fn within(small: &Rights, large: &Rights) -> bool {
    (!small.admin() || large.admin())
        && Module::ALL.iter().all(|module| {
            small.reads(*module).within(large.reads(*module))
                && small.writes(*module).within(large.writes(*module))
        })
}

fn any_roles() -> impl Strategy<Value = Vec<&'static str>> {
    vec(select(ROLES.iter().map(|role| role.name).collect::<Vec<_>>()), 1..4)
}

fn any_modules() -> impl Strategy<Value = Vec<Module>> {
    subsequence(Module::ALL.to_vec(), 0..=Module::ALL.len())
}

fn any_modes() -> impl Strategy<Value = ModeSet> {
    subsequence(Mode::ALL.to_vec(), 0..=Mode::ALL.len()).prop_map(|modes| ModeSet::of(&modes))
}

proptest! {
    #[test]
    fn narrowing_never_adds(
        words in any_roles(),
        modules in proptest::option::of(any_modules()),
        modes in proptest::option::of(any_modes()),
        read_only: bool,
        fewer in any_modules(),
        less in any_modes(),
    ) {
        let whole = roles::rights(&words).unwrap();
        let narrow = roles::narrow(whole, modules.as_deref(), modes, read_only);
        prop_assert!(within(&narrow, &whole));
        let kept: Vec<Module> = match &modules {
            Some(modules) => modules.iter().copied().filter(|module| fewer.contains(module)).collect(),
            None => fewer,
        };
        let left = modes.map_or(less, |modes| modes.and(less));
        for narrower in [
            roles::narrow(whole, Some(&kept), modes, read_only),
            roles::narrow(whole, modules.as_deref(), Some(left), read_only),
            roles::narrow(whole, modules.as_deref(), modes, true),
        ] {
            prop_assert!(within(&narrower, &narrow), "{narrower:?} is not within {narrow:?}");
        }
        prop_assert!(within(&roles::client_beside(&narrow), &roles::client()));
        prop_assert!(within(&roles::client_beside(&narrow), &roles::client_beside(&whole)));
    }

    #[test]
    fn a_role_less_never_adds(words in any_roles(), gone in 0_usize..3) {
        let all = roles::rights(&words).unwrap();
        let mut fewer = words.clone();
        fewer.remove(gone % words.len());
        if let Ok(rights) = roles::rights(&fewer) {
            prop_assert!(within(&rights, &all));
        }
    }
}

#[test]
fn roles_grant_what_the_table_says() {
    let rights = |word: &str| roles::rights(&[word]).unwrap();
    let team = ModeSet::of(&[Mode::Sales, Mode::Service, Mode::Success, Mode::Office]);
    for word in ["owner", "admin", "viewer"] {
        assert_eq!(rights(word).modes(), team);
        assert_eq!(rights(word).modules().count(), Module::ALL.len());
        assert_eq!(rights(word).admin(), word != "viewer");
    }
    assert!(Module::ALL.iter().all(|module| rights("viewer").writes(*module).is_empty()));
    for (word, mode, modules) in [
        ("finance", Mode::Office, "account crm orders invoicing success supervisor"),
        ("operations", Mode::Office, "account crm catalog orders supervisor"),
        ("delivery", Mode::Office, "account crm projects supervisor"),
        ("sales", Mode::Sales, "account crm catalog orders invoicing projects success supervisor onboard"),
        ("service", Mode::Service, "account crm catalog orders invoicing projects desk success supervisor"),
        ("success", Mode::Success, "account crm catalog orders invoicing projects desk success supervisor"),
    ] {
        let rights = rights(word);
        let reached: Vec<&str> = rights.modules().map(Module::as_str).collect();
        assert_eq!(reached.join(" "), modules, "{word}");
        assert_eq!(rights.modes(), ModeSet::of(&[mode]));
        assert!(rights.modules().all(|module| rights.writes(module) == rights.reads(module)));
        assert!(!rights.admin());
    }
}

#[test]
fn several_roles_are_a_union_module_by_module() {
    let rights = roles::rights(&["sales", "viewer"]).unwrap();
    assert_eq!(rights.writes(Module::Crm), ModeSet::of(&[Mode::Sales]));
    assert!(rights.reads(Module::Desk).meets(ModeSet::of(&[Mode::Service])));
    assert!(rights.writes(Module::Desk).is_empty());
    assert_eq!(roles::rights::<&str>(&[]), Err(NoRights::NoRole));
    assert_eq!(roles::rights(&["owner", "Owner"]), Err(NoRights::UnknownRole));
}

#[test]
fn strangers_and_clients_have_modes_that_no_teammate_has() {
    let owner = roles::rights(&["owner"]).unwrap();
    assert!(!roles::stranger().modes().meets(owner.modes()));
    assert!(!roles::client().modes().meets(owner.modes()));
    assert!(!roles::client().modes().meets(roles::stranger().modes()));
    assert_eq!(roles::stranger().kind(), CallerKind::Stranger);
    assert!(!roles::stranger().admin() && !roles::client().admin());
}
