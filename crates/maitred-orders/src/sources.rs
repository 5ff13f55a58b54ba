//! What orders gives to other modules: search, exports, briefs, open work, dependents, documents of deals.

use maitred_core::args::{Object, parse_object};
use maitred_core::mode::Module;
use maitred_core::prelude::*;
use maitred_kernel::{format_minor, tokens};
use maitred_party::org::today;
use maitred_party::sources::{
    BriefSource, DealDocument, DealDocuments, Dependents, ExportSource, Hit, OpenWork, SearchSource,
    export_rows,
};
use maitred_party::{CompanyId, ContactId, MemberId};
use serde_json::{Value, json};

use crate::model::{Order, OrderStatus, Quote};
use crate::ranked;
use crate::snapshot::Buyer;
use crate::states::quote_status;
use crate::store::{order_search, orders, quotes, returns, shipments};
use crate::tools::{order_search as order_tool, quote_search, return_search, sales_report};
use crate::views;

/// Score of a hit by number.
const EXACT: i64 = 1_000;
/// Records named by those who ask what depends on something.
const NAMED: usize = 10;

/// Finds orders, quotes, shipments and returns.
pub struct OrderFinder;

impl SearchSource for OrderFinder {
    fn module(&self) -> Module {
        Module::Orders
    }
    fn kinds(&self) -> &'static [&'static str] {
        &["order", "quote", "shipment", "return"]
    }
    fn entities(&self) -> &'static [&'static str] {
        &[
            "sales_order",
            "order_line",
            "quote",
            "quote_line",
            "shipment",
            "shipment_line",
            "goods_return",
            "return_line",
        ]
    }
    fn search(&self, db: &Reader<'_>, text: &str, limit: usize) -> ToolResult<Vec<Hit>> {
        let mut hits = Vec::new();
        let terms = tokens(text);
        let sees = |tool: &str| db.menu().find(tool).is_some();
        if sees("orders_order_get") {
            hits.extend(
                orders::by_number(db, text)?.map(|order| order_hit(order, "number", EXACT)).transpose()?,
            );
            for (score, id) in order_search::text_hits(db, &terms, limit)? {
                if let Some(order) = db.get::<Order>(&id)? {
                    hits.push(order_hit(order, "text", score.min(EXACT - 1))?);
                }
            }
            if let Some(shipment) = shipments::by_number(db, text)? {
                let order = orders::get(db, &shipment.order_id)?;
                hits.push(Hit {
                    kind: "shipment",
                    id: shipment.id.0,
                    number: Some(shipment.number),
                    label: format!("of {}", order.number),
                    why: "number",
                    score: EXACT,
                });
            }
        }
        if sees("orders_quote_get") {
            let newest = quotes::revisions(db, &text.trim().to_uppercase())?.into_iter().next();
            hits.extend(newest.map(|quote| quote_hit(quote, "number", EXACT)).transpose()?);
            for (score, id) in quotes::text_hits(db, &terms, limit)? {
                if let Some(quote) = db.get::<Quote>(&id)? {
                    hits.push(quote_hit(quote, "text", score.min(EXACT - 1))?);
                }
            }
        }
        if sees("orders_return_search")
            && let Some(found) = returns::by_number(db, text)?
        {
            let order = orders::get(db, &found.order_id)?;
            hits.push(Hit {
                kind: "return",
                id: found.id.0,
                number: Some(found.number),
                label: format!("of {}", order.number),
                why: "number",
                score: EXACT,
            });
        }
        hits.sort_by(|a: &Hit, b: &Hit| b.score.cmp(&a.score).then_with(|| a.id.cmp(&b.id)));
        let mut seen = std::collections::HashSet::new();
        hits.retain(|hit| seen.insert(hit.id.clone()));
        hits.truncate(limit);
        Ok(hits)
    }
}

fn order_hit(order: Order, why: &'static str, score: i64) -> ToolResult<Hit> {
    let label = Buyer::parse(&order.buyer)?.name;
    Ok(Hit { kind: "order", id: order.id.0, number: Some(order.number), label, why, score })
}

fn quote_hit(quote: Quote, why: &'static str, score: i64) -> ToolResult<Hit> {
    let label = Buyer::parse(&quote.buyer)?.name;
    Ok(Hit { kind: "quote", id: quote.id.0, number: Some(quote.number), label, why, score })
}

/// The rows of `orders_order_search`.
pub struct OrderExport;
/// The rows of `orders_quote_search`.
pub struct QuoteExport;
/// The rows of `orders_return_search`.
pub struct ReturnExport;
/// The rows of `orders_sales_report`.
pub struct SalesExport;

impl ExportSource for OrderExport {
    fn dataset(&self) -> &'static str {
        "orders_order_search"
    }
    fn export(
        &self,
        db: &Reader<'_>,
        filter: &str,
        fields: Option<&[String]>,
        row: &mut dyn FnMut(&str) -> ToolResult<bool>,
    ) -> ToolResult<()> {
        let args = parse_object::<order_tool::Args>(Object::parse(filter)?)?;
        args.exportable()?;
        let filter = args.filter(db)?;
        let mask = FieldMask::of(fields, FieldMask::summary())?;
        let read = |page: &Page| order_search::search(db, &filter, page);
        let view = |found: Order| views::order(db, &found);
        export_rows(db, order_search::KEYS, mask, read, order_search::key, view, row)
    }
}

impl ExportSource for QuoteExport {
    fn dataset(&self) -> &'static str {
        "orders_quote_search"
    }
    fn export(
        &self,
        db: &Reader<'_>,
        filter: &str,
        fields: Option<&[String]>,
        row: &mut dyn FnMut(&str) -> ToolResult<bool>,
    ) -> ToolResult<()> {
        let filter = parse_object::<quote_search::Args>(Object::parse(filter)?)?.filter(db)?;
        let mask = FieldMask::of(fields, FieldMask::summary())?;
        let read = |page: &Page| quotes::search(db, &filter, page);
        let view = |found: Quote| views::quote(db, &found);
        export_rows(db, quotes::KEYS, mask, read, quotes::key, view, row)
    }
}

impl ExportSource for ReturnExport {
    fn dataset(&self) -> &'static str {
        "orders_return_search"
    }
    fn export(
        &self,
        db: &Reader<'_>,
        filter: &str,
        fields: Option<&[String]>,
        row: &mut dyn FnMut(&str) -> ToolResult<bool>,
    ) -> ToolResult<()> {
        let filter = parse_object::<return_search::Args>(Object::parse(filter)?)?.filter(db)?;
        let mask = FieldMask::of(fields, FieldMask::summary())?;
        let read = |page: &Page| returns::search(db, &filter, page);
        let view = |found: crate::model::Return| views::goods_return(db, &found);
        export_rows(db, returns::KEYS, mask, read, returns::key, view, row)
    }
}

impl ExportSource for SalesExport {
    fn dataset(&self) -> &'static str {
        "orders_sales_report"
    }
    fn export(
        &self,
        db: &Reader<'_>,
        filter: &str,
        fields: Option<&[String]>,
        row: &mut dyn FnMut(&str) -> ToolResult<bool>,
    ) -> ToolResult<()> {
        let args = parse_object::<sales_report::Args>(Object::parse(filter)?)?;
        let mask = FieldMask::of(fields, FieldMask::summary())?;
        let rows = ranked::sorted(sales_report::keyed(&args, sales_report::rows(db, &args)?));
        let margin = sales_report::shows_margin(db);
        for found in rows {
            let json = serde_json::to_string(&Selected::new(found.view(margin), mask))
                .map_err(ToolError::internal)?;
            if !row(&json)? {
                break;
            }
        }
        Ok(())
    }
}

/// Orders and returns of a company that are under way.
pub struct OrderBrief;
/// Quotes that wait for an answer of a company.
pub struct QuoteBrief;

impl BriefSource for OrderBrief {
    fn module(&self) -> Module {
        Module::Orders
    }
    fn section(&self) -> &'static str {
        "open_orders"
    }
    fn brief(&self, db: &Reader<'_>, company: &CompanyId) -> ToolResult<Option<String>> {
        let today = today(db)?;
        let mut rows: Vec<Value> = Vec::new();
        for order in orders::open_of(db, company)? {
            let lines = orders::lines(db, &order.id)?;
            rows.push(json!({
                "number": order.number,
                "status": order.status.as_str(),
                "gross": format_minor(order.gross, order.currency),
                "currency": order.currency.code(),
                "promise_date": order.promise_date.map(|day| day.to_string()),
                "late": views::is_late(&order, &lines, today),
                "on_hold": order.hold_reason.is_some(),
            }));
        }
        let back: Vec<Value> = returns::open_of(db, company)?
            .into_iter()
            .map(|found| json!({ "number": found.number, "status": found.status.as_str() }))
            .collect();
        Ok((!rows.is_empty() || !back.is_empty())
            .then(|| json!({ "orders": rows, "returns": back }).to_string()))
    }
}

impl BriefSource for QuoteBrief {
    fn module(&self) -> Module {
        Module::Orders
    }
    fn section(&self) -> &'static str {
        "open_quotes"
    }
    fn brief(&self, db: &Reader<'_>, company: &CompanyId) -> ToolResult<Option<String>> {
        let rows: Vec<Value> = quotes::open_of(db, company, today(db)?)?
            .into_iter()
            .map(|quote| {
                json!({
                    "number": quote.number,
                    "gross": format_minor(quote.gross, quote.currency),
                    "currency": quote.currency.code(),
                    "valid_until": quote.valid_until.to_string(),
                })
            })
            .collect();
        Ok((!rows.is_empty()).then(|| json!(rows).to_string()))
    }
}

/// What keeps a company or contact from being archived.
pub struct OrderDependents;

impl Dependents for OrderDependents {
    fn of_company(&self, db: &Reader<'_>, company: &CompanyId) -> ToolResult<Vec<String>> {
        let mut open: Vec<String> = orders::open_of(db, company)?
            .into_iter()
            .map(|order| format!("order {} is {}", order.number, order.status))
            .collect();
        open.extend(
            quotes::open_of(db, company, today(db)?)?
                .into_iter()
                .map(|quote| format!("quote {} waits for an answer", quote.number)),
        );
        open.extend(
            returns::open_of(db, company)?
                .into_iter()
                .map(|found| format!("return {} is {}", found.number, found.status)),
        );
        open.truncate(NAMED);
        Ok(open)
    }
    fn of_contact(&self, db: &Reader<'_>, contact: &ContactId) -> ToolResult<Vec<String>> {
        let open = orders::open_of_contact(db, contact, NAMED as i64)?;
        Ok(open.into_iter().map(|(number, status)| format!("order {number} is {status}")).collect())
    }
}

/// Orders under way of a member who leaves.
pub struct OrderWork;
/// Open quotes of a member who leaves.
pub struct QuoteWork;

impl OpenWork for OrderWork {
    fn kind(&self) -> &'static str {
        "orders"
    }
    fn count(&self, db: &Reader<'_>, member: &str) -> ToolResult<i64> {
        Ok(orders::owned_by(db, member)?.len() as i64)
    }
    fn reassign(&self, db: &Writer<'_>, from: &str, to: &str) -> ToolResult<i64> {
        let owned = orders::owned_by(db, from)?;
        for before in &owned {
            let mut after = Order { owner_id: Some(MemberId(to.to_owned())), ..before.clone() };
            db.update(before, &mut after)?;
        }
        Ok(owned.len() as i64)
    }
}

impl OpenWork for QuoteWork {
    fn kind(&self) -> &'static str {
        "quotes"
    }
    fn count(&self, db: &Reader<'_>, member: &str) -> ToolResult<i64> {
        Ok(quotes::owned_by(db, member)?.len() as i64)
    }
    fn reassign(&self, db: &Writer<'_>, from: &str, to: &str) -> ToolResult<i64> {
        let owned = quotes::owned_by(db, from)?;
        for before in &owned {
            let mut after = Quote { owner_id: Some(MemberId(to.to_owned())), ..before.clone() };
            db.update(before, &mut after)?;
        }
        Ok(owned.len() as i64)
    }
}

/// Quotes and orders of a deal.
pub struct Documents;

impl DealDocuments for Documents {
    fn of_deal(&self, db: &Reader<'_>, deal: &str) -> ToolResult<Vec<DealDocument>> {
        let today = today(db)?;
        let offered = quotes::of_deal(db, deal)?.into_iter().map(|quote| DealDocument {
            kind: "quote",
            status: quote_status(&quote, today).as_str().to_owned(),
            total: format_minor(quote.gross, quote.currency),
            currency: quote.currency.code().to_owned(),
            id: quote.id.0,
            number: quote.number,
        });
        let agreed = orders::of_deal(db, deal)?.into_iter().map(|order| DealDocument {
            kind: "order",
            status: order.status.as_str().to_owned(),
            total: format_minor(order.gross, order.currency),
            currency: order.currency.code().to_owned(),
            id: order.id.0,
            number: order.number,
        });
        let mut all: Vec<DealDocument> = offered.chain(agreed).collect();
        // Ids are ordered by time.
        all.sort_by(|a, b| b.id.cmp(&a.id));
        Ok(all)
    }
    fn confirmed_order(&self, db: &Reader<'_>, deal: &str) -> ToolResult<Option<String>> {
        let agreed = |order: &Order| {
            !matches!(
                order.status,
                OrderStatus::Draft | OrderStatus::PendingApproval | OrderStatus::Cancelled
            )
        };
        Ok(orders::of_deal(db, deal)?.into_iter().find(agreed).map(|order| order.number))
    }
}
