//! `crm_deal_search`: deals by stage, owner, amount, close date, age and forecast.

use std::collections::BTreeSet;

use maitred_core::prelude::*;
use maitred_kernel::wire::{Amount, Moment};
use maitred_kernel::{Day, Stamp, tokens};
use maitred_party::org::settings_of;
use maitred_party::store::{companies, members};

use crate::model::{DealStatus, Forecast, StageKind};
use crate::sales_views::{DAY_MS, DealView};
use crate::store::deals::{self, DealFilter, FoundDeal, KEYS};
use crate::store::pipelines::{self, Way};

/// The tool.
pub struct DealSearch;

impl Tool for DealSearch {
    const NAME: &str = "crm_deal_search";
    const TITLE: &str = "Search deals";
    const ABOUT: &str = "Search deals by stage, owner, amount, close date, age in stage, forecast category.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Success];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example {
        given: r#"company acme; crm_deal_create {"company": "@acme", "title": "Summer menu"}"#,
        args: r#"{"q": "menu", "company": "@acme", "owner": "owner"}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let mask = FieldMask::of(args.listing.fields.as_deref(), FieldMask::summary())?;
        let page = args.listing.paging.page(cx, KEYS)?;
        let filter = args.filters.filter(cx)?;
        let total = page.count.then(|| deals::count(cx, &filter)).transpose()?;
        let found = deals::search(cx, &filter, page.after.as_deref(), page.fetch())?;
        let (rows, next_cursor) = page.cut(found, FoundDeal::key);
        let now = cx.stamp();
        let deals = rows.into_iter().map(|row| Selected::new(DealView::new(row, now), mask)).collect();
        Ok(Output { deals, next_cursor, total })
    }
}

/// What deals can be searched by; exports take the same.
#[derive(ToolArgs)]
pub struct Filters {
    /// Word beginnings, all match.
    #[arg(max = 200)]
    q: Option<String>,
    /// Segment.
    #[arg(max = 200)]
    segment: Option<String>,
    /// Company.
    #[arg(max = 200)]
    company: Option<String>,
    /// Member.
    #[arg(max = 200)]
    owner: Option<String>,
    /// Key or name.
    #[arg(max = 100)]
    stage: Option<String>,
    /// open.
    status: Option<DealStatus>,
    /// Forecast.
    forecast: Option<Forecast>,
    /// Base currency.
    min_amount: Option<Amount>,
    /// Close from.
    close_from: Option<Day>,
    /// Close to.
    close_to: Option<Day>,
    /// In stage.
    min_days: Option<u32>,
    /// Past rot days.
    stale: Option<bool>,
}

impl Filters {
    /// The filter these arguments mean.
    ///
    /// # Errors
    /// When a reference finds nothing or an amount does not fit the currency.
    pub fn filter(&self, db: &Reader<'_>) -> ToolResult<DealFilter> {
        let ways = pipelines::list(db)?;
        let among: Vec<&Way> = ways.iter().collect();
        let stages =
            self.stage.as_deref().map(|text| pipelines::stages_named(&among, text, "stage")).transpose()?;
        let company =
            self.company.as_deref().map(|text| companies::resolve(db, text, "company")).transpose()?;
        let owner = self.owner.as_deref().map(|text| members::resolve(db, text, "owner")).transpose()?;
        // An amount means nothing without its currency.
        let least = match &self.min_amount {
            Some(amount) => {
                let currency = settings_of(db)?.currency;
                Some((amount.minor(currency, "min_amount")?, currency))
            }
            None => None,
        };
        let stale = self.stale == Some(true);
        let now = db.stamp();
        Ok(DealFilter {
            terms: self.q.as_deref().map(tokens).unwrap_or_default(),
            status: self.status.unwrap_or(DealStatus::Open),
            company: company.map(|company| company.id),
            owner: owner.map(|member| member.id),
            stages,
            forecast: self.forecast,
            least,
            close_from: self.close_from,
            close_to: self.close_to,
            entered_before: self.min_days.map(|days| days_before(now, i64::from(days))),
            rotten: stale.then(|| rotten(&ways, now)),
            segment: self.segment.clone(),
        })
    }
}

fn days_before(now: Stamp, days: i64) -> Stamp {
    now.plus_millis(-days * DAY_MS).unwrap_or(Stamp::EPOCH)
}

/// For each number of rot days that open stages have, the moment before which a deal must have entered to be stale.
fn rotten(ways: &[Way], now: Stamp) -> Vec<(i64, Stamp)> {
    let days: BTreeSet<i64> = ways
        .iter()
        .flat_map(|way| &way.stages)
        .filter(|stage| stage.kind == StageKind::Open && stage.rot_days > 0)
        .map(|stage| stage.rot_days)
        .collect();
    days.into_iter().map(|days| (days, days_before(now, days))).collect()
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Filters.
    #[arg(flatten)]
    filters: Filters,
    /// Paging.
    #[arg(flatten)]
    listing: Listing,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Deals: best match first, then open ones by close date, closed ones newest first.
    deals: Vec<Selected<DealView>>,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// How many fit in all.
    total: Option<i64>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check};

    const THREE: &str = r#"company acme; company bistro;
        crm_deal_create {"company": "@acme", "title": "Summer menu", "amount": 1000, "close_date": "2026-05-01"} as summer;
        crm_deal_create {"company": "@acme", "title": "Winter menu", "amount": 5000, "close_date": "2026-04-01"} as winter;
        crm_deal_create {"company": "@bistro", "title": "Wine", "stage": "qualified"} as wine"#;

    fn titles(fixture: &Fixture, args: &str) -> Vec<String> {
        let json = fixture.call("crm_deal_search", args).json();
        let deals = json["deals"].as_array().unwrap_or_else(|| panic!("{json}"));
        deals.iter().filter_map(|deal| deal["title"].as_str().map(str::to_owned)).collect()
    }

    #[test]
    fn each_filter_narrows() {
        let fixture = Fixture::new(&[&crate::DOMAIN], THREE);
        assert_eq!(titles(&fixture, "{}"), ["Winter menu", "Summer menu", "Wine"]);
        assert_eq!(titles(&fixture, r#"{"q": "menu acm"}"#), ["Winter menu", "Summer menu"]);
        assert_eq!(titles(&fixture, r#"{"q": "D-2026-00003"}"#), ["Wine"]);
        assert_eq!(titles(&fixture, r#"{"company": "bistro"}"#), ["Wine"]);
        assert_eq!(titles(&fixture, r#"{"stage": "Qualified"}"#), ["Wine"]);
        assert_eq!(titles(&fixture, r#"{"min_amount": 2000}"#), ["Winter menu"]);
        assert_eq!(titles(&fixture, r#"{"close_from": "2026-04-02"}"#), ["Summer menu"]);
        assert_eq!(titles(&fixture, r#"{"status": "won"}"#), [""; 0]);
        assert_eq!(titles(&fixture, r#"{"owner": "sales"}"#), [""; 0]);
    }

    #[test]
    fn stale_is_what_the_stage_says() {
        let fixture = Fixture::new(&[&crate::DOMAIN], THREE);
        fixture.call(
            "crm_deal_move",
            r#"{"deal": "@winter", "to_stage": "proposal", "reason": "asked for it"}"#,
        );
        fixture.set_clock("2026-03-17T10:00:00Z");
        assert_eq!(titles(&fixture, r#"{"stale": true}"#), ["Winter menu"], "14 days in proposal");
        fixture.set_clock("2026-03-24T10:00:00Z");
        assert_eq!(titles(&fixture, r#"{"stale": true}"#).len(), 3, "21 days elsewhere");
        assert_eq!(titles(&fixture, r#"{"min_days": 23}"#), [""; 0]);
    }

    #[test]
    fn pages_join_without_gap_or_repeat() {
        let fixture = Fixture::new(&[&crate::DOMAIN], THREE);
        for query in ["", r#""q": "menu", "#] {
            let whole = titles(&fixture, &format!("{{{query}\"limit\": 100}}"));
            let (mut joined, mut cursor) = (Vec::new(), String::new());
            loop {
                let args = format!("{{{query}\"limit\": 1{cursor}}}");
                joined.extend(titles(&fixture, &args));
                match fixture.call("crm_deal_search", &args).json()["next_cursor"].as_str() {
                    Some(next) => cursor = format!(", \"cursor\": \"{next}\""),
                    None => break,
                }
            }
            assert_eq!(joined, whole);
        }
    }

    #[test]
    fn names_the_stages_there_are() {
        check(
            &crate::DOMAIN,
            "",
            "crm_deal_search",
            r#"{"stage": "proposl"}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"not_found","message":"no stage fits `proposl`","field":"stage","hint":"stages of `Sales` are Discovery, Qualified, Proposal, Negotiation, Won, Lost; did you mean `Proposal`; crm_pipeline_list shows them","retryable":false}}"#
            ]],
        );
    }
}
