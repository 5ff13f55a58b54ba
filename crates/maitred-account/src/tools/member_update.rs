//! `account_member_update`: another role, or farewell.

use maitred_core::prelude::*;
use maitred_party::sources::OpenWork;
use maitred_party::store::members;
use maitred_party::{Member, MemberStatus};

use crate::people::{self, MemberView, RoleWord};

const OWNER: &str = "owner";

/// The tool.
pub struct MemberUpdate;

impl Tool for MemberUpdate {
    const NAME: &str = "account_member_update";
    const TITLE: &str = "Update teammate";
    const ABOUT: &str =
        "Change a teammate's roles or deactivate them. API keys are not handled here (command line only).";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Write = Write { idempotent: true, ..Write::PREVIEWED };
    const ADMIN: bool = true;
    const EXAMPLE: Example =
        Example { given: "member eve", args: r#"{"member": "@eve", "roles": ["sales", "service"]}"# };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        if args.roles.is_none() && args.active.is_none() && args.reassign_to.is_none() {
            return Err(missing("roles").hint("say `roles`, `active` or `reassign_to`"));
        }
        let before = members::resolve(cx, &args.member, "member")?;
        let mut after = before.clone();
        if let Some(roles) = &args.roles {
            let mut words: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
            // In the order of the table, so that the same set is the same text.
            words.sort_by_key(|word| RoleWord::WORDS.iter().position(|known| known == word));
            words.dedup();
            after.roles = words.join(" ");
        }
        match args.active {
            Some(true) => after.status = MemberStatus::Active,
            Some(false) => after.status = MemberStatus::Inactive,
            None => {}
        }
        allowed(cx, &before, &after)?;
        let moved = hand_over(cx, &after, args.reassign_to.as_deref())?;
        cx.update(&before, &mut after)?;
        Ok(Output { member: people::view(cx, &after)?, moved })
    }
}

fn is_owner(member: &Member) -> bool {
    member.role_words().iter().any(|role| role == OWNER)
}

/// Owners are made and changed by owners only, and one of them stays.
fn allowed(db: &Reader<'_>, before: &Member, after: &Member) -> ToolResult<()> {
    let by_owner = db.teammate().is_none_or(|teammate| teammate.has_role(&[OWNER]));
    if !by_owner && (is_owner(before) || is_owner(after)) {
        return Err(refused(Code::Forbidden, "only an owner can change or make an owner")
            .field("member")
            .hint("ask an owner; account_member_list with role owner shows them"));
    }
    let leads = |member: &Member| is_owner(member) && member.is_active();
    if leads(before) && !leads(after) && !members::all(db)?.iter().any(|m| m.id != before.id && leads(m)) {
        return Err(refused(Code::IllegalTransition, "the last active owner must stay one")
            .field("member")
            .hint("make another member an owner first"));
    }
    Ok(())
}

/// Gives open work of somebody who is not active to somebody who is.
fn hand_over(db: &Writer<'_>, member: &Member, to: Option<&str>) -> ToolResult<Option<Counts>> {
    if member.is_active() {
        return match to {
            Some(_) => Err(invalid("reassign_to", "is for somebody who is deactivated")
                .hint("send `active`: false with it")),
            None => Ok(None),
        };
    }
    let open = people::open_work(db, member)?;
    let to = to.map(|text| members::resolve(db, text, "reassign_to")).transpose()?;
    let Some(to) = to else {
        if open.0.is_empty() {
            return Ok(None);
        }
        let what: Vec<String> = open.0.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        return Err(refused(Code::OpenDependents, format!("open work is left: {}", what.join(", ")))
            .field("reassign_to")
            .hint("name in `reassign_to` who takes it over; account_member_list shows the workload"));
    };
    if !to.is_active() || to.id == member.id {
        return Err(invalid("reassign_to", "must be another active member")
            .hint("account_member_list shows who is active"));
    }
    let mut moved = Counts::default();
    for port in db.ports::<dyn OpenWork>() {
        moved.add(port.kind(), port.reassign(db, &member.id.0, &to.id.0)?);
    }
    Ok(Some(moved))
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id, email or name.
    #[arg(min = 1, max = 200)]
    member: String,
    /// All from now on.
    #[arg(min = 1, max = 9)]
    roles: Option<Vec<RoleWord>>,
    /// False: works here no longer.
    active: Option<bool>,
    /// Who takes over open work.
    #[arg(max = 200)]
    reassign_to: Option<String>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The member as they are now.
    member: MemberView,
    /// Open work that went to somebody else, by kind.
    moved: Option<Counts>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_core::mode::Mode;
    use maitred_testkit::{Fixture, check};

    use crate::store::probe::{PROBE, chores_of, give_chores};

    #[test]
    fn the_last_active_owner_stays() {
        for args in
            [r#"{"member": "@owner", "roles": ["admin"]}"#, r#"{"member": "@owner", "active": false}"#]
        {
            let fixture = Fixture::new(&[&crate::DOMAIN], "");
            let answer = fixture.call_confirmed("account_member_update", args);
            assert_eq!(answer.json()["error"]["code"], "illegal_transition", "{}", answer.raw);
        }
    }

    #[test]
    fn a_second_owner_lets_the_first_go() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "member eve roles=owner");
        assert!(
            !fixture
                .call_confirmed("account_member_update", r#"{"member": "@owner", "roles": ["sales"]}"#)
                .failed
        );
        // Now eve is the last one; an owner who is inactive does not count.
        let answer =
            fixture.call_confirmed("account_member_update", r#"{"member": "@eve", "active": false}"#);
        assert_eq!(answer.json()["error"]["code"], "illegal_transition");
    }

    #[test]
    fn an_admin_neither_changes_nor_makes_an_owner() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "member eve roles=owner");
        let admin = fixture.caller_with("admin", fixture.caller(&[Mode::Office], true).rights);
        for args in [
            r#"{"member": "@eve", "active": false}"#,
            r#"{"member": "@admin", "roles": ["owner"]}"#,
            r#"{"member": "@sales", "roles": ["sales", "owner"]}"#,
        ] {
            let answer = fixture.confirmed_as(&admin, "account_member_update", args).unwrap();
            assert_eq!(answer.json()["error"]["code"], "forbidden", "{args}");
        }
        let answer = fixture
            .confirmed_as(&admin, "account_member_update", r#"{"member": "@sales", "roles": ["service"]}"#)
            .unwrap();
        assert!(!answer.failed, "{}", answer.raw);
    }

    #[test]
    fn open_work_needs_somebody_to_take_it() {
        let fixture = Fixture::new(&[&crate::DOMAIN, &PROBE], "");
        give_chores(&fixture, "sales", 3);
        let alone =
            fixture.call_confirmed("account_member_update", r#"{"member": "@sales", "active": false}"#);
        expect![[r#"{"error":{"category":"domain","code":"open_dependents","message":"open work is left: 3 chores","field":"reassign_to","hint":"name in `reassign_to` who takes it over; account_member_list shows the workload","retryable":false}}"#]].assert_eq(&alone.text);
        let handed = fixture.call_confirmed(
            "account_member_update",
            r#"{"member": "@sales", "active": false, "reassign_to": "@service"}"#,
        );
        expect![[r#"{"member":{"id":"@sales","name":"Sales","email":"sales@maison.example","roles":["sales"],"modes":["sales"],"active":false,"open":{},"weekly_minutes":2400},"moved":{"chores":3}}"#]].assert_eq(&handed.text);
        assert_eq!((chores_of(&fixture, "sales"), chores_of(&fixture, "service")), (0, 3));
        let again = fixture.call_confirmed(
            "account_member_update",
            r#"{"member": "@sales", "active": false, "reassign_to": "@service"}"#,
        );
        assert!(!again.failed, "{}", again.raw);
    }

    #[test]
    fn a_dry_run_moves_nothing() {
        let fixture = Fixture::new(&[&crate::DOMAIN, &PROBE], "");
        give_chores(&fixture, "sales", 2);
        let before = fixture.contents();
        let shown = fixture.call(
            "account_member_update",
            r#"{"member": "@sales", "active": false, "reassign_to": "@service", "dry_run": true}"#,
        );
        assert_eq!(shown.json()["preview"]["moved"]["chores"], 2);
        assert_eq!(fixture.contents(), before);
    }

    #[test]
    fn work_goes_to_another_active_member() {
        for to in ["@sales", "@eve"] {
            let fixture = Fixture::new(
                &[&crate::DOMAIN, &PROBE],
                r#"member eve; account_member_update {"member": "@eve", "active": false}"#,
            );
            let answer = fixture.call_confirmed(
                "account_member_update",
                &format!(r#"{{"member": "@sales", "active": false, "reassign_to": "{to}"}}"#),
            );
            assert_eq!(answer.json()["error"]["field"], "reassign_to", "{}", answer.raw);
        }
    }

    #[test]
    fn knows_its_roles() {
        check(
            &crate::DOMAIN,
            "",
            "account_member_update",
            r#"{"member": "@sales", "roles": ["king"]}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"must be one of owner, admin, finance, operations, delivery, sales, service, success, viewer, not `king`","field":"roles[0]","retryable":false}}"#
            ]],
        );
    }
}
