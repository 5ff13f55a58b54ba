//! `catalog_replenishment_suggest`: what to buy now, how much, from whom, and why.

use std::collections::HashMap;

use maitred_core::prelude::*;
use maitred_kernel::round::line_net;
use maitred_kernel::wire::Moment;
use maitred_kernel::{BasisPoints, Currency, Day, Quantity, format_minor};
use maitred_party::org::today;
use maitred_party::store::{calendars, companies};
use maitred_store::Param;

use crate::model::SupplierItem;
use crate::policy;
use crate::reorder::{Service, Situation, suggest};
use crate::store::products::named;
use crate::store::replenish::{self, Stocked};
use crate::store::stock_lists::Demands;
use crate::store::{locations, purchases, suppliers};

/// The tool.
pub struct ReplenishmentSuggest;

impl Tool for ReplenishmentSuggest {
    const NAME: &str = "catalog_replenishment_suggest";
    const TITLE: &str = "Suggest replenishment";
    const ABOUT: &str = "What to reorder now, how much, from whom, and the arithmetic behind it; by supplier, ready for \
                         catalog_purchase_create.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Read = Read::REPORT;
    const EXAMPLE: Example = Example {
        given: r#"company oak kind=supplier; catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair;
                  catalog_product_transition {"product": "@chair", "status": "active"};
                  catalog_stock_adjust {"lines": [{"product": "CH-1", "delta": 12, "reason": "found"}]};
                  catalog_supplier_item_save {"supplier": "@oak", "product": "CH-1", "cost": "4.25", "lead_time_days": 7}"#,
        args: r#"{"supplier": "@oak", "service_level": 98}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let page = args.paging.page(cx, KEYS)?;
        let level = args.service_level.map_or(95, i64::from);
        let service = Service::of(level).ok_or_else(|| invalid("service_level", "must be 90, 95 or 98"))?;
        let mut lines = lines(cx, &args, service)?;
        lines.sort_by_cached_key(Line::key);
        let total = page.count.then_some(lines.len() as i64);
        if let Some([Param::Text(supplier), Param::Text(sku)]) = page.after.as_deref() {
            let after = (supplier.to_string(), sku.to_string());
            lines.retain(|line| line.key() > after);
        }
        lines.truncate(page.rows + 1);
        let (lines, next_cursor) = page.cut(lines, |line| {
            let (supplier, sku) = line.key();
            vec![Param::Text(supplier.into()), Param::Text(sku.into())]
        });
        Ok(Output { lines: lines.into_iter().map(|line| line.view).collect(), next_cursor, total })
    }
}

const KEYS: usize = 2;

struct Line {
    sku_key: String,
    view: LineView,
}

impl Line {
    fn key(&self) -> (String, String) {
        (self.view.supplier.clone().unwrap_or_default(), self.sku_key.clone())
    }
}

/// Every line that is to be bought.
fn lines(db: &Reader<'_>, args: &Args, service: Service) -> ToolResult<Vec<Line>> {
    let location = match &args.location {
        Some(text) => Some(locations::resolve(db, Some(text), "location")?),
        None => None,
    };
    let supplier =
        args.supplier.as_deref().map(|text| companies::resolve(db, text, "supplier")).transpose()?;
    let place = location.as_ref().map(|location| &location.id);
    let all = replenish::stocked(db, place)?;
    let ids: Vec<&str> = all.iter().map(|row| row.id.as_str()).collect();
    let mut offers: HashMap<String, Vec<SupplierItem>> = HashMap::new();
    for offer in suppliers::of_variants(db, &ids)? {
        offers.entry(offer.variant_id.0.clone()).or_default().push(offer);
    }
    let incoming = purchases::incoming(db, &ids, place)?;
    let demands = Demands::of(db, None)?;
    let year_ago = db.stamp().plus_millis(-365 * 86_400_000).map_err(ToolError::internal)?;
    let lead_times = replenish::lead_times(db, year_ago)?;
    let today = today(db)?;
    let calendar = calendars::working_time(db, None)?;
    let review = match args.horizon_days {
        Some(days) => i64::from(days),
        None => policy::of(db)?.review_days,
    };
    let mut lines = Vec::new();
    for row in all {
        let best = offers.get(&row.id).and_then(|offers| match &supplier {
            Some(company) => offers.iter().find(|offer| offer.company_id == company.id),
            None => offers.first(),
        });
        if supplier.is_some() && best.is_none() {
            continue;
        }
        let working = best.map_or(row.lead_time_days, |offer| offer.lead_time_days);
        let there = calendar.add_working_days(today, working).map_err(ToolError::internal)?;
        let coming = incoming.get(&row.id).map_or(&[][..], Vec::as_slice);
        let situation = Situation {
            demand: demands.demand(&row.id, place.map(AsRef::as_ref), row.on_hand),
            lead_days: days_between(today, there),
            lead_times: best
                .and_then(|offer| lead_times.get(&(offer.company_id.clone(), row.id.clone())))
                .cloned()
                .unwrap_or_default(),
            review_days: review,
            available: row.available,
            incoming: Quantity::from_thousandths(coming.iter().map(|(_, qty)| qty.thousandths()).sum()),
            min_qty: best.map_or(Quantity::ONE, |offer| offer.min_qty),
            multiple: best.map_or(Quantity::ONE, |offer| offer.multiple),
        };
        lines.extend(line(db, row, best, &situation, service)?);
    }
    Ok(lines)
}

fn days_between(from: Day, to: Day) -> i64 {
    from.days_until(to).max(0)
}

fn line(
    db: &Reader<'_>,
    row: Stocked,
    offer: Option<&SupplierItem>,
    now: &Situation,
    service: Service,
) -> ToolResult<Option<Line>> {
    let found = suggest(now, service).map_err(ToolError::internal)?;
    if found.quantity.thousandths() == 0 {
        return Ok(None);
    }
    let per_day = Quantity::from_thousandths(now.demand.per_day_milli() / 1000);
    let name = match offer {
        Some(offer) => companies::find(db, offer.company_id.as_ref())?.map(|company| company.name),
        None => None,
    };
    let amount = match offer {
        Some(offer) => Some(
            line_net(found.quantity, offer.cost, BasisPoints::default(), offer.currency)
                .map_err(ToolError::internal)?,
        ),
        None => None,
    };
    let reason = format!(
        "sells {per_day} a day, comes after {} days: reorder at {}, of which {} safety; {} available and {} incoming",
        now.lead_days, found.reorder_point, found.safety, now.available, now.incoming
    );
    Ok(Some(Line {
        sku_key: row.sku_key,
        view: LineView {
            supplier: name,
            sku: row.sku,
            name: named(&row.product, &row.options),
            available: now.available,
            incoming: now.incoming,
            reorder_point: found.reorder_point,
            suggested_qty: found.quantity,
            cost: offer.map(|offer| offer.cost.format(offer.currency)),
            amount: amount.zip(offer).map(|(amount, offer)| format_minor(amount, offer.currency)),
            currency: offer.map(|offer| offer.currency),
            reason,
        },
    }))
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Only this one.
    #[arg(max = 80)]
    location: Option<String>,
    /// Company; preferred ones without.
    #[arg(max = 200)]
    supplier: Option<String>,
    /// Days to buy for beyond the lead time (7).
    #[arg(min = 1, max = 365)]
    horizon_days: Option<u32>,
    /// 90, 95 or 98 percent (95).
    service_level: Option<u32>,
    /// Paging.
    #[arg(flatten)]
    paging: Paging,
}

/// Something to buy.
#[derive(ToolOutput)]
pub struct LineView {
    /// Whom to buy from; missing where nobody is known.
    supplier: Option<String>,
    /// SKU.
    sku: String,
    /// Name.
    name: String,
    /// What is there for the taking.
    available: Quantity,
    /// What is on its way.
    incoming: Quantity,
    /// Below this it is time to buy (F-STK-2).
    reorder_point: Quantity,
    /// How much to buy, in the supplier's packs.
    suggested_qty: Quantity,
    /// Cost per unit.
    cost: Option<String>,
    /// Cost of all of it.
    amount: Option<String>,
    /// Currency of the cost.
    currency: Option<Currency>,
    /// The arithmetic.
    reason: String,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// What to buy, by supplier and SKU.
    lines: Vec<LineView>,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// How many lines in all.
    total: Option<i64>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_party::commerce::{Leaving, StockLedger};
    use maitred_testkit::{Fixture, check};

    use crate::book::Stock;

    #[test]
    fn what_sells_is_bought_before_it_runs_out() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            r#"company oak kind=supplier name=Oak_Works; catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair=variants.0.id;
               catalog_product_transition {"product": "CH-1", "status": "active"};
               catalog_stock_adjust {"lines": [{"product": "CH-1", "delta": 60, "reason": "found"}]};
               catalog_supplier_item_save {"supplier": "@oak", "product": "CH-1", "cost": "4.25", "lead_time_days": 7, "multiple": 10}"#,
        );
        for day in 3..30 {
            fixture.set_clock(&format!("2026-03-{day:02}T10:00:00Z"));
            let variant = fixture.id("chair");
            fixture
                .write(move |db| {
                    let place = Stock.place(db, None, "location")?.id;
                    let quantity = maitred_kernel::Quantity::whole(2).unwrap();
                    let leaving =
                        Leaving { line: "l", variant: &variant, quantity, place: &place, shipment: "s" };
                    Stock.ship(db, &leaving)
                })
                .unwrap();
        }
        let answer = fixture.call("catalog_replenishment_suggest", r#"{"count": true}"#);
        expect![[r#"{"lines":[{"supplier":"Oak Works","sku":"CH-1","name":"Chair","available":"6","incoming":"0","reorder_point":"19.189","suggested_qty":"30","cost":"4.25","amount":"127.50","currency":"EUR","reason":"sells 1.928 a day, comes after 9 days: reorder at 19.189, of which 1.832 safety; 6 available and 0 incoming"}],"total":1}"#]].assert_eq(&answer.text);
    }

    #[test]
    fn the_service_level_is_one_of_three() {
        check(
            &crate::DOMAIN,
            "",
            "catalog_replenishment_suggest",
            r#"{"service_level": 99}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`service_level` must be 90, 95 or 98","field":"service_level","retryable":false}}"#
            ]],
        );
    }
}
