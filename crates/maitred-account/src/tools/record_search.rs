//! `account_record_search`: any record by a piece of text.

use std::cmp::Reverse;

use maitred_core::prelude::*;
use maitred_party::sources::{Hit, SearchSource};
use maitred_store::Param;

/// Hits that one module is asked for; the pages run over all of them.
const MOST: usize = 200;
/// Scores from here on are of exact hits; see [`Hit::score`].
const EXACT: i64 = 1_000;
/// Values in a cursor: score, kind, id.
const KEYS: usize = 3;

/// The tool.
pub struct RecordSearch;

impl Tool for RecordSearch {
    const NAME: &str = "account_record_search";
    const TITLE: &str = "Find any record";
    const ABOUT: &str = "Find anything by number, name, email, phone or SKU across all modules you may use. Start \
                         here when all you have is a piece of text.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Service, Mode::Success, Mode::Office];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example { given: "member eve", args: r#"{"q": "eve"}"# };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let mask = FieldMask::of(args.listing.fields.as_deref(), FieldMask::summary())?;
        let page = args.listing.paging.page(cx, KEYS)?;
        let rights = &cx.caller().rights;
        let sources: Vec<_> =
            cx.ports::<dyn SearchSource>().iter().filter(|s| !rights.reads(s.module()).is_empty()).collect();
        let wanted = wanted(args.kinds.as_deref(), sources.iter().flat_map(|source| source.kinds()))?;
        let (mut hits, mut full) = (Vec::new(), false);
        for source in sources {
            if source.kinds().iter().any(|kind| wanted.contains(kind)) {
                let found = source.search(cx, args.q.trim(), MOST)?;
                full |= found.len() >= MOST;
                hits.extend(found.into_iter().filter(|hit| wanted.contains(&hit.kind)));
            }
        }
        let hits = ranked(hits);
        let total = page.count.then_some(hits.len());
        let rest = match page.after.as_deref() {
            Some([Param::Int(score), Param::Text(kind), Param::Text(id)]) => hits
                .into_iter()
                .filter(|hit| {
                    (Reverse(hit.score), hit.kind, hit.id.as_str()) > (Reverse(*score), &**kind, &**id)
                })
                .collect(),
            _ => hits,
        };
        let (rows, next_cursor) = page.cut(rest, key);
        Ok(Output {
            hits: rows.into_iter().map(|hit| Selected::new(HitView::from(hit), mask)).collect(),
            next_cursor,
            total,
            more: full.then_some(true),
        })
    }
}

fn key(hit: &Hit) -> Vec<Param<'static>> {
    vec![Param::Int(hit.score), Param::Text(hit.kind.into()), Param::Text(hit.id.clone().into())]
}

/// The kinds to look for: those named, else all there are within reach.
fn wanted<'a>(
    named: Option<&[String]>,
    known: impl Iterator<Item = &'a &'static str>,
) -> ToolResult<Vec<&'static str>> {
    let mut known: Vec<&'static str> = known.copied().collect();
    known.sort_unstable();
    known.dedup();
    let Some(named) = named.filter(|named| !named.is_empty()) else {
        return Ok(known);
    };
    named
        .iter()
        .enumerate()
        .map(|(index, name)| {
            known.iter().copied().find(|kind| kind == name).ok_or_else(|| {
                invalid(&format!("kinds[{index}]"), format!("must be one of {}", known.join(", ")))
            })
        })
        .collect()
}

/// Best first, exact before fuzzy, one hit per record.
fn ranked(mut hits: Vec<Hit>) -> Vec<Hit> {
    hits.sort_by(|a, b| (Reverse(a.score), a.kind, &a.id).cmp(&(Reverse(b.score), b.kind, &b.id)));
    let mut seen = std::collections::HashSet::new();
    hits.retain(|hit| seen.insert((hit.kind, hit.id.clone())));
    hits
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Text.
    #[arg(min = 1, max = 200)]
    q: String,
    /// Such as company.
    #[arg(max = 20)]
    kinds: Option<Vec<String>>,
    /// Paging.
    #[arg(flatten)]
    listing: Listing,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Records, best first.
    hits: Vec<Selected<HitView>>,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// How many fit in all.
    total: Option<usize>,
    /// There are more than can be paged: narrow the text.
    more: Option<bool>,
}

/// A record found.
#[derive(ToolOutput, Clone, Debug)]
pub struct HitView {
    /// Id.
    id: String,
    /// Document number.
    number: Option<String>,
    /// Kind of record.
    #[output(summary)]
    kind: &'static str,
    /// Name or title.
    #[output(summary)]
    label: String,
    /// What fits.
    #[output(summary)]
    why: &'static str,
    /// True when it fits exactly.
    exact: bool,
}

impl From<Hit> for HitView {
    fn from(hit: Hit) -> Self {
        Self {
            exact: hit.score >= EXACT,
            id: hit.id,
            number: hit.number,
            kind: hit.kind,
            label: hit.label,
            why: hit.why,
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_core::mode::{CallerKind, Mode, ModeSet, Module, Rights};
    use maitred_testkit::{Fixture, check, check_with};
    use proptest::prelude::*;

    use super::*;
    use crate::store::probe::PROBE;

    #[test]
    fn an_exact_address_outranks_a_name() {
        check(
            &crate::DOMAIN,
            "member eve; member sales.desk name=Eve@maison.example",
            "account_record_search",
            r#"{"q": "Eve@Maison.example", "fields": ["*"]}"#,
            expect![[
                r#"{"hits":[{"id":"@eve","kind":"member","label":"Eve","why":"email","exact":true},{"id":"@sales.desk","kind":"member","label":"Eve@maison.example","why":"name","exact":false}]}"#
            ]],
        );
    }

    #[test]
    fn names_the_kinds_within_reach() {
        check_with(
            &[&crate::DOMAIN, &PROBE],
            "",
            "account_record_search",
            r#"{"q": "x", "kinds": ["gadget", "rocket"]}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`kinds[1]` must be one of gadget, member","field":"kinds[1]","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn a_module_out_of_reach_is_not_asked() {
        let fixture = Fixture::new(&[&crate::DOMAIN, &PROBE], "");
        let reach = |modules: &[Module]| {
            let rights =
                Rights::none(CallerKind::Teammate).grant(modules, ModeSet::of(&[Mode::Sales]), true, false);
            let caller = fixture.caller_with("sales", rights);
            fixture.call_as(&caller, "account_record_search", r#"{"q": "gadget 1"}"#).unwrap().raw
        };
        assert!(reach(&[Module::Account, Module::Probe]).contains("gadget"));
        assert_eq!(reach(&[Module::Account]), r#"{"hits":[]}"#);
    }

    #[test]
    fn pages_hold_every_hit_once() {
        let fixture = Fixture::new(&[&crate::DOMAIN, &PROBE], "");
        let whole = fixture.call("account_record_search", r#"{"q": "gadget", "limit": 100, "count": true}"#);
        let whole = whole.json();
        assert_eq!(whole["total"], 30);
        let (mut seen, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let next = cursor.map(|cursor| format!(",\"cursor\":\"{cursor}\"")).unwrap_or_default();
            let page = fixture
                .call("account_record_search", &format!("{{\"q\":\"gadget\",\"limit\":7{next}}}"))
                .json();
            seen.extend(page["hits"].as_array().unwrap().clone());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => break,
            }
        }
        assert_eq!(serde_json::Value::from(seen), whole["hits"]);
    }

    proptest! {
        #[test]
        fn exact_hits_come_before_fuzzy_ones(scores in proptest::collection::vec(0_i64..2_000, 0..40)) {
            let hits = scores.iter().enumerate().map(|(index, score)| Hit {
                kind: if index % 2 == 0 { "a" } else { "b" },
                id: format!("{}", index / 3),
                number: None,
                label: String::new(),
                why: "name",
                score: *score,
            });
            let ranked = ranked(hits.collect());
            prop_assert!(ranked.windows(2).all(|pair| pair[0].score >= pair[1].score));
            let mut ids: Vec<_> = ranked.iter().map(|hit| (hit.kind, hit.id.clone())).collect();
            ids.sort();
            let before = ids.len();
            ids.dedup();
            prop_assert_eq!(ids.len(), before);
        }
    }
}
