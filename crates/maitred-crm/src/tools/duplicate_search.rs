//! `crm_duplicate_search`: which records are likely one and the same.

use maitred_core::prelude::*;
use maitred_kernel::dedupe::Likeness;
use maitred_kernel::{Price, domain, email, name_key};
use maitred_party::store::{companies, contacts};
use maitred_store::Param;

use crate::duplicates::{Keys, pairs, share};
use crate::model::AboutKind;
use crate::parties::{companies_alike, name_of, people_alike};
use crate::store::dedupe::{self, CompanyRow, PersonRow};
use crate::store::leads;
use crate::views::Named;

/// The tool.
pub struct DuplicateSearch;

/// Score from which pairs are shown when nothing else is said.
const DEFAULT_BP: i64 = 7_000;
/// Pairs scored between two notices.
const STEP: usize = 2_000;
/// Values in a cursor.
const KEYS: usize = 3;

impl Tool for DuplicateSearch {
    const NAME: &str = "crm_duplicate_search";
    const TITLE: &str = "Search duplicates";
    const ABOUT: &str = "List likely duplicate companies, contacts or leads with a score and the evidence for each pair. Pairs that \
                         were judged different before stay out.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Office];
    const EFFECT: Read = Read::REPORT;
    const EXAMPLE: Example = Example {
        given: "company acme name=Acme_GmbH phone=+4930123456; company acme2 name=ACME phone=+4930123456; company zeta",
        args: r#"{"kind": "company", "min_score": "0.8"}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let page = args.paging.page(cx, KEYS)?;
        let least = args.min_score.map_or(Ok(DEFAULT_BP), least_of)?;
        let scope = args.scope.as_deref().map(|text| in_scope(cx, args.kind, text)).transpose()?;
        let (records, mut found) = match args.kind {
            Kind::Company => {
                let rows = dedupe::companies(cx, None)?;
                let keys: Vec<Keys> = rows.iter().map(company_keys).collect();
                let ids: Vec<(&str, String)> =
                    rows.iter().map(|row| (row.id.as_str(), row.name.clone())).collect();
                (
                    rows.len(),
                    scored(cx, args.kind, &ids, &keys, scope.as_deref(), least, |a, b| {
                        Some(companies_alike(rows.get(a)?, rows.get(b)?))
                    })?,
                )
            }
            Kind::Contact | Kind::Lead => {
                let rows = if args.kind == Kind::Lead { leads_of(cx)? } else { dedupe::contacts(cx, None)? };
                let keys: Vec<Keys> = rows.iter().map(person_keys).collect();
                let ids: Vec<(&str, String)> =
                    rows.iter().map(|row| (row.id.as_str(), name_of(row))).collect();
                (
                    rows.len(),
                    scored(cx, args.kind, &ids, &keys, scope.as_deref(), least, |a, b| {
                        Some(people_alike(rows.get(a)?, rows.get(b)?))
                    })?,
                )
            }
        };
        found.sort_by_key(Pair::order);
        let total = page.count.then_some(found.len());
        if let Some([Param::Int(score), Param::Text(a), Param::Text(b)]) = page.after.as_deref() {
            let after = (-score, a.to_string(), b.to_string());
            found.retain(|pair| pair.order() > after);
        }
        let (rows, next_cursor) = page.cut(found, Pair::key);
        Ok(Output {
            pairs: rows.into_iter().map(Pair::shown).collect(),
            compared: records,
            next_cursor,
            total,
        })
    }
}

fn least_of(share: Price) -> ToolResult<i64> {
    let bp = share.micros() / 100;
    if (5_000..=10_000).contains(&bp) {
        Ok(bp)
    } else {
        Err(invalid("min_score", "must lie between 0.5 and 1"))
    }
}

/// The id of the one record that pairs are wanted of.
fn in_scope(db: &Reader<'_>, kind: Kind, text: &str) -> ToolResult<String> {
    Ok(match kind {
        Kind::Company => companies::resolve(db, text, "scope")?.id.0,
        Kind::Contact => contacts::resolve(db, text, "scope")?.id.0,
        Kind::Lead => leads::resolve(db, text, "scope")?.id.0,
    })
}

fn leads_of(db: &Reader<'_>) -> ToolResult<Vec<PersonRow>> {
    let mut rows = dedupe::leads(db)?;
    for row in &mut rows {
        // A lead names its company in words; two that fold to one name are at one company.
        row.companies = row.companies.iter().map(|name| name_key(name)).collect();
    }
    Ok(rows)
}

fn company_keys(row: &CompanyRow) -> Keys {
    let own = |host: &&String| !domain::is_free_mail(host);
    let mut exact = Vec::new();
    exact.extend(row.vat_id.as_ref().map(|id| format!("vat:{id}")));
    exact.extend(row.domain.as_ref().filter(own).map(|host| format!("domain:{host}")));
    exact.extend(row.phone.as_ref().map(|phone| format!("phone:{phone}")));
    Keys { name: row.name.clone(), exact }
}

fn person_keys(row: &PersonRow) -> Keys {
    let mut exact: Vec<String> = row.emails.iter().map(|address| format!("email:{address}")).collect();
    exact.extend(row.phones.iter().map(|phone| format!("phone:{phone}")));
    // The same name at the same company, or under the same domain, is found by the name alone.
    debug_assert!(row.emails.iter().all(|address| email::domain_of(address).is_some()));
    Keys { name: name_of(row), exact }
}

struct Pair {
    score_bp: i64,
    a: Named,
    b: Named,
    reasons: Vec<String>,
}

impl Pair {
    fn order(&self) -> (i64, String, String) {
        (-self.score_bp, self.a.id.clone(), self.b.id.clone())
    }

    fn key(&self) -> Vec<Param<'static>> {
        vec![
            Param::Int(self.score_bp),
            Param::Text(self.a.id.clone().into()),
            Param::Text(self.b.id.clone().into()),
        ]
    }

    fn shown(self) -> PairView {
        PairView { a: self.a, b: self.b, score: share(self.score_bp), reasons: self.reasons }
    }
}

fn scored(
    db: &Reader<'_>,
    kind: Kind,
    records: &[(&str, String)],
    keys: &[Keys],
    scope: Option<&str>,
    least: i64,
    alike: impl Fn(usize, usize) -> Option<Likeness>,
) -> ToolResult<Vec<Pair>> {
    let judged = dedupe::judged(db, kind.about())?;
    let to_compare = pairs(keys);
    let total = to_compare.len();
    let mut found = Vec::new();
    for (done, (first, second)) in to_compare.into_iter().enumerate() {
        if done % STEP == 0 {
            db.check_cancelled()?;
            db.progress(done as u64, Some(total as u64), "pairs compared");
        }
        // Records come by id, so the first of a pair has the smaller one, as verdicts have.
        let (Some((a, name_a)), Some((b, name_b))) = (records.get(first), records.get(second)) else {
            continue;
        };
        if scope.is_some_and(|id| id != *a && id != *b)
            || judged.contains(&((*a).to_owned(), (*b).to_owned()))
        {
            continue;
        }
        let Some(likeness) = alike(first, second).filter(|likeness| likeness.score_bp >= least) else {
            continue;
        };
        found.push(Pair {
            score_bp: likeness.score_bp,
            a: Named { id: (*a).to_owned(), name: name_a.clone() },
            b: Named { id: (*b).to_owned(), name: name_b.clone() },
            reasons: likeness.reasons,
        });
    }
    db.progress(total as u64, Some(total as u64), "pairs compared");
    Ok(found)
}

/// What is looked through.
#[derive(ToolArgs, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Companies.
    Company,
    /// Contacts.
    Contact,
    /// Leads.
    Lead,
}

impl Kind {
    fn about(self) -> AboutKind {
        match self {
            Self::Company => AboutKind::Company,
            Self::Contact => AboutKind::Contact,
            Self::Lead => AboutKind::Lead,
        }
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Kind.
    kind: Kind,
    /// 0.5 to 1 (0.7).
    min_score: Option<Price>,
    /// Only pairs with this record.
    #[arg(max = 200)]
    scope: Option<String>,
    /// Paging.
    #[arg(flatten)]
    paging: Paging,
}

/// A likely duplicate.
#[derive(ToolOutput)]
pub struct PairView {
    /// One.
    a: Named,
    /// The other.
    b: Named,
    /// How alike, 0.00 to 1.00.
    score: String,
    /// What they have in common, strongest first.
    reasons: Vec<String>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Pairs, likeliest first.
    pairs: Vec<PairView>,
    /// Records looked through.
    compared: usize,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// How many pairs in all.
    total: Option<usize>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check};

    #[test]
    fn shows_score_and_evidence() {
        check(
            &crate::DOMAIN,
            "company m1 name=Maison_Mercier_SARL phone=+33123456789; company m2 name=Mercier,_Maison phone=+33123456789; \
             company other name=Mercier_Freres",
            "crm_duplicate_search",
            r#"{"kind": "company"}"#,
            expect![[
                r#"{"pairs":[{"a":{"id":"@m1","name":"Maison Mercier SARL"},"b":{"id":"@m2","name":"Mercier, Maison"},"score":"0.85","reasons":["same name","same phone"]}],"compared":3}"#
            ]],
        );
    }

    #[test]
    fn people_by_any_of_their_addresses() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            "contact ada given=Ada name=Byron email=ada@acme.example; contact b given=Augusta name=King phone=+4930123456; \
             contact c given=A. name=King phone=+4930123456; contact d name=Unlike",
        );
        let answer = fixture.call("crm_duplicate_search", r#"{"kind": "contact", "count": true}"#);
        expect![[r#"{"pairs":[{"a":{"id":"@b","name":"Augusta King"},"b":{"id":"@c","name":"A. King"},"score":"0.95","reasons":["same phone","same or similar family name"]}],"compared":4,"total":1}"#]].assert_eq(&answer.text);
        let scoped = fixture.call("crm_duplicate_search", r#"{"kind": "contact", "scope": "@ada"}"#);
        assert_eq!(scoped.json()["pairs"], serde_json::json!([]));
    }

    #[test]
    fn pages_and_limits() {
        let given: Vec<String> =
            (0..5).map(|number| format!("company c{number} name=Acme phone=+4930123456")).collect();
        let fixture = Fixture::new(&[&crate::DOMAIN], &given.join("; "));
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let json = fixture
                .call("crm_duplicate_search", &format!(r#"{{"kind": "company", "limit": 3{cursor}}}"#))
                .json();
            seen.extend(
                json["pairs"].as_array().unwrap().iter().map(|pair| format!("{}{}", pair["a"], pair["b"])),
            );
            match json["next_cursor"].as_str() {
                Some(next) => cursor = format!(r#", "cursor": "{next}""#),
                None => break,
            }
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 10);
        let refused = fixture.call("crm_duplicate_search", r#"{"kind": "company", "min_score": "0.2"}"#);
        assert_eq!(refused.json()["error"]["field"], "min_score");
    }
}
