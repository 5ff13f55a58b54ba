//! `crm_consent_record`: what a person said about being contacted. Nothing here is ever changed or taken away.

use maitred_core::prelude::*;
use maitred_kernel::Stamp;
use maitred_kernel::wire::Moment;
use maitred_party::model::{ConsentBasis, ConsentChannel, ConsentState};
use maitred_party::store::contacts;
use maitred_party::{Consent, ContactStatus};

use crate::parties::text_of;
use crate::views::ConsentView;

/// The tool.
pub struct ConsentRecord;

impl Tool for ConsentRecord {
    const NAME: &str = "crm_consent_record";
    const TITLE: &str = "Record consent";
    const ABOUT: &str = "Record that a person granted or withdrew permission for a channel, with source and legal basis. The newest \
                         entry decides; a withdrawal beats a grant of the same instant.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Service, Mode::Success, Mode::Office];
    const EFFECT: Write = Write::IDEMPOTENT;
    const EXAMPLE: Example = Example {
        given: "contact ada",
        args: r#"{"contact": "@ada", "channel": "email", "state": "granted", "basis": "consent", "source": "signed form"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let contact = contacts::resolve(cx, &args.contact, "contact")?;
        if contact.status == ContactStatus::Erased {
            return Err(refused(Code::Immutable, "this person was erased").field("contact"));
        }
        let now = cx.stamp();
        if args.at.is_some_and(|at| at > now) {
            return Err(invalid("at", "lies in the future").hint("record it when they have said it"));
        }
        let source = text_of(&args.source, "source")?;
        let said = |known: &Consent| {
            known.state == args.state && known.basis == args.basis && known.source == source
        };
        let history: Vec<Consent> = of_channel(cx, &contact.id, args.channel)?;
        let known = match args.at {
            Some(at) => history.iter().any(|known| known.at == at && said(known)),
            // Said again without a time of its own, what is in force needs no second entry.
            None => history.first().is_some_and(said),
        };
        if !known {
            let mut entry = Consent {
                id: cx.fresh_id(),
                contact_id: contact.id.clone(),
                channel: args.channel,
                state: args.state,
                basis: args.basis,
                source,
                at: args.at.unwrap_or(now),
                recorded_at: now,
            };
            cx.insert(&mut entry)?;
        }
        let history = of_channel(cx, &contact.id, args.channel)?;
        Ok(Output {
            contact: contact.id.0,
            channel: args.channel,
            in_force: history.first().map_or(args.state, |entry| entry.state),
            history: history
                .into_iter()
                .map(|entry| ConsentView {
                    channel: entry.channel,
                    state: entry.state,
                    basis: entry.basis,
                    source: entry.source,
                    at: entry.at,
                })
                .collect(),
        })
    }
}

fn of_channel(
    db: &Reader<'_>,
    contact: &maitred_party::ContactId,
    channel: ConsentChannel,
) -> ToolResult<Vec<Consent>> {
    Ok(contacts::consents(db, contact)?.into_iter().filter(|entry| entry.channel == channel).collect())
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id, email or phone.
    #[arg(min = 1, max = 200)]
    contact: String,
    /// Channel.
    channel: ConsentChannel,
    /// State.
    state: ConsentState,
    /// Basis.
    basis: ConsentBasis,
    /// Form, call, email.
    #[arg(min = 1, max = 200)]
    source: String,
    /// When said (now).
    at: Option<Stamp>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Id of the person.
    contact: String,
    /// Channel.
    channel: ConsentChannel,
    /// What is in force.
    in_force: ConsentState,
    /// Every entry of the channel, newest first.
    history: Vec<ConsentView>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check};

    fn said(state: &str, at: &str) -> String {
        format!(
            r#"{{"contact": "@ada", "channel": "email", "state": "{state}", "basis": "consent", "source": "form", "at": "{at}"}}"#
        )
    }

    #[test]
    fn a_withdrawal_beats_a_grant_of_the_same_instant_in_either_order() {
        let at = "2026-02-01T09:00:00Z";
        for order in [["granted", "withdrawn"], ["withdrawn", "granted"]] {
            let fixture = Fixture::new(&[&crate::DOMAIN], "contact ada");
            fixture.call("crm_consent_record", &said(order[0], at));
            let answer = fixture.call("crm_consent_record", &said(order[1], at)).json();
            assert_eq!(answer["in_force"], "withdrawn", "{order:?}");
            assert_eq!(answer["history"].as_array().unwrap().len(), 2);
        }
    }

    #[test]
    fn the_newest_decides_and_the_same_entry_is_kept_once() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "contact ada");
        fixture.call("crm_consent_record", &said("granted", "2026-02-02T09:00:00Z"));
        let late = fixture.call("crm_consent_record", &said("withdrawn", "2026-02-01T09:00:00Z")).json();
        assert_eq!(late["in_force"], "granted");
        let before = fixture.contents();
        let again = fixture.call("crm_consent_record", &said("withdrawn", "2026-02-01T09:00:00Z")).json();
        assert_eq!(again["history"].as_array().unwrap().len(), 2);
        assert_eq!(before, fixture.contents());
    }

    #[test]
    fn refuses_the_future() {
        check(
            &crate::DOMAIN,
            "contact ada",
            "crm_consent_record",
            &said("granted", "2099-01-01T00:00:00Z"),
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`at` lies in the future","field":"at","hint":"record it when they have said it","retryable":false}}"#
            ]],
        );
    }
}
