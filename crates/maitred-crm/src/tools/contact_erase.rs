//! `crm_contact_erase`: a person's data goes, on their request. What the law keeps stays, and is named.

use maitred_core::prelude::*;
use maitred_kernel::fold;
use maitred_party::ContactStatus;
use maitred_party::store::{contacts, merge};

use crate::parties::text_of;
use crate::store::erasure;

/// The tool.
pub struct ContactErase;

impl Tool for ContactErase {
    const NAME: &str = "crm_contact_erase";
    const TITLE: &str = "Erase contact";
    const ABOUT: &str = "Erase a person's data on request (GDPR art. 17). Issued invoices stay as the law requires. Cannot be undone.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Write = Write::DESTRUCTIVE;
    const ADMIN: bool = true;
    const EXAMPLE: Example = Example {
        given: "company acme; contact ada company=acme given=Ada name=Byron email=ada@acme.example; \
                crm_activity_log {\"kind\": \"call\", \"about\": [\"@ada\"], \"summary\": \"Ada Byron called\"} as call; \
                crm_consent_record {\"contact\": \"@ada\", \"channel\": \"email\", \"state\": \"granted\", \
                \"basis\": \"consent\", \"source\": \"form\"} as said=contact",
        args: r#"{"contact": "@ada", "reason": "request of 1 March", "confirm_name": "Ada Byron"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let contact = contacts::resolve(cx, &args.contact, "contact")?;
        if contact.status == ContactStatus::Erased {
            return Err(refused(Code::AlreadyDone, "this person was erased before").field("contact"));
        }
        let reason = text_of(&args.reason, "reason")?;
        if fold(args.confirm_name.trim()) != fold(&contact.full_name()) {
            return Err(invalid("confirm_name", "is not the name of this person")
                .hint("crm_contact_get shows the name; make sure it is the right person"));
        }
        let fields = erasure::known_fields(&contact);
        let tables = merge::erase_all(cx, &contact.id)?;
        erasure::end_links(cx, &contact.id)?;
        erasure::bury(cx, &contact, &reason)?;
        let (kept, scrubbed): (Vec<_>, Vec<_>) =
            tables.into_iter().partition(|table| table.kept_because.is_some());
        let retained: Vec<Retained> = kept
            .into_iter()
            .map(|table| Retained {
                table: table.table,
                rows: table.rows,
                because: table.kept_because.unwrap_or_default(),
            })
            .collect();
        let mut erased = Counts::default();
        for table in scrubbed {
            erased.add(table.table, table.rows);
        }
        Ok(Output { contact: contact.id.0, fields, erased, retained })
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id, email or phone.
    #[arg(min = 1, max = 200)]
    contact: String,
    /// Why; no personal data.
    #[arg(min = 1, max = 300)]
    reason: String,
    /// Their full name, to be sure.
    #[arg(min = 1, max = 200)]
    confirm_name: String,
}

/// Something that stays.
#[derive(ToolOutput)]
pub struct Retained {
    /// Kind of record.
    table: &'static str,
    /// How many.
    rows: i64,
    /// Why.
    because: &'static str,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Id, which leads to a tombstone.
    contact: String,
    /// Fields of the person that were filled and are not any more.
    fields: Vec<&'static str>,
    /// Records scrubbed, by table.
    erased: Counts,
    /// Records that stay, with the reason.
    retained: Vec<Retained>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check};

    const GIVEN: &str = "company acme; contact ada company=acme given=Ada name=Byron email=ada@acme.example phone=+4930123456; \
         contact ada2 given=A. name=Byron-King email=a@home.example company=acme; \
         crm_contact_merge {\"keep\": \"@ada\", \"absorb\": \"@ada2\"} as merged=contact.id; \
         crm_contact_update {\"contact\": \"@ada\", \"changes\": {\"title\": \"Countess\"}} as titled=contact.id; \
         crm_tag_apply {\"kind\": \"contact\", \"records\": [\"@ada\"], \"add\": [\"poet\"], \"create_missing\": true} as tagged=records; \
         crm_activity_log {\"kind\": \"email\", \"direction\": \"in\", \"about\": [\"@ada\"], \"summary\": \"I am unwell\"} as mail; \
         crm_activity_log {\"kind\": \"call\", \"about\": [\"@ada\"], \"summary\": \"ADA BYRON wants the contract\", \
         \"next_todo\": {\"title\": \"call Ada\", \"due_at\": \"2026-03-10T09:00:00Z\"}} as call";

    #[test]
    fn nothing_of_the_person_is_left_in_any_table() {
        let given = GIVEN.replace(" as tagged=records", "");
        let fixture = Fixture::new(&[&crate::DOMAIN], &given);
        let words = [
            "Byron",
            "Countess",
            "ada@acme.example",
            "a@home.example",
            "+4930123456",
            "unwell",
            "4930123456",
        ];
        let found = |fixture: &Fixture| -> Vec<String> {
            fixture
                .texts()
                .into_iter()
                .filter(|(_, text)| {
                    words.iter().any(|word| text.to_lowercase().contains(&word.to_lowercase()))
                })
                .map(|(table, text)| format!("{table}: {text}"))
                .collect()
        };
        assert!(!found(&fixture).is_empty());
        let answer = fixture.call_confirmed(
            "crm_contact_erase",
            r#"{"contact": "@ada", "reason": "asked", "confirm_name": "ada byron"}"#,
        );
        expect![[r#"{"contact":"@ada","fields":["given_name","family_name","email","phone","title"],"erased":{"activity_link":2,"change_log":6,"contact_point":1,"merge_log":1,"receipt":1,"tagging":1,"todo_link":1},"retained":[]}"#]].assert_eq(&answer.text);
        assert_eq!(found(&fixture), Vec::<String>::new());
        // What was noted about the company's business is still there, without the name.
        assert!(fixture.texts().iter().any(|(_, text)| text == "(erased) wants the contract"));
        let gone = fixture.call("crm_contact_search", r#"{"q": "byron"}"#);
        assert_eq!(gone.text, r#"{"contacts":[]}"#);
        // The audit trail is whole.
        assert!(fixture.read(|db| Ok(db.count("SELECT COUNT(*) FROM audit", &[])?)).unwrap() > 0);
    }

    #[test]
    fn the_name_must_be_right() {
        check(
            &crate::DOMAIN,
            "contact ada given=Ada name=Byron",
            "crm_contact_erase",
            r#"{"contact": "@ada", "reason": "asked", "confirm_name": "Bob Byron"}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`confirm_name` is not the name of this person","field":"confirm_name","hint":"crm_contact_get shows the name; make sure it is the right person","retryable":false}}"#
            ]],
        );
    }
}
