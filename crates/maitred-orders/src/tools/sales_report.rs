//! `orders_sales_report`: ordered, shipped or invoiced sales, summed up.

use std::collections::BTreeMap;

use maitred_core::mode::{ModeSet, Module};
use maitred_core::prelude::*;
use maitred_kernel::{BasisPoints, Day, Quantity, Stamp, format_minor};
use maitred_party::org::settings_of;
use maitred_store::Param;

use crate::ranked::{self, Keyed};
use crate::selling::{GroupBy, Sum, Summing, growth, named, quantity};
use crate::store::sales::{self, Sold};

/// The tool.
pub struct SalesReport;

/// Longest span, in days.
const MOST_DAYS: i64 = 3660;

impl Tool for SalesReport {
    const NAME: &str = "orders_sales_report";
    const TITLE: &str = "Sales report";
    const ABOUT: &str = "Ordered, shipped and invoiced sales by period, product, customer, rep or country, with growth; margin for the office. \
                         Currencies are never added up.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Office];
    const EFFECT: Read = Read::REPORT;
    const EXAMPLE: Example = Example {
        given: shop!(
            r#"orders_order_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 4}, {"product": "REP", "qty": 1}]} as so=order.id;
                        orders_order_confirm {"order": "@so"}"#
        ),
        args: r#"{"from": "2026-03-01", "to": "2026-03-31", "group_by": "product", "basis": "ordered", "compare_to": "previous_year"}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let page = args.paging.page(cx, 2)?;
        let rows = rows(cx, &args)?;
        let totals = totals(&rows, shows_margin(cx));
        let total = page.count.then_some(rows.len() as i64);
        let margin = shows_margin(cx);
        let (rows, next_cursor) = ranked::cut(keyed(&args, rows), &page);
        let rows = rows.into_iter().map(|row| row.view(margin)).collect();
        Ok(Output { rows, totals, basis: args.basis.about(), next_cursor, total })
    }
}

/// Whether the caller may know what things cost us.
pub(crate) fn shows_margin(db: &Reader<'_>) -> bool {
    db.caller().rights.reads(Module::Orders).meets(ModeSet::of(&[Mode::Office]))
}

/// A group with what it came to now and before.
pub(crate) struct Grouped {
    key: String,
    currency: maitred_kernel::Currency,
    now: Sum,
    before: Option<i64>,
}

impl Grouped {
    pub(crate) fn view(self, margin: bool) -> SalesRow {
        let money = |minor| format_minor(minor, self.currency);
        let earned = self.now.margin().filter(|_| margin);
        SalesRow {
            number: self.key,
            label: self.now.label,
            currency: self.currency.code().to_owned(),
            lines: self.now.lines,
            quantity: quantity(self.now.quantity),
            net: money(self.now.net),
            before: self.before.map(money),
            growth: self.before.and_then(|before| growth(self.now.net, before)),
            margin: earned.map(|(margin, _)| money(margin)),
            margin_percent: earned.and_then(|(_, share)| share),
        }
    }
}

/// The groups of a report, unsorted.
pub(crate) fn rows(db: &Reader<'_>, args: &Args) -> ToolResult<Vec<Grouped>> {
    if args.to < args.from {
        return Err(invalid("to", "lies before `from`"));
    }
    if args.from.days_until(args.to) > MOST_DAYS {
        return Err(refused(Code::LimitExceeded, "ten years are the longest span").field("from"));
    }
    let settings = settings_of(db)?;
    let summing = Summing { by: args.group_by, zone: &settings.zone, base: settings.currency };
    let label = |by: GroupBy, id: &str| named(db, by, id);
    let of = |from: Day, to: Day| {
        let span = (start(db, from)?, start(db, to.plus_days(1).map_err(ToolError::internal)?)?);
        summing.sums(|each| sales::each(db, args.basis.sold(), summing.wanted(), span, each), label)
    };
    let mut now = of(args.from, args.to)?;
    let mut earlier: Option<BTreeMap<(String, String), Sum>> = None;
    if let Some((from, to)) = compared(args)? {
        let sums = of(from, to)?;
        // What was sold before and is not now is a row too: of nothing. Months only stand for themselves.
        for (key, sum) in sums.iter().filter(|_| args.group_by != GroupBy::Period) {
            now.entry(key.clone()).or_insert_with(|| Sum {
                label: sum.label.clone(),
                cost: Some(0),
                ..Sum::default()
            });
        }
        earlier = Some(sums);
    }
    now.into_iter()
        .map(|((key, code), sum)| {
            let currency = maitred_kernel::Currency::parse(&code).map_err(ToolError::internal)?;
            let before = match &earlier {
                None => None,
                Some(sums) => {
                    let then =
                        if args.group_by == GroupBy::Period { shifted(args, &key)? } else { key.clone() };
                    Some(sums.get(&(then, code)).map_or(0, |sum| sum.net))
                }
            };
            Ok(Grouped { key, currency, now: sum, before })
        })
        .collect()
}

fn start(db: &Reader<'_>, day: Day) -> ToolResult<Stamp> {
    day.start(&settings_of(db)?.zone).map_err(ToolError::internal)
}

/// The span that is compared with.
fn compared(args: &Args) -> ToolResult<Option<(Day, Day)>> {
    let fault = ToolError::internal;
    Ok(match args.compare_to {
        None => None,
        Some(CompareTo::PreviousYear) => {
            Some((args.from.plus_months(-12).map_err(fault)?, args.to.plus_months(-12).map_err(fault)?))
        }
        Some(CompareTo::PreviousPeriod) => {
            let days = args.from.days_until(args.to) + 1;
            Some((args.from.plus_days(-days).map_err(fault)?, args.from.plus_days(-1).map_err(fault)?))
        }
    })
}

/// The month that a month is compared with: a year earlier, or as many months earlier as the span has.
fn shifted(args: &Args, month: &str) -> ToolResult<String> {
    let first = Day::parse(&format!("{month}-01")).map_err(ToolError::internal)?;
    let back = match args.compare_to {
        Some(CompareTo::PreviousPeriod) => {
            let months = |day: Day| i64::from(day.year()) * 12 + i64::from(day.month());
            months(args.to) - months(args.from) + 1
        }
        _ => 12,
    };
    let then = first.plus_months(-back).map_err(ToolError::internal)?;
    Ok(maitred_kernel::Period::month_of(then).to_string())
}

/// Rows with the key they are sorted by: months by time, all else by net, most first.
pub(crate) fn keyed(args: &Args, rows: Vec<Grouped>) -> Vec<Keyed<Grouped>> {
    rows.into_iter()
        .map(|row| {
            let rank = if args.group_by == GroupBy::Period { 0 } else { -row.now.net };
            let name = format!("{} {}", row.key, row.currency.code());
            (vec![Param::Int(rank), Param::Text(name.into())], row)
        })
        .collect()
}

fn totals(rows: &[Grouped], margin: bool) -> Vec<Total> {
    let mut currencies: Vec<maitred_kernel::Currency> = rows.iter().map(|row| row.currency).collect();
    currencies.sort_by(|a, b| a.code().cmp(b.code()));
    currencies.dedup();
    let total = |currency| {
        let own = || rows.iter().filter(move |row| row.currency == currency);
        let all = |of: &dyn Fn(&Grouped) -> Option<i64>| {
            own().try_fold(0_i64, |sum, row| of(row).map(|one| sum.saturating_add(one)))
        };
        let net = own().fold(0_i64, |sum, row| sum.saturating_add(row.now.net));
        let before = all(&|row| row.before);
        let cost = all(&|row| row.now.cost).filter(|_| margin);
        Total {
            currency: currency.code().to_owned(),
            net: format_minor(net, currency),
            before: before.map(|before| format_minor(before, currency)),
            growth: before.and_then(|before| growth(net, before)),
            margin: cost.map(|cost| format_minor(net.saturating_sub(cost), currency)),
        }
    };
    currencies.into_iter().map(total).collect()
}

/// What counts as sold.
#[derive(ToolArgs, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// Agreed on.
    Ordered,
    /// Left the house.
    Shipped,
    /// On invoices.
    Invoiced,
}

impl Basis {
    fn sold(self) -> Sold {
        match self {
            Self::Ordered => Sold::Ordered,
            Self::Shipped => Sold::Shipped,
            Self::Invoiced => Sold::Invoiced,
        }
    }

    fn about(self) -> &'static str {
        match self {
            Self::Ordered => {
                "ordered: lines of orders by the day they were confirmed, without what was cancelled"
            }
            Self::Shipped => "shipped: lines of shipments by the day they left",
            Self::Invoiced => {
                "invoiced: what of the lines is on invoices, by the day the order was confirmed"
            }
        }
    }
}

/// What is compared with.
#[derive(ToolArgs, Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompareTo {
    /// As many days before.
    PreviousPeriod,
    /// The same days a year earlier.
    PreviousYear,
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// First day.
    from: Day,
    /// Last day.
    to: Day,
    /// Groups; period is months.
    group_by: GroupBy,
    /// Basis.
    basis: Basis,
    /// For growth.
    compare_to: Option<CompareTo>,
    /// Paging.
    #[arg(flatten)]
    paging: Paging,
}

/// A row.
#[derive(ToolOutput)]
pub struct SalesRow {
    /// Month, SKU, id or country.
    number: String,
    /// What to call it.
    #[output(summary)]
    label: String,
    /// Currency.
    #[output(summary)]
    currency: String,
    /// How many lines.
    #[output(summary)]
    lines: i64,
    /// How many units.
    #[output(summary)]
    quantity: Quantity,
    /// Without tax.
    #[output(summary)]
    net: String,
    /// Without tax, in the span compared with.
    #[output(summary)]
    before: Option<String>,
    /// Percent.
    #[output(summary)]
    growth: Option<BasisPoints>,
    /// Net less cost, where all costs are known.
    #[output(summary)]
    margin: Option<String>,
    /// Percent of net.
    #[output(summary)]
    margin_percent: Option<BasisPoints>,
}

/// The sum of a currency.
#[derive(ToolOutput)]
pub struct Total {
    /// Currency.
    currency: String,
    /// Without tax.
    net: String,
    /// Without tax, in the span compared with.
    before: Option<String>,
    /// Percent.
    growth: Option<BasisPoints>,
    /// Net less cost, where all costs are known.
    margin: Option<String>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Rows: months by time, all else the most first.
    rows: Vec<SalesRow>,
    /// Sums of all rows, by currency.
    totals: Vec<Total>,
    /// What counts as sold here.
    basis: &'static str,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// How many rows in all.
    total: Option<i64>,
}

#[cfg(test)]
mod tests {
    use maitred_core::mode::Mode;
    use maitred_testkit::Fixture;

    #[test]
    fn bases_growth_and_who_sees_margins() {
        let fixture = Fixture::new(
            crate::shop::DOMAINS,
            shop!(
                r#"orders_order_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 4}]} as so=order.id;
                     orders_order_confirm {"order": "@so"};
                     orders_shipment_create {"order": "@so", "lines": [{"line": "1", "qty": 3}], "shipped_at": "2026-03-02T09:00:00Z"}"#
            ),
        );
        fixture.set_clock("2026-04-02T10:00:00Z");
        let more = fixture.filled(r#"{"company": "@acme", "lines": [{"product": "CH-1", "qty": 2}]}"#);
        let made = fixture.call("orders_order_create", &more).json();
        let id = made["order"]["id"].as_str().unwrap();
        fixture.call_confirmed("orders_order_confirm", &format!(r#"{{"order": "{id}"}}"#));
        let report = |mode, args: &str| {
            fixture.call_as(&fixture.caller(&[mode], true), "orders_sales_report", args).unwrap().json()
        };
        let april = r#""from": "2026-04-01", "to": "2026-04-30""#;
        let grown = report(
            Mode::Sales,
            &format!(
                r#"{{{april}, "group_by": "customer", "basis": "ordered", "compare_to": "previous_period"}}"#
            ),
        );
        let row = &grown["rows"][0];
        assert_eq!(
            (&row["label"], &row["net"], &row["before"], &row["growth"]),
            (&"Acme".into(), &"20.00".into(), &"40.00".into(), &"-50".into())
        );
        let shipped = report(
            Mode::Sales,
            r#"{"from": "2026-03-01", "to": "2026-04-30", "group_by": "period", "basis": "shipped"}"#,
        );
        assert_eq!(
            (&shipped["rows"][0]["number"], &shipped["totals"][0]["net"]),
            (&"2026-03".into(), &"30.00".into())
        );
        let backwards = report(
            Mode::Office,
            r#"{"from": "2026-04-01", "to": "2026-03-01", "group_by": "rep", "basis": "invoiced"}"#,
        );
        assert_eq!(backwards["error"]["field"], "to");
    }
}
