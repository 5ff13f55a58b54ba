//! `crm_company_search`: companies by name, domain, VAT id, tag, owner, lifecycle or city.

use maitred_core::prelude::*;
use maitred_party::model::CompanyKind;
use maitred_party::store::{members, tags};

use crate::model::Lifecycle;
use crate::parties::{CompanyView, country_of, listed, search_terms};
use crate::store::companies::{self, CompanyFilter, CompanySort, KEYS};

/// The tool.
pub struct CompanySearch;

impl Tool for CompanySearch {
    const NAME: &str = "crm_company_search";
    const TITLE: &str = "Search companies";
    const ABOUT: &str =
        "Search companies by name, domain, VAT id, tag, owner, lifecycle, city, country or segment.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Service, Mode::Success, Mode::Office];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example {
        given: "company acme name=Acme_GmbH domain=acme.example; company zeta",
        args: r#"{"q": "acme", "count": true}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let mask = FieldMask::of(args.listing.fields.as_deref(), FieldMask::summary())?;
        let page = args.listing.paging.page(cx, KEYS)?;
        let filter = args.filter(cx)?;
        let total = page.count.then(|| companies::count(cx, &filter)).transpose()?;
        let (rows, next_cursor) =
            page.cut(companies::search(cx, &filter, &page)?, |row| row.key(filter.sort));
        let companies = rows.into_iter().map(|row| Selected::new(listed(row), mask)).collect();
        Ok(Output { companies, next_cursor, total })
    }
}

impl Args {
    /// The filter these arguments mean.
    pub(crate) fn filter(&self, db: &Reader<'_>) -> ToolResult<CompanyFilter> {
        let owner = self.owner.as_deref().map(|text| members::resolve(db, text, "owner")).transpose()?;
        Ok(CompanyFilter {
            terms: self.q.as_deref().map(|text| search_terms(db, text)).transpose()?.unwrap_or_default(),
            kind: self.kind,
            lifecycle: self.lifecycle,
            owner: owner.map(|owner| owner.id),
            tag: self.tag.as_deref().map(tags::key_of),
            cities: self.city.as_deref().map(|city| companies::spellings(db, city)).transpose()?,
            country: self.country.as_deref().map(|text| country_of(text, "country")).transpose()?,
            archived: self.archived.unwrap_or(false),
            sort: self.sort,
            segment: self.segment.clone(),
        })
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
    /// Kind.
    kind: Option<CompanyKind>,
    /// Lifecycle.
    lifecycle: Option<Lifecycle>,
    /// Member or me.
    #[arg(max = 200)]
    owner: Option<String>,
    /// Tag.
    #[arg(max = 80)]
    tag: Option<String>,
    /// City.
    #[arg(max = 100)]
    city: Option<String>,
    /// ISO 3166.
    #[arg(max = 2)]
    country: Option<String>,
    /// Only archived.
    archived: Option<bool>,
    /// Sort.
    sort: Option<CompanySort>,
    /// Paging.
    #[arg(flatten)]
    pub(crate) listing: Listing,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Companies, best match first.
    companies: Vec<Selected<CompanyView>>,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// How many fit in all.
    total: Option<i64>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check};

    #[test]
    fn legal_forms_and_accents_do_not_count() {
        check(
            &crate::DOMAIN,
            "company soc name=Société_Générale_SARL country=FR; company acme",
            "crm_company_search",
            r#"{"q": "SOCIETE generale GmbH"}"#,
            expect![[
                r#"{"companies":[{"id":"@soc","version":1,"name":"Société Générale SARL","lifecycle":"prospect","country":"FR"}]}"#
            ]],
        );
    }

    #[test]
    fn numbers_are_found_however_they_are_written() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            "company mercier vat=FR27842733677 country=FR phone=+33123456789; company acme phone=+33123456780",
        );
        for text in ["FR 27 842733677", "+33 1 23 45 67 89", "0033 1 23 45 67 89"] {
            let answer =
                fixture.call("crm_company_search", &format!(r#"{{"q": "{text}", "fields": ["id"]}}"#));
            assert_eq!(answer.text, r#"{"companies":[{"id":"@mercier","version":1}]}"#, "{text}");
        }
    }

    #[test]
    fn filters_and_archived_ones() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            "company acme owner=sales; company zeta kind=supplier; company old; \
             crm_record_archive {\"kind\": \"company\", \"record\": \"@old\"} as old",
        );
        let ids = |args: &str| fixture.call("crm_company_search", args).text;
        let one = |name: &str| format!(r#"{{"companies":[{{"id":"@{name}","version":"#);
        assert!(ids(r#"{"owner": "sales", "fields": ["id"]}"#).starts_with(&one("acme")));
        assert!(ids(r#"{"kind": "supplier", "fields": ["id"]}"#).starts_with(&one("zeta")));
        assert!(ids(r#"{"archived": true, "fields": ["id"]}"#).starts_with(&one("old")));
        assert_eq!(ids(r#"{"lifecycle": "former"}"#), r#"{"companies":[]}"#);
        assert_eq!(ids(r#"{"city": "Nowhere"}"#), r#"{"companies":[]}"#);
    }

    #[test]
    fn pages_hold_each_row_once_in_every_order() {
        let given: Vec<String> = (0..7).map(|number| format!("company c{number}")).collect();
        let fixture = Fixture::new(&[&crate::DOMAIN], &given.join("; "));
        for sort in ["name", "newest", "untouched"] {
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let args = format!(r#"{{"sort": "{sort}", "limit": 3{cursor}}}"#);
                let json = fixture.call("crm_company_search", &args).json();
                seen.extend(json["companies"].as_array().unwrap().iter().map(|row| row["id"].to_string()));
                match json["next_cursor"].as_str() {
                    Some(next) => cursor = format!(r#", "cursor": "{next}""#),
                    None => break,
                }
            }
            let all = seen.len();
            seen.sort();
            seen.dedup();
            assert_eq!((all, seen.len()), (7, 7), "{sort}");
        }
    }
}
