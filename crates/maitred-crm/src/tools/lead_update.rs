//! `crm_lead_update`: a lead is worked on.

use maitred_core::args::Bare;
use maitred_core::prelude::*;
use maitred_kernel::wire::{Amount, Moment, at_field};
use maitred_kernel::{Currency, email, phone};
use maitred_party::MemberId;
use maitred_party::org::settings_of;
use maitred_party::store::members;

use crate::deal_args;
use crate::lead_rules::{may_follow, next_of, pick_owner};
use crate::model::{DisqualifyReason, Lead, LeadSource, LeadStatus};
use crate::sales_views::LeadView;
use crate::store::leads;

/// The tool.
pub struct LeadUpdate;

impl Tool for LeadUpdate {
    const NAME: &str = "crm_lead_update";
    const TITLE: &str = "Update lead";
    const ABOUT: &str =
        "Change a lead. Owner: a member, none, or auto for the sales member with fewest open leads.";
    const MODES: &[Mode] = &[Mode::Sales];
    const EFFECT: Write = Write::PLAIN;
    const EXAMPLE: Example = Example {
        given: r#"crm_lead_create {"name": "Ada Lovelace", "source": "web", "need": "a menu"} as ada"#,
        args: r#"{"lead": "@ada", "status": "working", "changes": {"owner": "auto", "score": 70}}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = LeadView;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<LeadView> {
        let before = leads::resolve(cx, &args.lead, "lead")?;
        check_changeable(&before)?;
        let mut after = before.clone();
        if let Some(Bare(changes)) = args.changes {
            apply(cx, changes, &mut after)?;
        }
        if let Some(to) = args.status {
            step(&mut after, to, args.reason)?;
        } else if args.reason.is_some() {
            return Err(invalid("reason", "goes with the status `disqualified`"));
        }
        if after != before {
            let now = cx.stamp();
            if after.status != before.status {
                after.status_at = now;
            }
            after.last_touched_at = Some(now);
            leads::put(cx, &before, &mut after)?;
        }
        Ok(LeadView::new(leads::shown(cx, &before.id)?, cx.stamp()))
    }
}

/// A converted lead is frozen, an archived one rests.
pub(crate) fn check_changeable(lead: &Lead) -> ToolResult<()> {
    if lead.status == LeadStatus::Converted {
        return Err(refused(Code::Immutable, format!("`{}` is converted and frozen", lead.number))
            .field("lead")
            .hint("crm_lead_get shows what it became; change that"));
    }
    if lead.archived_at.is_some() {
        return Err(refused(Code::Immutable, format!("`{}` is archived", lead.number))
            .field("lead")
            .hint("bring it back with crm_record_archive, restore"));
    }
    Ok(())
}

fn step(lead: &mut Lead, to: Target, reason: Option<DisqualifyReason>) -> ToolResult<()> {
    let status = match to {
        Target::Working | Target::Reopened => LeadStatus::Working,
        Target::Qualified => LeadStatus::Qualified,
        Target::Disqualified => LeadStatus::Disqualified,
    };
    if reason.is_some() && status != LeadStatus::Disqualified {
        return Err(invalid("reason", "goes with the status `disqualified`"));
    }
    let reopens = to == Target::Reopened;
    if lead.status == status && !reopens {
        lead.disqualify_reason = reason.or(lead.disqualify_reason);
        return Ok(());
    }
    if !may_follow(lead.status, status) || (reopens && lead.status != LeadStatus::Disqualified) {
        let next: Vec<&str> = next_of(lead.status).iter().map(|next| next.as_str()).collect();
        let message = format!("a lead that is {} cannot become {}", lead.status, to.word());
        return Err(refused(Code::IllegalTransition, message)
            .field("status")
            .hint(format!("next may be: {}; crm_lead_convert converts a qualified one", next.join(", "))));
    }
    if status == LeadStatus::Disqualified && reason.is_none() {
        return Err(missing("reason").hint(format!("one of {}", DisqualifyReason::WORDS.join(", "))));
    }
    lead.status = status;
    lead.disqualify_reason = reason;
    Ok(())
}

fn apply(db: &Reader<'_>, changes: Changes, lead: &mut Lead) -> ToolResult<()> {
    let settings = settings_of(db)?;
    let filled = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    if let Some(name) = changes.name {
        lead.name = name.trim().to_owned();
    }
    if let Some(name) = changes.company_name {
        lead.company_name = filled(name);
    }
    if let Some(raw) = changes.email {
        lead.email = filled(raw).map(|raw| at_field(email::fold(&raw), "changes.email")).transpose()?;
    }
    if let Some(raw) = changes.phone {
        let read = |raw: String| at_field(phone::e164(&raw, Some(&settings.country)), "changes.phone");
        lead.phone = filled(raw).map(read).transpose()?;
    }
    if let Some(source) = changes.source {
        lead.source = source;
    }
    if let Some(need) = changes.need {
        lead.need = need;
    }
    if let Some(value) = changes.value {
        let currency = changes.currency.or(lead.currency).unwrap_or(settings.currency);
        lead.value_minor = Some(deal_args::amount_of(&value, currency, "changes.value")?);
        lead.currency = Some(currency);
    } else if changes.currency.is_some() {
        return Err(invalid("changes.currency", "goes with `value`"));
    }
    if let Some(score) = changes.score {
        lead.score = i64::from(score);
    }
    match changes.owner.as_deref().map(str::trim) {
        None => {}
        Some("none") => lead.owner_id = None,
        Some("auto") => lead.owner_id = Some(automatic(db, lead)?),
        Some(text) => lead.owner_id = Some(deal_args::owner_of(db, Some(text), "changes.owner")?.id),
    }
    Ok(())
}

/// The active sales member with the fewest open leads.
fn automatic(db: &Reader<'_>, lead: &Lead) -> ToolResult<MemberId> {
    let counts = leads::open_counts(db, &lead.id)?;
    let candidates: Vec<(MemberId, i64)> = members::all(db)?
        .into_iter()
        .filter(|member| member.is_active() && member.role_words().iter().any(|role| role == "sales"))
        .map(|member| {
            let open = counts.iter().find(|(owner, _)| *owner == member.id).map_or(0, |(_, count)| *count);
            (member.id, open)
        })
        .collect();
    pick_owner(&candidates, lead.owner_id.as_ref()).ok_or_else(|| {
        invalid("changes.owner", "cannot be `auto`: no active member has the role sales")
            .hint("account_member_list shows the members")
    })
}

/// What a lead may become by hand.
#[derive(ToolArgs, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Somebody is at it.
    Working,
    /// Worth a deal.
    Qualified,
    /// Not worth it.
    Disqualified,
    /// Worth it after all.
    Reopened,
}

impl Target {
    fn word(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::Qualified => "qualified",
            Self::Disqualified => "disqualified",
            Self::Reopened => "reopened",
        }
    }
}

/// What changes.
#[derive(ToolArgs)]
pub struct Changes {
    /// Person.
    #[arg(min = 1, max = 200)]
    name: Option<String>,
    /// Company; empty for none.
    #[arg(max = 200)]
    company_name: Option<String>,
    /// Empty for none.
    #[arg(max = 254)]
    email: Option<String>,
    /// Empty for none.
    #[arg(max = 40)]
    phone: Option<String>,
    /// Where from.
    source: Option<LeadSource>,
    /// What they want.
    #[arg(min = 1, max = 4000)]
    need: Option<String>,
    /// Worth.
    value: Option<Amount>,
    /// Of the value.
    currency: Option<Currency>,
    /// How promising.
    #[arg(min = 0, max = 100)]
    score: Option<u32>,
    /// Member, `me`, `auto` or `none`.
    #[arg(max = 200)]
    owner: Option<String>,
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id or number.
    #[arg(max = 100)]
    lead: String,
    /// Fields to set; "" clears.
    changes: Option<Bare<Changes>>,
    /// Status.
    status: Option<Target>,
    /// Why disqualified.
    reason: Option<DisqualifyReason>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check};
    use proptest::prelude::*;

    const ADA: &str = r#"crm_lead_create {"name": "Ada", "source": "web", "need": "a menu"} as ada"#;

    #[test]
    fn steps_are_those_of_the_table() {
        check(
            &crate::DOMAIN,
            ADA,
            "crm_lead_update",
            r#"{"lead": "@ada", "status": "qualified"}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"illegal_transition","message":"a lead that is new cannot become qualified","field":"status","hint":"next may be: working, disqualified; crm_lead_convert converts a qualified one","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn disqualifying_needs_a_reason_and_can_be_taken_back() {
        let fixture = Fixture::new(&[&crate::DOMAIN], ADA);
        let call = |args: &str| fixture.call("crm_lead_update", args).json();
        assert_eq!(call(r#"{"lead": "@ada", "status": "reopened"}"#)["error"]["code"], "illegal_transition");
        assert_eq!(call(r#"{"lead": "@ada", "status": "disqualified"}"#)["error"]["code"], "missing");
        let out = call(r#"{"lead": "@ada", "status": "disqualified", "reason": "no_budget"}"#);
        assert_eq!(out["disqualify_reason"], "no_budget");
        let back = call(r#"{"lead": "@ada", "status": "reopened"}"#);
        assert_eq!(back["status"], "working");
        assert!(back["disqualify_reason"].is_null());
    }

    #[test]
    fn auto_goes_round_the_sales_members() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            r#"member eve roles=sales; member gone roles=service;
               crm_lead_create {"name": "A", "source": "web", "need": "x"} as a;
               crm_lead_create {"name": "B", "source": "web", "need": "x"} as b;
               crm_lead_create {"name": "C", "source": "web", "need": "x"} as c"#,
        );
        let mut owners = Vec::new();
        for lead in ["a", "b", "c"] {
            let args = format!(r#"{{"lead": "@{lead}", "changes": {{"owner": "auto"}}}}"#);
            owners.push(fixture.call("crm_lead_update", &args).json()["owner"]["name"].clone());
            let before = fixture.contents();
            fixture.call("crm_lead_update", &args);
            assert_eq!(fixture.contents(), before, "asking again leaves it where it is");
        }
        assert_eq!(owners, ["Sales", "Eve", "Sales"]);
    }

    #[test]
    fn an_empty_text_takes_a_field_away() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            r#"crm_lead_create {"name": "Ada", "email": "a@b.example", "source": "web", "need": "x"} as ada"#,
        );
        let json = fixture.call("crm_lead_update", r#"{"lead": "@ada", "changes": {"email": ""}}"#).json();
        assert!(json["email"].is_null() && json["error"].is_null(), "{json}");
    }

    #[test]
    fn a_reason_goes_with_disqualifying_only() {
        check(
            &crate::DOMAIN,
            ADA,
            "crm_lead_update",
            r#"{"lead": "@ada", "status": "working", "reason": "spam"}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`reason` goes with the status `disqualified`","field":"reason","retryable":false}}"#
            ]],
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

        /// Invariant 30: whatever is called, the status only goes where the table says.
        #[test]
        fn no_status_outside_the_table(
            calls in prop::collection::vec(
                prop::sample::select(vec!["working", "qualified", "disqualified", "reopened", "convert"]), 1..12)
        ) {
            use crate::lead_rules::may_follow;
            use crate::model::LeadStatus;
            let given = r#"crm_lead_create {"name": "Ada", "company_name": "Acme", "source": "web", "need": "x"} as ada"#;
            let fixture = Fixture::new(&[&crate::DOMAIN], given);
            let mut status = LeadStatus::New;
            for call in calls {
                let answer = match call {
                    "convert" => fixture
                        .call_confirmed("crm_lead_convert", r#"{"lead": "@ada", "deal": {"title": "Menu"}}"#),
                    "disqualified" => fixture.call(
                        "crm_lead_update", r#"{"lead": "@ada", "status": "disqualified", "reason": "no_fit"}"#),
                    other => fixture
                        .call("crm_lead_update", &format!(r#"{{"lead": "@ada", "status": "{other}"}}"#)),
                };
                let shown = fixture.call("crm_lead_get", r#"{"lead": "@ada"}"#).json();
                let now = LeadStatus::parse(shown["lead"]["status"].as_str().unwrap_or("")).expect("a status");
                prop_assert!(now == status || may_follow(status, now), "{status} to {now} by {call}");
                prop_assert!(!answer.failed || now == status, "a refusal changed the status: {}", answer.raw);
                // Invariant 28: company, contact and deal together, or none.
                let became = &shown["became"];
                let made = ["company", "contact", "deal"].map(|part| !became[part].is_null());
                prop_assert_eq!(made, [now == LeadStatus::Converted; 3]);
                status = now;
            }
        }
    }
}
