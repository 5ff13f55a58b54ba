//! `account_member_list`: who works here, and how much is on their desk.

use maitred_core::prelude::*;
use maitred_kernel::{fold, tokens};
use maitred_party::Member;
use maitred_party::store::members;
use maitred_store::Param;

use crate::people::{MemberView, RoleWord, view};

/// Values in a cursor: folded name, id.
const KEYS: usize = 2;

/// The tool.
pub struct MemberList;

impl Tool for MemberList {
    const NAME: &str = "account_member_list";
    const TITLE: &str = "List teammates";
    const ABOUT: &str =
        "List teammates with role, modes, open workload and whether active. Use to pick an assignee.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Service, Mode::Success, Mode::Office];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example =
        Example { given: "member eve roles=sales,service", args: r#"{"role": "sales", "active": true}"# };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let page = args.paging.page(cx, KEYS)?;
        let terms = args.q.as_deref().map(tokens).unwrap_or_default();
        let fitting: Vec<Member> = members::all(cx)?
            .into_iter()
            .filter(|member| args.active.is_none_or(|active| active == member.is_active()))
            .filter(|member| {
                args.role.is_none_or(|role| member.roles.split_whitespace().any(|word| word == role.as_str()))
            })
            .filter(|member| {
                let words = tokens(&format!("{} {}", member.name, member.email));
                terms.iter().all(|term| words.iter().any(|word| word.starts_with(term.as_str())))
            })
            .collect();
        let total = page.count.then_some(fitting.len());
        let rest = match page.after.as_deref() {
            Some([Param::Text(name), Param::Text(id)]) => fitting
                .into_iter()
                .filter(|member| (fold(&member.name).as_str(), member.id.0.as_str()) > (&**name, &**id))
                .collect(),
            _ => fitting,
        };
        let (rows, next_cursor) = page.cut(rest, |member| {
            vec![Param::Text(fold(&member.name).into()), Param::Text(member.id.0.clone().into())]
        });
        let members = rows.iter().map(|member| view(cx, member)).collect::<ToolResult<_>>()?;
        Ok(Output { members, next_cursor, total })
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Role.
    role: Option<RoleWord>,
    /// Works here, or left.
    active: Option<bool>,
    /// Beginnings of name or email.
    #[arg(max = 200)]
    q: Option<String>,
    /// Paging.
    #[arg(flatten)]
    paging: Paging,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Teammates, by name.
    members: Vec<MemberView>,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// How many fit in all.
    total: Option<usize>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_core::mode::Mode;
    use maitred_party::Member;
    use maitred_testkit::{Fixture, check_with};

    use crate::store::probe::PROBE;

    #[test]
    fn shows_modes_and_open_work() {
        check_with(
            &[&crate::DOMAIN, &PROBE],
            "member eve roles=sales,finance",
            "account_member_list",
            r#"{"q": "ev", "count": true}"#,
            expect![[
                r#"{"members":[{"id":"@eve","name":"Eve","email":"eve@maison.example","roles":["sales","finance"],"modes":["sales","office"],"active":true,"open":{},"weekly_minutes":2400}],"total":1}"#
            ]],
        );
    }

    #[test]
    fn only_owner_and_finance_read_costs() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "member eve");
        let eve = fixture.id("eve");
        fixture
            .write(move |db| {
                let before = db.get::<Member>(&eve)?.unwrap();
                let mut after = Member { cost_rate: Some(45_500_000), ..before.clone() };
                Ok(db.update(&before, &mut after)?)
            })
            .unwrap();
        let cost = |caller: &_| {
            let answer = fixture.call_as(caller, "account_member_list", r#"{"q": "eve"}"#).unwrap().json();
            answer["members"][0]["cost_rate"].as_str().map(str::to_owned)
        };
        assert_eq!(cost(&fixture.owner()).as_deref(), Some("45.50"));
        assert_eq!(cost(&fixture.caller(&[Mode::Office], false)).as_deref(), Some("45.50"));
        assert_eq!(cost(&fixture.caller(&[Mode::Sales], false)), None);
        // A finance member's key that was narrowed to another mode.
        let narrowed = fixture.caller(&[Mode::Sales], false).rights;
        assert_eq!(cost(&fixture.caller_with("finance", narrowed)), None);
    }

    #[test]
    fn pages_hold_every_member_once() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "member a name=Sales; member b name=sales");
        let whole = fixture.call("account_member_list", "{}").json();
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = fixture.call("account_member_list", &format!("{{\"limit\":2{cursor}}}")).json();
            seen.extend(page["members"].as_array().unwrap().clone());
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!(",\"cursor\":\"{next}\"");
        }
        assert_eq!(serde_json::Value::from(seen), whole["members"]);
    }
}
