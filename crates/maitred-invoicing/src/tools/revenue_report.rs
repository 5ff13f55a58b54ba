//! `invoicing_revenue_report`: what was invoiced, net of credit notes.

use std::collections::BTreeMap;

use maitred_core::prelude::*;
use maitred_core::words;
use maitred_kernel::round::{largest_remainder, ratio_bp};
use maitred_kernel::{BasisPoints, Currency, Day, format_minor};
use maitred_party::org::settings_of;
use maitred_store::Param;

use crate::reporting::{buyer_country, in_base, signed, span};
use crate::store::reports::{self, Sold};

words! {
    /// What rows are.
    pub enum GroupBy {
        /// Months of issue.
        Month = "month",
        /// Customers.
        Customer = "customer",
        /// Products, by SKU or description.
        Product = "product",
        /// Countries of the buyers.
        Country = "country",
    }
}

words! {
    /// What to compare with.
    pub enum CompareTo {
        /// As many days right before.
        Previous = "previous",
        /// The same days a year before.
        Year = "year",
    }
}

/// The tool.
pub struct RevenueReport;

impl Tool for RevenueReport {
    const NAME: &str = "invoicing_revenue_report";
    const TITLE: &str = "Revenue report";
    const ABOUT: &str = "Invoiced revenue without VAT, net of credit notes, by month, customer, product or country, \
                         with comparison. In our currency at the documents' rates, or of one currency alone.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Read = Read::REPORT;
    const EXAMPLE: Example = Example {
        given: r#"company acme; tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "12/345"};
                  invoicing_invoice_create {"company": "@acme", "lines": [{"description": "Chair", "qty": 2, "unit_price": "50"}]} as inv;
                  invoicing_invoice_issue {"invoice": "@inv"}"#,
        args: r#"{"from": "2026-03-01", "to": "2026-03-31", "group_by": "customer", "compare_to": "previous"}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        span(args.from, args.to)?;
        let page = args.paging.page(cx, 2)?;
        let base = args.currency.unwrap_or(settings_of(cx)?.currency);
        let rows = rows(cx, &args, base)?;
        let net: i64 = rows.iter().map(|row| row.net).sum();
        let before: Option<i64> = args.compare_to.map(|_| rows.iter().map(|row| row.before).sum());
        let total = page.count.then_some(rows.len() as i64);
        let after = match page.after.as_deref() {
            Some([Param::Int(order), Param::Text(key)]) => Some((*order, key.to_string())),
            _ => None,
        };
        let rest: Vec<Revenue> = rows
            .into_iter()
            .filter(|row| after.as_ref().is_none_or(|after| row.place(args.group_by) > *after))
            .take(page.rows + 1)
            .collect();
        let (rest, next_cursor) = page.cut(rest, |row| {
            let (order, key) = row.place(args.group_by);
            vec![Param::Int(order), Param::Text(key.into())]
        });
        let compared = args.compare_to.is_some();
        Ok(Output {
            currency: base,
            net: format_minor(net, base),
            previous: before.map(|before| format_minor(before, base)),
            change: before.and_then(|before| ratio_bp(net - before, before)),
            rows: rest.into_iter().map(|row| row.view(base, compared, net)).collect(),
            next_cursor,
            total,
        })
    }
}

/// A row before it is shown.
pub(crate) struct Revenue {
    key: String,
    label: String,
    net: i64,
    documents: i64,
    before: i64,
}

impl Revenue {
    /// Months in their order, everything else by revenue.
    fn place(&self, group: GroupBy) -> (i64, String) {
        (if group == GroupBy::Month { 0 } else { self.net.saturating_neg() }, self.key.clone())
    }

    /// As shown.
    pub(crate) fn view(self, base: Currency, compared: bool, all: i64) -> RevenueView {
        RevenueView {
            net: format_minor(self.net, base),
            share: ratio_bp(self.net, all),
            previous: compared.then(|| format_minor(self.before, base)),
            change: ratio_bp(self.net - self.before, self.before).filter(|_| compared),
            key: self.key,
            label: self.label,
            documents: self.documents,
        }
    }
}

/// All rows, in their order.
pub(crate) fn rows(db: &Reader<'_>, args: &Args, base: Currency) -> ToolResult<Vec<Revenue>> {
    let mut found: BTreeMap<String, Revenue> = BTreeMap::new();
    for (key, label, net, documents) in summed(db, args, base, (args.from, args.to))? {
        found.insert(key.clone(), Revenue { key, label, net, documents, before: 0 });
    }
    if let Some(compare) = args.compare_to {
        let span = earlier(compare, args.from, args.to)?;
        for (key, label, net, _) in summed(db, args, base, span)? {
            // A month is compared with the one that takes its place.
            let key = match (args.group_by, compare) {
                (GroupBy::Month, _) => moved(&key, args.from, span.0)?,
                _ => key,
            };
            found
                .entry(key.clone())
                .or_insert_with(|| Revenue { key, label, net: 0, documents: 0, before: 0 })
                .before += net;
        }
    }
    let mut rows: Vec<Revenue> = found.into_values().collect();
    rows.sort_by_key(|row| row.place(args.group_by));
    Ok(rows)
}

/// The span that is compared with.
fn earlier(compare: CompareTo, from: Day, to: Day) -> ToolResult<(Day, Day)> {
    let fault = |fault| invalid("from", fault);
    match compare {
        CompareTo::Year => Ok((from.plus_months(-12).map_err(fault)?, to.plus_months(-12).map_err(fault)?)),
        // Whole months are compared with whole months.
        CompareTo::Previous if from == from.first_of_month() && to == to.last_of_month() => {
            let months = i64::from(to.year() - from.year()) * 12 + i64::from(to.month() - from.month()) + 1;
            Ok((from.plus_months(-months).map_err(fault)?, from.plus_days(-1).map_err(fault)?))
        }
        CompareTo::Previous => {
            let days = from.days_until(to) + 1;
            Ok((from.plus_days(-days).map_err(fault)?, from.plus_days(-1).map_err(fault)?))
        }
    }
}

fn moved(month: &str, from: Day, earlier: Day) -> ToolResult<String> {
    let months = i64::from(from.year() - earlier.year()) * 12 + i64::from(from.month() - earlier.month());
    let day = Day::parse(&format!("{month}-01")).and_then(|day| day.plus_months(months));
    let day = day.map_err(ToolError::internal)?;
    Ok(format!("{:04}-{:02}", day.year(), day.month()))
}

type Summed = (String, String, i64, i64);

fn summed(db: &Reader<'_>, args: &Args, base: Currency, (from, to): (Day, Day)) -> ToolResult<Vec<Summed>> {
    let sold = reports::sold(db, from, to, args.currency)?;
    let mut sums: BTreeMap<String, (String, i64, i64)> = BTreeMap::new();
    let mut add = |key: String, label: String, net: i64| {
        let sum = sums.entry(key).or_insert_with(|| (label, 0, 0));
        sum.1 += net;
        sum.2 += 1;
    };
    let mut lines: BTreeMap<String, Vec<(Option<String>, String, i64)>> = BTreeMap::new();
    if args.group_by == GroupBy::Product {
        for (invoice, sku, description, net) in reports::sold_lines(db, from, to)? {
            lines.entry(invoice).or_default().push((sku, description, net));
        }
    }
    for one in sold {
        let net = in_base(signed(one.kind, one.net), one.currency, one.fx_rate, base)?;
        match args.group_by {
            GroupBy::Month => {
                let month = format!("{:04}-{:02}", one.day.year(), one.day.month());
                add(month.clone(), month, net);
            }
            GroupBy::Customer => add(one.company_id, one.company, net),
            GroupBy::Country => {
                let country = buyer_country(one.buyer.as_deref());
                let name = maitred_kernel::country::name(&country).unwrap_or("unknown").to_owned();
                add(country, name, net);
            }
            GroupBy::Product => {
                for (key, label, net) in products(&one, net, lines.remove(&one.id).unwrap_or_default())? {
                    add(key, label, net);
                }
            }
        }
    }
    Ok(sums.into_iter().map(|(key, (label, net, documents))| (key, label, net, documents)).collect())
}

/// A document's revenue over its products, to the last unit: what allowances take away is shared by all.
fn products(
    document: &Sold,
    net: i64,
    lines: Vec<(Option<String>, String, i64)>,
) -> ToolResult<Vec<(String, String, i64)>> {
    let weights: Vec<i64> = lines.iter().map(|(_, _, net)| *net).collect();
    if weights.iter().all(|weight| *weight == 0) {
        return Ok(vec![]);
    }
    let parts = largest_remainder(net, &weights).map_err(|fault| {
        ToolError::internal(anyhow::anyhow!("the lines of document {}: {fault}", document.id))
    })?;
    Ok(lines
        .into_iter()
        .zip(parts)
        .map(|((sku, description, _), part)| {
            (sku.unwrap_or_else(|| description.to_lowercase()), description, part)
        })
        .collect())
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Issued.
    pub(crate) from: Day,
    /// Issued.
    pub(crate) to: Day,
    /// Group by.
    pub(crate) group_by: GroupBy,
    /// Compare to.
    pub(crate) compare_to: Option<CompareTo>,
    /// Only documents in it.
    pub(crate) currency: Option<Currency>,
    /// Paging.
    #[arg(flatten)]
    paging: Paging,
}

/// A row.
#[derive(ToolOutput)]
pub struct RevenueView {
    /// Month, id of the customer, SKU or country.
    #[output(summary)]
    key: String,
    /// In words.
    #[output(summary)]
    label: String,
    /// Without tax, less what was credited.
    #[output(summary)]
    net: String,
    /// Percent of all.
    #[output(summary)]
    share: Option<BasisPoints>,
    /// Documents or lines behind it.
    #[output(summary)]
    documents: i64,
    /// The same in the span compared with.
    #[output(summary)]
    previous: Option<String>,
    /// Percent more than that.
    #[output(summary)]
    change: Option<BasisPoints>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Currency of all amounts.
    currency: Currency,
    /// All of it.
    net: String,
    /// The same in the span compared with.
    previous: Option<String>,
    /// Percent more than that.
    change: Option<BasisPoints>,
    /// Months in order, others by revenue.
    rows: Vec<RevenueView>,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// How many rows there are.
    total: Option<i64>,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;
    use serde_json::{Value, json};

    const GIVEN: &str = r#"company acme; company oak; tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "12/345"};
        invoicing_invoice_create {"company": "@acme", "lines": [{"description": "Chair", "qty": 1, "unit_price": "33.33"}, {"description": "Table", "qty": 1, "unit_price": "66.67"}]} as a;
        invoicing_invoice_issue {"invoice": "@a"};
        invoicing_invoice_create {"company": "@oak", "lines": [{"description": "chair", "qty": 2, "unit_price": "30"}]} as b;
        invoicing_invoice_issue {"invoice": "@b"};
        invoicing_credit_note_create {"invoice": "@b", "lines": [{"line": 1, "qty": 1}], "reason": "return", "issue": true} as cn"#;

    fn report(fixture: &Fixture, group: &str, more: &str) -> Value {
        let args = format!(r#"{{"from": "2026-03-01", "to": "2026-03-31", "group_by": "{group}"{more}}}"#);
        fixture.call("invoicing_revenue_report", &args).json()
    }

    #[test]
    fn every_grouping_comes_to_the_same() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        for group in ["month", "customer", "product", "country"] {
            assert_eq!(report(&fixture, group, "")["net"], "130.00", "{group}");
        }
        let rows = report(&fixture, "product", "")["rows"].clone();
        assert_eq!((&rows[0]["key"], &rows[0]["net"]), (&json!("table"), &json!("66.67")), "{rows}");
        assert_eq!((&rows[1]["key"], &rows[1]["net"]), (&json!("chair"), &json!("63.33")));
    }

    #[test]
    fn months_are_compared_with_the_months_before() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        fixture.set_clock("2026-04-10T10:00:00Z");
        let april = fixture
            .call("invoicing_revenue_report", r#"{"from": "2026-04-01", "to": "2026-04-30", "group_by": "month", "compare_to": "previous"}"#)
            .json();
        assert_eq!(april["previous"], "130.00", "{april}");
        assert_eq!(april["change"], "-100");
        assert_eq!((&april["rows"][0]["key"], &april["rows"][0]["net"]), (&json!("2026-04"), &json!("0.00")));
        let first = report(&fixture, "customer", r#", "limit": 1"#);
        let cursor = format!(r#", "limit": 1, "cursor": {}"#, first["next_cursor"]);
        assert_eq!(report(&fixture, "customer", &cursor)["rows"][0]["label"], "Oak");
    }
}
