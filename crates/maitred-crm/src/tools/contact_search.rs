//! `crm_contact_search`: people by name, address, number, company, role, tag or consent.

use maitred_core::prelude::*;
use maitred_party::ContactStatus;
use maitred_party::model::{ConsentChannel, LinkRole};
use maitred_party::store::{companies, tags};

use crate::parties::search_terms;
use crate::store::contacts::{self, ContactFilter, KEYS};
use crate::views::{ContactView, Named};

/// The tool.
pub struct ContactSearch;

impl Tool for ContactSearch {
    const NAME: &str = "crm_contact_search";
    const TITLE: &str = "Search contacts";
    const ABOUT: &str = "Search people by name, email, phone, company, role, tag or consent.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Service, Mode::Success, Mode::Office];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example =
        Example { given: "company acme; contact ada company=acme", args: r#"{"q": "ad"}"# };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let mask = FieldMask::of(args.listing.fields.as_deref(), FieldMask::summary())?;
        let page = args.listing.paging.page(cx, KEYS)?;
        let filter = args.filter(cx)?;
        let total = page.count.then(|| contacts::count(cx, &filter)).transpose()?;
        let (rows, next_cursor) =
            page.cut(contacts::search(cx, &filter, &page)?, contacts::FoundContact::key);
        let contacts = rows.into_iter().map(|row| Selected::new(listed(row), mask)).collect();
        Ok(Output { contacts, next_cursor, total })
    }
}

impl Args {
    /// The filter these arguments mean.
    pub(crate) fn filter(&self, db: &Reader<'_>) -> ToolResult<ContactFilter> {
        let company =
            self.company.as_deref().map(|text| companies::resolve(db, text, "company")).transpose()?;
        Ok(ContactFilter {
            terms: self.q.as_deref().map(|text| search_terms(db, text)).transpose()?.unwrap_or_default(),
            company: company.map(|company| company.id),
            role: self.role,
            tag: self.tag.as_deref().map(tags::key_of),
            consent: self.consent,
            status: self.status,
            segment: self.segment.clone(),
        })
    }
}

/// A person as lists show them.
pub(crate) fn listed(row: contacts::FoundContact) -> ContactView {
    let name = match row.given_name {
        Some(given) => format!("{given} {}", row.family_name),
        None => row.family_name,
    };
    ContactView {
        id: row.id,
        version: row.version,
        name,
        title: row.title,
        email: row.email,
        phone: row.phone,
        company: row.company_id.zip(row.company_name).map(|(id, name)| Named { id, name }),
        role: row.role,
        status: row.status,
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Word beginnings, all match.
    #[arg(max = 200)]
    q: Option<String>,
    /// Segment.
    #[arg(max = 200)]
    segment: Option<String>,
    /// Id, name, domain or VAT id.
    #[arg(max = 200)]
    company: Option<String>,
    /// Role.
    role: Option<LinkRole>,
    /// Tag.
    #[arg(max = 80)]
    tag: Option<String>,
    /// Agreed to.
    consent: Option<ConsentChannel>,
    /// active.
    status: Option<ContactStatus>,
    /// Paging.
    #[arg(flatten)]
    listing: Listing,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// People, best match first.
    contacts: Vec<Selected<ContactView>>,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// How many fit in all.
    total: Option<i64>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::check;

    #[test]
    fn folds_accents_and_matches_beginnings() {
        check(
            &crate::DOMAIN,
            "company acme; contact rene given=René name=Müller company=acme; contact max name=Maier",
            "crm_contact_search",
            r#"{"q": "rene mull", "count": "true"}"#,
            expect![[
                r#"{"contacts":[{"id":"@rene","version":1,"name":"René Müller","company":{"id":"@acme","name":"Acme"},"role":"general"}],"total":1}"#
            ]],
        );
    }

    #[test]
    fn names_the_fields_there_are() {
        check(
            &crate::DOMAIN,
            "",
            "crm_contact_search",
            r#"{"fields": ["nam"]}"#,
            expect![[r#"
                {"error":{"category":"validation","code":"unknown_field","message":"there is no field `nam`; known are id, version, name, title, email, phone, company, role, status","field":"fields","retryable":false}}"#]],
        );
    }
}
