//! `crm_contact_create`: a person, usually at a company.

use maitred_core::prelude::*;
use maitred_party::Contact;
use maitred_party::model::LinkRole;
use maitred_party::store::{companies, contacts};

use crate::model::AboutKind;
use crate::parties::{
    self, PersonView, Suspect, candidates, email_of, language_of, person_view, phone_of, text_of,
};
use crate::store::dedupe::{self, PersonRow};
use crate::views::{Named, PlaceView};

/// The tool.
pub struct ContactCreate;

impl Tool for ContactCreate {
    const NAME: &str = "crm_contact_create";
    const TITLE: &str = "Create contact";
    const ABOUT: &str = "Create a person, usually linked to a company with a role. No consent is assumed; an email that is known \
                         refuses.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Service, Mode::Success, Mode::Office];
    const EFFECT: Write = Write::PLAIN;
    const EXAMPLE: Example = Example {
        given: "company acme",
        args: r#"{"given_name": "Ada", "family_name": "Byron", "email": "Ada@acme.example", "company": "@acme", "role": "buyer"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let company =
            args.company.as_deref().map(|text| companies::resolve(cx, text, "company")).transpose()?;
        let home = company.as_ref().map(|company| company.country.clone());
        let new = args.checked(cx, home.as_deref())?;
        if let Some(email) = &new.email {
            refuse_same_email(cx, None, email, "email")?;
        }
        let wanted = PersonRow {
            id: String::new(),
            given_name: new.given_name.clone(),
            family_name: new.family_name.clone(),
            emails: new.email.iter().cloned().collect(),
            phones: new.phone.iter().cloned().collect(),
            companies: company.iter().map(|company| company.id.0.clone()).collect(),
        };
        let similar = parties::like_person(cx, &wanted)?;
        let overruled =
            parties::overruled(&similar, args.allow_duplicate.unwrap_or(false), "crm_contact_update")?;
        let contact = contacts::insert(cx, new)?;
        let place = match company {
            Some(company) => {
                let link =
                    contacts::link(cx, &company.id, &contact.id, args.role.unwrap_or(LinkRole::General))?;
                contacts::ensure_primary(cx, &company.id)?;
                let primary =
                    cx.get::<maitred_party::CompanyContact>(&link.id)?.is_some_and(|link| link.is_primary);
                Some(PlaceView {
                    company: Named { id: company.id.0, name: company.name },
                    role: link.role,
                    primary,
                    can_order: link.can_order,
                    since: link.since,
                    until: link.until,
                })
            }
            None => None,
        };
        for other in &overruled {
            dedupe::judge_different(cx, AboutKind::Contact, &contact.id.0, other)?;
        }
        let similar: Vec<Suspect> = similar.into_iter().map(|one| one.shown).collect();
        Ok(Output {
            contact: person_view(cx, &contact)?,
            id: contact.id.0,
            place,
            similar: (!similar.is_empty()).then_some(similar),
        })
    }
}

/// Refuses an e-mail address that somebody else has, as their main one or as a further one.
pub(crate) fn refuse_same_email(
    db: &Reader<'_>,
    own: Option<&Contact>,
    email: &str,
    field: &str,
) -> ToolResult<()> {
    let others = contacts::by_point(db, Some(email), None)?;
    let Some(other) = others.into_iter().find(|other| own.is_none_or(|own| own.id != other.id)) else {
        return Ok(());
    };
    let suspect = Suspect {
        name: other.full_name(),
        id: other.id.0,
        score: "1.00".to_owned(),
        reasons: vec!["same email".to_owned()],
    };
    let hint = if own.is_some() {
        "if both are one person, fold them with crm_contact_merge"
    } else {
        "use the existing person, or change them with crm_contact_update"
    };
    Err(refused(Code::DuplicateSuspect, format!("`{}` has this email already", suspect.name))
        .field(field)
        .with("candidates", candidates(std::iter::once(&suspect)))
        .hint(hint))
}

impl Args {
    fn checked(&self, db: &Reader<'_>, home: Option<&str>) -> ToolResult<contacts::NewContact> {
        let filled = |text: &Option<String>| {
            text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        Ok(contacts::NewContact {
            given_name: filled(&self.given_name),
            family_name: text_of(&self.family_name, "family_name")?,
            email: filled(&self.email).map(|text| email_of(&text, "email")).transpose()?,
            phone: filled(&self.phone).map(|text| phone_of(db, &text, home, "phone")).transpose()?,
            language: filled(&self.language).map(|text| language_of(&text, "language")).transpose()?,
            title: filled(&self.title),
        })
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Given name.
    #[arg(max = 100)]
    given_name: Option<String>,
    /// Or the only name.
    #[arg(min = 1, max = 100)]
    family_name: String,
    /// Email.
    #[arg(max = 254)]
    email: Option<String>,
    /// Phone.
    #[arg(max = 40)]
    phone: Option<String>,
    /// Job title.
    #[arg(max = 100)]
    title: Option<String>,
    /// Such as fr.
    #[arg(max = 35)]
    language: Option<String>,
    /// Id, name, domain or VAT id.
    #[arg(max = 200)]
    company: Option<String>,
    /// general.
    role: Option<LinkRole>,
    /// Though one like them exists.
    allow_duplicate: Option<bool>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Id.
    id: String,
    /// The new person.
    contact: PersonView,
    /// Their place at the company.
    place: Option<PlaceView>,
    /// People who are somewhat like them.
    similar: Option<Vec<Suspect>>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check};

    #[test]
    fn the_first_at_a_company_is_primary() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "company acme country=FR");
        let first = fixture.call(
            "crm_contact_create",
            r#"{"family_name": "Byron", "phone": "01 23 45 67 89", "company": "@acme"}"#,
        );
        expect![[r##"{"id":"#1","contact":{"id":"#1","version":1,"name":"Byron","phone":"+33123456789","status":"active","tags":[]},"place":{"company":{"id":"@acme","name":"Acme"},"role":"general","primary":true,"can_order":false,"since":"2026-03-02"}}"##]].assert_eq(&first.text);
        let second = fixture.call("crm_contact_create", r#"{"family_name": "Lovelace", "company": "@acme"}"#);
        assert_eq!(second.json()["place"]["primary"], false);
    }

    #[test]
    fn a_known_email_refuses_whatever_is_allowed() {
        check(
            &crate::DOMAIN,
            "contact ada email=ada@acme.example",
            "crm_contact_create",
            r#"{"family_name": "Other", "email": "ADA@acme.example", "allow_duplicate": true}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"duplicate_suspect","message":"`Ada` has this email already","field":"email","hint":"use the existing person, or change them with crm_contact_update","retryable":false,"candidates":[{"id":"@ada","label":"Ada","score":"1.00","reasons":"same email"}]}}"#
            ]],
        );
    }

    #[test]
    fn a_likely_twin_refuses_until_overruled() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "contact ada given=Ada name=Byron phone=+4930123456");
        let args = |allow: bool| {
            format!(
                r#"{{"given_name": "A.", "family_name": "Byron", "phone": "030 123456", "allow_duplicate": {allow}}}"#
            )
        };
        expect![[r#"{"error":{"category":"domain","code":"duplicate_suspect","message":"`Ada Byron` is likely the same","hint":"use crm_contact_update on the existing record, or repeat with allow_duplicate true","retryable":false,"candidates":[{"id":"@ada","label":"Ada Byron","score":"0.95","reasons":"same phone, same or similar family name"}]}}"#]].assert_eq(&fixture.call("crm_contact_create", &args(false)).text);
        assert!(!fixture.call("crm_contact_create", &args(true)).failed);
        let pairs = fixture.call("crm_duplicate_search", r#"{"kind": "contact"}"#);
        assert_eq!(pairs.text, r#"{"pairs":[],"compared":2}"#);
    }
}
