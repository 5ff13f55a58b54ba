//! `catalog_stock_report`: what stock is worth, how it turns, what lies dead.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use maitred_core::prelude::*;
use maitred_core::words;
use maitred_kernel::{BasisPoints, Currency, Day, Quantity, Stamp, format_minor, round};
use maitred_party::org::{settings_of, today};
use maitred_store::Param;

use crate::model::{Location, LocationId};
use crate::stock_ledger::{Standing, Walk, abc};
use crate::store::locations;
use crate::store::products::named;
use crate::store::stock_lists::{self, Demands, Label};

/// The tool.
pub struct StockReport;

words! {
    /// What is reported.
    pub enum Measure {
        /// What stock is worth at average cost.
        Value = "value",
        /// Cost of what was shipped in a year over the mean value at month ends.
        Turnover = "turnover",
        /// Days that stock lasts.
        Cover = "cover",
        /// Stock of which nothing left for 180 days.
        Dead = "dead",
        /// Classes by the sales of a year.
        Abc = "abc",
    }
}

words! {
    /// What values are added up by.
    pub enum GroupBy {
        /// Each SKU.
        Sku = "sku",
        /// Each category.
        Category = "category",
        /// Each location.
        Location = "location",
    }
}

/// Days without anything leaving after which stock is dead.
const DEAD_DAYS: i64 = 180;
/// Days that turnover and classes look back on.
const YEAR: i64 = 365;

impl Tool for StockReport {
    const NAME: &str = "catalog_stock_report";
    const TITLE: &str = "Stock report";
    const ABOUT: &str = "Stock value, turnover, cover days, dead stock and ABC class, today or as of a day.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Read = Read::REPORT;
    const EXAMPLE: Example = Example {
        given: r#"company oak kind=supplier; catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}, {"sku": "CH-2"}]} as chair;
                  catalog_purchase_create {"supplier": "@oak", "lines": [{"product": "CH-1", "qty": 10, "cost": "3"}, {"product": "CH-2", "qty": 5, "cost": "7"}]} as po;
                  catalog_purchase_send {"purchase_order": "@po", "to": "orders@oak.example"};
                  catalog_purchase_receive {"purchase_order": "@po", "lines": [{"line": "1", "qty": 10}, {"line": "2", "qty": 5}]}"#,
        args: r#"{"measure": "value"}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let page = args.paging.page(cx, KEYS)?;
        let Report { mut rows, as_of, currency, totals } = args.report(cx)?;
        let total = page.count.then_some(rows.len() as i64);
        if let Some(after) = &page.after {
            rows.retain(|row| !row.is_before_or(after));
        }
        rows.truncate(page.rows + 1);
        let (rows, next_cursor) = page.cut(rows, Row::key);
        Ok(Output {
            measure: args.measure,
            as_of,
            currency,
            rows: rows.into_iter().map(|row| row.view).collect(),
            totals,
            next_cursor,
            total,
        })
    }
}

/// Values in a cursor of this report.
pub(crate) const KEYS: usize = 2;

/// A row with what it is sorted by: the largest first.
pub(crate) struct Row {
    weight: i64,
    minor: i64,
    name: String,
    pub(crate) view: RowView,
}

impl Row {
    /// The key that cursors hold.
    pub(crate) fn key(&self) -> Vec<Param<'static>> {
        vec![Param::Int(self.weight), Param::Text(self.name.clone().into())]
    }

    /// True when the row stands before a key, or at it.
    pub(crate) fn is_before_or(&self, key: &[Param<'static>]) -> bool {
        match key {
            [Param::Int(weight), Param::Text(name)] => {
                (Reverse(self.weight), self.name.as_str()) <= (Reverse(*weight), name.as_ref())
            }
            _ => false,
        }
    }
}

/// A whole report.
pub(crate) struct Report {
    pub(crate) rows: Vec<Row>,
    as_of: Day,
    currency: Currency,
    totals: TotalsView,
}

/// What every measure looks at.
struct Scene {
    currency: Currency,
    today: Day,
    as_of: Day,
    end: Stamp,
    place: Option<Location>,
    labels: HashMap<String, Label>,
    walk: Walk,
}

impl Args {
    /// Works the report out.
    pub(crate) fn report(&self, db: &Reader<'_>) -> ToolResult<Report> {
        let group = self.group_by.unwrap_or(GroupBy::Sku);
        if group != GroupBy::Sku && self.measure != Measure::Value {
            return Err(invalid("group_by", "is for the measure value"));
        }
        let scene = self.scene(db)?;
        let mut rows = match self.measure {
            Measure::Value => scene.values(db, group)?,
            Measure::Turnover => scene.turnover(),
            Measure::Cover => scene.cover(db)?,
            Measure::Dead => scene.dead(),
            Measure::Abc => scene.classes(),
        };
        rows.sort_by(|a, b| (Reverse(a.weight), &a.name).cmp(&(Reverse(b.weight), &b.name)));
        if self.measure == Measure::Abc {
            let sales: Vec<i64> = rows.iter().map(|row| row.weight).collect();
            for (row, class) in rows.iter_mut().zip(abc(&sales)) {
                row.view.class = Some(class);
            }
        }
        let value = rows.iter().map(|row| row.minor).sum();
        let quantity = rows.iter().map(|row| row.view.qty.thousandths()).sum();
        let unvalued = scene.unvalued();
        let totals = TotalsView {
            value: format_minor(value, scene.currency),
            qty: Quantity::from_thousandths(quantity),
            without_cost: unvalued,
        };
        Ok(Report { rows, as_of: scene.as_of, currency: scene.currency, totals })
    }

    fn scene(&self, db: &Reader<'_>) -> ToolResult<Scene> {
        let settings = settings_of(db)?;
        let (today, zone) = (today(db)?, settings.zone.clone());
        let as_of = self.as_of.unwrap_or(today);
        if as_of > today {
            return Err(invalid("as_of", "lies in the future"));
        }
        let bounds = |day: Day| day.bounds(&zone).map_err(ToolError::internal);
        let (_, end) = bounds(as_of)?;
        let first = as_of.plus_days(1 - YEAR).map_err(ToolError::internal)?;
        let (since, _) = bounds(first)?;
        let mut ends = Vec::new();
        let mut month = as_of.first_of_month();
        for _ in 0..12 {
            // A month ends where the next one begins.
            ends.push(bounds(month)?.0);
            month = month.plus_months(-1).map_err(ToolError::internal)?;
        }
        ends.reverse();
        let place = match &self.location {
            Some(text) => Some(locations::resolve(db, Some(text), "location")?),
            None => None,
        };
        let id = place.as_ref().map(|place| place.id.0.clone());
        let mut walk = Walk::new(settings.currency, since, ends, id);
        if as_of == today && matches!(self.measure, Measure::Value | Measure::Cover) {
            // Of today the levels and the valuation say all that the ledger would.
            walk.variants = stock_lists::standings(db)?;
        } else {
            stock_lists::walk(db, end, |step| walk.step(&step))?;
            db.check_cancelled()?;
            walk.finish();
        }
        let labels = stock_lists::labels(db)?;
        Ok(Scene { currency: settings.currency, today, as_of, end, place, labels, walk })
    }
}

impl Scene {
    fn quantity(&self, standing: &Standing) -> i64 {
        match &self.place {
            Some(place) => standing.by_place.get(place.id.as_ref()).copied().unwrap_or(0),
            None => standing.on_hand,
        }
    }

    /// Every variant that was ever there, with how much is there now.
    fn standings(&self) -> impl Iterator<Item = (&String, &Label, &Standing, i64)> {
        self.walk
            .variants
            .iter()
            .filter_map(|(id, standing)| Some((id, self.labels.get(id)?, standing, self.quantity(standing))))
    }

    fn unvalued(&self) -> i64 {
        self.standings().filter(|(_, _, standing, qty)| *qty > 0 && standing.average.is_none()).count() as i64
    }

    fn row(&self, label: &Label, weight: i64, qty: i64, minor: Option<i64>) -> Row {
        let (key, sku, product, options, _) = label;
        Row {
            weight,
            minor: minor.unwrap_or(0),
            name: key.clone(),
            view: RowView {
                sku: Some(sku.clone()),
                name: named(product, options),
                qty: Quantity::from_thousandths(qty),
                average_cost: None,
                value: minor.map(|minor| format_minor(minor, self.currency)),
                shipped_cost: None,
                turnover: None,
                cover_days: None,
                last_out: None,
                class: None,
            },
        }
    }

    fn values(&self, db: &Reader<'_>, group: GroupBy) -> ToolResult<Vec<Row>> {
        let places: BTreeMap<LocationId, String> =
            locations::all(db)?.into_iter().map(|place| (place.id, place.name)).collect();
        let mut rows = Vec::new();
        let mut groups: BTreeMap<String, (i64, i64)> = BTreeMap::new();
        for (_, label, standing, qty) in self.standings() {
            match group {
                GroupBy::Sku if qty != 0 => {
                    let minor = standing.average.map(|_| standing.worth(qty, self.currency));
                    let mut row = self.row(label, minor.unwrap_or(0), qty, minor);
                    row.view.average_cost = standing.average.map(|average| average.format(self.currency));
                    rows.push(row);
                }
                GroupBy::Sku => {}
                GroupBy::Category => {
                    let sum = groups.entry(label.4.clone().unwrap_or_default()).or_default();
                    *sum = (sum.0 + qty, sum.1 + standing.worth(qty, self.currency));
                }
                GroupBy::Location => {
                    for (id, there) in &standing.by_place {
                        let wanted = self.place.as_ref().is_none_or(|place| place.id.0 == *id);
                        if let Some(name) = places.get(&LocationId(id.clone())).filter(|_| wanted) {
                            let sum = groups.entry(name.clone()).or_default();
                            *sum = (sum.0 + there, sum.1 + standing.worth(*there, self.currency));
                        }
                    }
                }
            }
        }
        for (name, (qty, minor)) in groups.into_iter().filter(|(_, (qty, _))| *qty != 0) {
            let shown = if name.is_empty() { "without category".to_owned() } else { name.clone() };
            let label = (name, String::new(), shown, "{}".to_owned(), None);
            let mut row = self.row(&label, minor, qty, Some(minor));
            row.view.sku = None;
            rows.push(row);
        }
        Ok(rows)
    }

    fn turnover(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for (_, label, standing, qty) in self.standings() {
            let shipped = standing.shipped_cost.max(0);
            let mean = standing.month_ends / 12;
            if shipped == 0 && mean == 0 {
                continue;
            }
            let mut row = self.row(label, shipped, qty, Some(standing.worth(qty, self.currency)));
            row.view.shipped_cost = Some(format_minor(shipped, self.currency));
            row.view.turnover = round::mul_div_rha(shipped, 100, mean).ok().map(BasisPoints::from_bp);
            rows.push(row);
        }
        rows
    }

    /// Cover needs what is reserved, which the ledger does not know: of another day than today it counts what was there.
    fn cover(&self, db: &Reader<'_>) -> ToolResult<Vec<Row>> {
        if self.as_of != self.today {
            return Err(invalid("as_of", "is for the other measures: cover is known for today only"));
        }
        let demands = Demands::of(db, None)?;
        let place = self.place.as_ref().map(|place| place.id.as_ref());
        let free = stock_lists::free(db, self.place.as_ref().map(|place| &place.id))?;
        let mut rows = Vec::new();
        for (id, label, standing, qty) in self.standings() {
            let available = free.get(id).copied().unwrap_or_default();
            let demand = demands.demand(id, place, Quantity::from_thousandths(qty));
            let cover = demand.cover(available);
            // What lasts longest comes first; what nobody buys lasts for ever.
            let weight = cover.map_or(i64::MAX, BasisPoints::bp);
            if qty > 0 || cover.is_some() {
                let mut row = self.row(
                    label,
                    weight,
                    available.thousandths(),
                    Some(standing.worth(qty, self.currency)),
                );
                row.view.cover_days = cover;
                rows.push(row);
            }
        }
        Ok(rows)
    }

    fn dead(&self) -> Vec<Row> {
        let Ok(border) = self.end.plus_millis(-DEAD_DAYS * 86_400_000) else { return Vec::new() };
        let border = border.text();
        let before = |at: &Option<String>| at.as_ref().is_some_and(|at| *at < border);
        let mut rows = Vec::new();
        for (_, label, standing, qty) in self.standings() {
            let value = standing.worth(qty, self.currency);
            let quiet = standing.last_out.is_none() || before(&standing.last_out);
            if value > 0 && quiet && before(&standing.first_in) {
                let mut row = self.row(label, value, qty, Some(value));
                row.view.last_out = standing.last_out.as_deref().and_then(|at| Stamp::parse(at).ok());
                rows.push(row);
            }
        }
        rows
    }

    fn classes(&self) -> Vec<Row> {
        self.standings()
            .map(|(_, label, standing, qty)| {
                let sold = standing.shipped_cost.max(0);
                let mut row = self.row(label, sold, qty, Some(standing.worth(qty, self.currency)));
                row.view.shipped_cost = Some(format_minor(sold, self.currency));
                row
            })
            .collect()
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// What to report.
    measure: Measure,
    /// Name.
    #[arg(max = 80)]
    location: Option<String>,
    /// Day (today).
    as_of: Option<Day>,
    /// Of values (sku).
    group_by: Option<GroupBy>,
    /// Paging.
    #[arg(flatten)]
    paging: Paging,
}

/// A row: a SKU, a category or a location.
#[derive(ToolOutput)]
pub struct RowView {
    /// SKU.
    sku: Option<String>,
    /// Name of the product, category or location.
    name: String,
    /// How much there is; of cover, how much is there for the taking.
    qty: Quantity,
    /// Average cost per unit.
    average_cost: Option<String>,
    /// What it is worth at average cost; missing where no cost is known.
    value: Option<String>,
    /// Cost of what was shipped in a year, less what came back.
    shipped_cost: Option<String>,
    /// How often stock turns over in a year.
    turnover: Option<BasisPoints>,
    /// Days that it lasts; missing where nothing sells.
    cover_days: Option<BasisPoints>,
    /// When something last left.
    last_out: Option<Stamp>,
    /// A, B or C.
    class: Option<&'static str>,
}

/// Sums over all rows.
#[derive(ToolOutput)]
pub struct TotalsView {
    /// Value.
    value: String,
    /// Quantity, of units of every kind.
    qty: Quantity,
    /// SKUs in stock whose cost is not known; they count as nothing.
    without_cost: i64,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// What is reported.
    measure: Measure,
    /// The day.
    as_of: Day,
    /// The organisation's currency.
    currency: Currency,
    /// Rows, the largest first.
    rows: Vec<RowView>,
    /// Sums over all rows, also of other pages.
    totals: TotalsView,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// How many rows in all.
    total: Option<i64>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_party::commerce::{Leaving, StockLedger};
    use maitred_testkit::{Fixture, check};

    use crate::book::Stock;

    const GIVEN: &str = r#"company oak kind=supplier; catalog_product_create {"name": "Chair", "kind": "goods", "category_path": "Chairs", "variants": [{"sku": "CH-1"}, {"sku": "CH-2"}]} as chair=variants.0.id;
        catalog_purchase_create {"supplier": "@oak", "lines": [{"product": "CH-1", "qty": 10, "cost": "3"}, {"product": "CH-2", "qty": 5, "cost": "7"}]} as po;
        catalog_purchase_send {"purchase_order": "@po", "to": "orders@oak.example"};
        catalog_purchase_receive {"purchase_order": "@po", "lines": [{"line": "1", "qty": 10, "damaged_qty": 2}, {"line": "2", "qty": 5}]}"#;

    fn shipped() -> Fixture {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        fixture.set_clock("2026-05-01T10:00:00Z");
        let variant = fixture.id("chair");
        fixture
            .write(move |db| {
                let place = Stock.place(db, None, "location")?.id;
                let quantity = maitred_kernel::Quantity::whole(6).unwrap();
                let leaving =
                    Leaving { line: "l", variant: &variant, quantity, place: &place, shipment: "s" };
                Stock.ship(db, &leaving)
            })
            .unwrap();
        fixture
    }

    #[test]
    fn values_by_location_and_category_add_up() {
        for group in ["location", "category"] {
            check(
                &crate::DOMAIN,
                GIVEN,
                "catalog_stock_report",
                &format!(r#"{{"measure": "value", "group_by": "{group}"}}"#),
                if group == "location" {
                    expect![[
                        r#"{"measure":"value","as_of":"2026-03-02","currency":"EUR","rows":[{"name":"Main warehouse","qty":"13","value":"59.00"},{"name":"Quarantine","qty":"2","value":"6.00"}],"totals":{"value":"65.00","qty":"15","without_cost":0}}"#
                    ]]
                } else {
                    expect![[
                        r#"{"measure":"value","as_of":"2026-03-02","currency":"EUR","rows":[{"name":"Chairs","qty":"15","value":"65.00"}],"totals":{"value":"65.00","qty":"15","without_cost":0}}"#
                    ]]
                },
            );
        }
    }

    #[test]
    fn the_past_is_rebuilt() {
        let fixture = shipped();
        let value = |day: &str| {
            let args = format!(r#"{{"measure": "value", "as_of": "{day}"}}"#);
            fixture.call("catalog_stock_report", &args).json()["totals"]["value"].as_str().unwrap().to_owned()
        };
        assert_eq!(
            (value("2026-03-01"), value("2026-03-02"), value("2026-05-01")),
            ("0.00".into(), "65.00".into(), "47.00".into())
        );
    }

    #[test]
    fn what_sells_turns_and_what_does_not_is_dead() {
        let fixture = shipped();
        expect![[r#"{"measure":"turnover","as_of":"2026-05-01","currency":"EUR","rows":[{"sku":"CH-1","name":"Chair","qty":"4","value":"12.00","shipped_cost":"18.00","turnover":"3.6"},{"sku":"CH-2","name":"Chair","qty":"5","value":"35.00","shipped_cost":"0.00","turnover":"0"}],"totals":{"value":"47.00","qty":"9","without_cost":0}}"#]].assert_eq(&fixture.call("catalog_stock_report", r#"{"measure": "turnover"}"#).text);
        expect![[r#"{"measure":"cover","as_of":"2026-05-01","currency":"EUR","rows":[{"sku":"CH-2","name":"Chair","qty":"5","value":"35.00"},{"sku":"CH-1","name":"Chair","qty":"2","value":"12.00","cover_days":"18.67"}],"totals":{"value":"47.00","qty":"7","without_cost":0}}"#]].assert_eq(&fixture.call("catalog_stock_report", r#"{"measure": "cover"}"#).text);
        expect![[r#"{"measure":"abc","as_of":"2026-05-01","currency":"EUR","rows":[{"sku":"CH-1","name":"Chair","qty":"4","value":"12.00","shipped_cost":"18.00","class":"A"},{"sku":"CH-2","name":"Chair","qty":"5","value":"35.00","shipped_cost":"0.00","class":"C"}],"totals":{"value":"47.00","qty":"9","without_cost":0}}"#]].assert_eq(&fixture.call("catalog_stock_report", r#"{"measure": "abc"}"#).text);
        fixture.set_clock("2026-10-01T10:00:00Z");
        expect![[r#"{"measure":"dead","as_of":"2026-10-01","currency":"EUR","rows":[{"sku":"CH-2","name":"Chair","qty":"5","value":"35.00"}],"totals":{"value":"35.00","qty":"5","without_cost":0}}"#]].assert_eq(&fixture.call("catalog_stock_report", r#"{"measure": "dead"}"#).text);
    }

    /// The ledger says of today what levels and valuation say (F-STK-3).
    #[test]
    fn the_ledger_says_what_the_caches_say() {
        let fixture = shipped();
        for (po, qty, cost) in [("PO-2026-00002", 7, "3.333333"), ("PO-2026-00003", 11, "2.5")] {
            let made = format!(
                r#"{{"supplier": "@oak", "lines": [{{"product": "CH-1", "qty": {qty}, "cost": "{cost}"}}]}}"#
            );
            fixture.call("catalog_purchase_create", &made);
            let sent = format!(r#"{{"purchase_order": "{po}", "to": "orders@oak.example"}}"#);
            fixture.call_confirmed("catalog_purchase_send", &sent);
            let came = format!(r#"{{"purchase_order": "{po}", "lines": [{{"line": "1", "qty": {qty}}}]}}"#);
            assert!(!fixture.call_confirmed("catalog_purchase_receive", &came).failed);
            fixture.call(
                "catalog_stock_adjust",
                r#"{"lines": [{"product": "CH-1", "delta": -2, "reason": "loss"}]}"#,
            );
        }
        let value =
            || fixture.call("catalog_stock_report", r#"{"measure": "value", "as_of": "2026-05-01"}"#).json();
        let cached = value();
        fixture.set_clock("2026-05-02T10:00:00Z");
        let walked = value();
        assert_eq!((&cached["rows"], &cached["totals"]), (&walked["rows"], &walked["totals"]));
        assert_ne!(cached["totals"]["value"], "0.00");
    }

    #[test]
    fn nobody_knows_the_future() {
        check(
            &crate::DOMAIN,
            "",
            "catalog_stock_report",
            r#"{"measure": "value", "as_of": "2027-01-01"}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`as_of` lies in the future","field":"as_of","retryable":false}}"#
            ]],
        );
    }
}
