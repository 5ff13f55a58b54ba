//! What crm answers to other modules: searches over everything, exports, and what is still open.

use maitred_core::args::{Object, parse_object};
use maitred_core::mode::Module;
use maitred_core::prelude::*;
use maitred_kernel::{Reference, tokens};
use maitred_party::sources::{Dependents, ExportSource, Hit, SearchSource, export_rows};
use maitred_party::store::{companies as party_companies, contacts as party_contacts};
use maitred_party::{CompanyId, ContactId, org};

use crate::parties::{CompanyView, listed, search_terms};
use crate::store::companies::{self, CompanyFilter};
use crate::store::contacts::{self, ContactFilter};
use crate::tools::{company_search, contact_search};
use crate::views::ContactView;

/// Score of a hit by id, e-mail address, VAT id, domain or telephone number.
const EXACT: i64 = 1_000;

/// Open deals and leads.
pub struct CrmDependents;

impl Dependents for CrmDependents {
    fn of_company(&self, db: &Reader<'_>, company: &CompanyId) -> ToolResult<Vec<String>> {
        companies::open_work(db, true, &company.0)
    }

    fn of_contact(&self, db: &Reader<'_>, contact: &ContactId) -> ToolResult<Vec<String>> {
        companies::open_work(db, false, &contact.0)
    }
}

/// Finds companies and contacts.
pub struct PartySearch;

impl SearchSource for PartySearch {
    fn module(&self) -> Module {
        Module::Crm
    }

    fn kinds(&self) -> &'static [&'static str] {
        &["company", "contact"]
    }

    fn entities(&self) -> &'static [&'static str] {
        &[
            "company",
            "contact",
            "address",
            "company_contact",
            "contact_point",
            "consent",
            "tagging",
            "party_redirect",
            "crm_profile",
            "crm_contact_profile",
            "activity",
            "activity_link",
            "todo",
            "todo_link",
            "segment",
            "segment_member",
            "merge_log",
        ]
    }

    fn search(&self, db: &Reader<'_>, text: &str, limit: usize) -> ToolResult<Vec<Hit>> {
        let mut hits = exact(db, text)?;
        let mut add = |hit: Hit| {
            if hits.iter().all(|known| known.id != hit.id) {
                hits.push(hit);
            }
        };
        let terms = search_terms(db, text)?;
        if !terms.is_empty() {
            let page = Page::first(db, companies::KEYS, limit)?;
            let filter = CompanyFilter { terms, ..CompanyFilter::default() };
            for row in companies::search(db, &filter, &page)? {
                let score = row.score.min(EXACT - 1);
                add(hit("company", row.company.id.0, row.company.name, "name", score));
            }
        }
        let terms = tokens(text);
        if !terms.is_empty() {
            let page = Page::first(db, contacts::KEYS, limit)?;
            let filter = ContactFilter { terms, ..ContactFilter::default() };
            for row in contacts::search(db, &filter, &page)? {
                let name = match row.given_name {
                    Some(given) => format!("{given} {}", row.family_name),
                    None => row.family_name,
                };
                add(hit("contact", row.id, name, "name", row.score.min(EXACT - 1)));
            }
        }
        hits.sort_by(|a, b| {
            b.score.cmp(&a.score).then_with(|| a.label.cmp(&b.label)).then_with(|| a.id.cmp(&b.id))
        });
        hits.truncate(limit);
        Ok(hits)
    }
}

fn hit(kind: &'static str, id: String, label: String, why: &'static str, score: i64) -> Hit {
    Hit { kind, id, number: None, label, why, score }
}

/// Records that the text names for sure.
fn exact(db: &Reader<'_>, text: &str) -> ToolResult<Vec<Hit>> {
    let mut hits = Vec::new();
    let settings = org::settings_of(db)?;
    let reference = Reference::parse_in(text, Some(&settings.country));
    let (mut people, mut firms) = (Vec::new(), Vec::new());
    let why = match &reference {
        Reference::Id(id) => {
            if let Some(company) = party_companies::find(db, id)? {
                hits.push(hit("company", company.id.0, company.name, "id", EXACT + 100));
            }
            if let Some(contact) = party_contacts::find(db, id)? {
                let name = contact.full_name();
                hits.push(hit("contact", contact.id.0, name, "id", EXACT + 100));
            }
            return Ok(hits);
        }
        Reference::Email(address) => {
            people = party_contacts::by_point(db, Some(address), None)?;
            "email"
        }
        Reference::Phone(number) => {
            people = party_contacts::by_point(db, None, Some(number))?;
            firms = companies::by_phone(db, number)?;
            "phone"
        }
        Reference::VatId(id) => {
            firms = party_companies::same_identity(db, Some(id.as_str()), None)?;
            "vat_id"
        }
        Reference::Domain(host) => {
            firms = party_companies::same_identity(db, None, Some(host))?;
            "domain"
        }
        _ => return Ok(hits),
    };
    hits.extend(firms.into_iter().map(|firm| hit("company", firm.id.0, firm.name, why, EXACT)));
    for person in people {
        let name = person.full_name();
        hits.push(hit("contact", person.id.0, name, why, EXACT));
    }
    Ok(hits)
}

/// The rows of `crm_company_search`.
pub struct CompanyExport;

impl ExportSource for CompanyExport {
    fn dataset(&self) -> &'static str {
        "crm_company_search"
    }

    fn export(
        &self,
        db: &Reader<'_>,
        filter: &str,
        fields: Option<&[String]>,
        row: &mut dyn FnMut(&str) -> ToolResult<bool>,
    ) -> ToolResult<()> {
        let args: company_search::Args = parse_object(Object::parse(filter)?)?;
        let mask = FieldMask::<CompanyView>::of(fields, FieldMask::summary())?;
        let filter = args.filter(db)?;
        let read = |page: &Page| companies::search(db, &filter, page);
        export_rows(
            db,
            companies::KEYS,
            mask,
            read,
            |row| row.key(filter.sort),
            |found| Ok(listed(found)),
            row,
        )
    }
}

/// The rows of `crm_contact_search`.
pub struct ContactExport;

impl ExportSource for ContactExport {
    fn dataset(&self) -> &'static str {
        "crm_contact_search"
    }

    fn export(
        &self,
        db: &Reader<'_>,
        filter: &str,
        fields: Option<&[String]>,
        row: &mut dyn FnMut(&str) -> ToolResult<bool>,
    ) -> ToolResult<()> {
        let args: contact_search::Args = parse_object(Object::parse(filter)?)?;
        let mask = FieldMask::<ContactView>::of(fields, FieldMask::summary())?;
        let filter = args.filter(db)?;
        let read = |page: &Page| contacts::search(db, &filter, page);
        export_rows(
            db,
            contacts::KEYS,
            mask,
            read,
            contacts::FoundContact::key,
            |found| Ok(contact_search::listed(found)),
            row,
        )
    }
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    use super::*;

    #[test]
    fn what_names_a_record_for_sure_comes_first() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            "company mercier vat=FR27842733677 domain=mercier.example phone=+33123456789 country=FR; \
             company other name=Mercier_Example; contact ada company=mercier email=ada@mercier.example",
        );
        for (text, wanted, why) in [
            ("FR 27 842733677", "mercier", "vat_id"),
            ("www.mercier.example", "mercier", "domain"),
            ("+33 1 23 45 67 89", "mercier", "phone"),
            ("Ada@mercier.example", "ada", "email"),
        ] {
            let hits = fixture.read(|db| PartySearch.search(db, text, 10)).unwrap();
            assert_eq!((hits[0].id.clone(), hits[0].why), (fixture.id(wanted), why), "{text}");
            assert!(hits[0].score >= EXACT && hits[1..].iter().all(|hit| hit.score < EXACT), "{hits:?}");
        }
        let fuzzy = fixture.read(|db| PartySearch.search(db, "merc", 10)).unwrap();
        assert_eq!(fuzzy.len(), 3);
        let none = fixture.read(|db| PartySearch.search(db, "nothing like it", 10)).unwrap();
        assert!(none.is_empty());
    }

    #[test]
    fn exports_every_row_once_and_stops_when_told() {
        let given: Vec<String> =
            (0..5).map(|number| format!("company c{number}; contact p{number} company=c{number}")).collect();
        let fixture = Fixture::new(&[&crate::DOMAIN], &given.join("; "));
        for source in [&CompanyExport as &dyn ExportSource, &ContactExport] {
            let rows = |most: usize| {
                fixture
                    .read(|db| {
                        let mut seen = Vec::new();
                        source.export(db, r#"{"q": ""}"#, None, &mut |row| {
                            seen.push(row.to_owned());
                            Ok(seen.len() < most)
                        })?;
                        Ok(seen)
                    })
                    .unwrap()
            };
            assert_eq!(rows(100).len(), 5, "{}", source.dataset());
            assert_eq!(rows(2), rows(100)[..2]);
        }
        assert!(
            fixture.read(|db| CompanyExport.export(db, r#"{"color": 1}"#, None, &mut |_| Ok(true))).is_err()
        );
    }
}
