//! `crm_contact_get`: one person, as a conversation needs them.

use maitred_core::prelude::*;
use maitred_kernel::Stamp;
use maitred_party::ContactStatus;
use maitred_party::store::{contacts, tags};

use crate::store::{activities, profiles};
use crate::views::{ActivityView, ConsentView, PlaceView};

/// The tool.
pub struct ContactGet;

impl Tool for ContactGet {
    const NAME: &str = "crm_contact_get";
    const TITLE: &str = "Get contact";
    const ABOUT: &str = "One person with companies and roles, consents and last interactions.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Service, Mode::Success, Mode::Office];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example {
        given: "company acme; contact ada company=acme",
        args: r#"{"contact": "@ada", "include": ["consents", "activities"]}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Selected<ContactFull>;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Self::Output> {
        let mask = FieldMask::of(args.fields.as_deref(), FieldMask::all())?;
        let contact = contacts::resolve(cx, &args.contact, "contact")?;
        let include = args.include.unwrap_or_default();
        let places = crate::store::contacts::places(cx, &contact.id)?;
        let consents = include.contains(&Include::Consents).then(|| consents(cx, &contact)).transpose()?;
        let activities = include.contains(&Include::Activities).then(|| recent(cx, &contact)).transpose()?;
        let tags = include.contains(&Include::Tags).then(|| tags::names(cx, &contact.id.0)).transpose()?;
        let last_contacted_at = profiles::last_contacted(cx, &contact.id)?;
        let merged_from = (contact.id.0 != args.contact
            && maitred_kernel::Reference::parse(&args.contact).kind() == "id")
            .then(|| args.contact.clone());
        let full = ContactFull {
            name: contact.full_name(),
            id: contact.id.0,
            version: contact.version,
            title: contact.title,
            email: contact.email,
            phone: contact.phone,
            language: contact.language,
            status: contact.status,
            companies: places,
            last_contacted_at,
            consents,
            activities,
            tags,
            merged_from,
        };
        Ok(Selected::new(full, mask))
    }
}

fn consents(cx: &Cx<'_, Read>, contact: &maitred_party::Contact) -> ToolResult<Vec<ConsentView>> {
    let mut newest: Vec<ConsentView> = Vec::new();
    for entry in contacts::consents(cx, &contact.id)? {
        if newest.iter().all(|known| known.channel != entry.channel) {
            newest.push(ConsentView {
                channel: entry.channel,
                state: entry.state,
                basis: entry.basis,
                source: entry.source,
                at: entry.at,
            });
        }
    }
    Ok(newest)
}

fn recent(cx: &Cx<'_, Read>, contact: &maitred_party::Contact) -> ToolResult<Vec<ActivityView>> {
    let rows = activities::recent(cx, &contact.id.0, 5)?;
    Ok(rows
        .into_iter()
        .map(|(id, kind, at, summary, by)| ActivityView { id, kind, at, summary, by })
        .collect())
}

/// Sections that cost a query of their own.
#[derive(ToolArgs, Clone, Copy, PartialEq, Eq)]
pub enum Include {
    /// What they said about channels.
    Consents,
    /// The last five activities.
    Activities,
    /// Tags.
    Tags,
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id, email or phone.
    #[arg(min = 1, max = 200)]
    contact: String,
    /// Sections to add.
    include: Option<Vec<Include>>,
    /// * shows all.
    fields: Option<Vec<String>>,
}

/// A person in full.
#[derive(ToolOutput)]
pub struct ContactFull {
    /// Id.
    id: String,
    /// Version.
    version: i64,
    /// Full name.
    name: String,
    /// Job title.
    title: Option<String>,
    /// E-mail address.
    email: Option<String>,
    /// Telephone number, E.164.
    phone: Option<String>,
    /// Language.
    language: Option<String>,
    /// Whether they can be reached.
    status: ContactStatus,
    /// Where they are and were.
    companies: Vec<PlaceView>,
    /// Last two-way contact.
    last_contacted_at: Option<Stamp>,
    /// What is in force per channel; a channel that is missing is unknown.
    consents: Option<Vec<ConsentView>>,
    /// The last activities, newest first.
    activities: Option<Vec<ActivityView>>,
    /// Tags.
    tags: Option<Vec<String>>,
    /// The id asked for, when it was merged into this one.
    merged_from: Option<String>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::check;

    #[test]
    fn finds_by_email_in_any_spelling() {
        check(
            &crate::DOMAIN,
            "company acme; contact ada company=acme email=ada@acme.example",
            "crm_contact_get",
            r#"{"contact": " ADA@Acme.example ", "fields": ["name", "email"]}"#,
            expect![[r#"{"id":"@ada","version":1,"name":"Ada","email":"ada@acme.example"}"#]],
        );
    }

    #[test]
    fn says_what_to_do_when_nobody_fits() {
        check(
            &crate::DOMAIN,
            "",
            "crm_contact_get",
            r#"{"contact": "nobody@acme.example"}"#,
            expect![[r#"
                {"error":{"category":"domain","code":"not_found","message":"no contact fits `nobody@acme.example`","field":"contact","hint":"search contacts by name, then give the id","retryable":false}}"#]],
        );
    }
}
