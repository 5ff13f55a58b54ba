//! Orders, prices and invoices by hand: what the product's tools answer, read with as few statements as it takes.
//!
//! Money and quantities stay the integers that are stored; nobody is asked whether they may see them.

use anyhow::{Context, Result, bail};
use rusqlite::{Connection, params_from_iter};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::hand::{many, members};
use crate::calls;

/// Rows of a page.
const PAGE: u32 = 25;

const ORDER: &str = "\
    SELECT o.id, o.version, o.number, o.status, o.source, c.id AS \"company.id\", c.name AS \"company.name\", \
           t.id AS \"contact.id\", COALESCE(t.given_name || ' ', '') || t.family_name AS \"contact.name\", \
           o.currency, o.net, o.tax, o.gross, o.confirmed_at, o.created_at \
      FROM sales_order o JOIN company c ON c.id = o.company_id LEFT JOIN contact t ON t.id = o.contact_id \
     WHERE o.number = $1";
const ORDER_LINES: &str = "\
    SELECT position AS line, sku, description, unit, ordered, shipped, invoiced, unit_price, tax_rate_bp AS tax_rate, \
           tax_category, net, price_source \
      FROM order_line WHERE order_id = $1 ORDER BY position";
const SHIPMENTS: &str = "\
    SELECT id, number, status, location_name AS location, shipped_at, delivered_at FROM shipment WHERE order_id = $1 \
     ORDER BY id";
const SHIPMENT_LINES: &str = "\
    SELECT l.position AS line, l.sku, l.description, p.quantity \
      FROM shipment_line p JOIN order_line l ON l.id = p.order_line_id WHERE p.shipment_id = $1 ORDER BY l.position";
const RETURNS: &str = "SELECT id, number, status FROM goods_return WHERE order_id = $1 ORDER BY id";
const DOCUMENTS: &str = "\
    SELECT i.kind, i.number, i.status, i.gross, i.balance, i.currency, i.due_date AS due FROM invoice i WHERE i.id IN \
           (SELECT n.invoice_id FROM order_line l JOIN billable_link b ON b.unit_id = l.id \
              JOIN invoice_line n ON n.id = b.invoice_line_id WHERE l.order_id = $1) ORDER BY i.id";

const BUYER: &str = "\
    SELECT c.name, t.price_list_id FROM company c LEFT JOIN customer_terms t ON t.id = c.id WHERE c.id = $1";
const VARIANT: &str = "\
    SELECT v.id, v.sku, p.name, p.unit FROM variant v JOIN product p ON p.id = v.product_id WHERE v.sku_key = $1";
const OWN_POINTS: &str = "\
    SELECT variant_id, unit_price, min_qty, valid_from FROM price_point \
     WHERE company_id = $1 AND (valid_to IS NULL OR valid_to >= $2)";

const INVOICES: &str = "\
    SELECT i.id, i.version, i.number, i.kind, c.name AS company, i.status, i.due_date < ?2 AS \"overdue?\", i.issue_date, \
           i.due_date, i.currency, i.gross, i.balance \
      FROM invoice i JOIN company c ON c.id = i.company_id WHERE i.company_id = ?1 AND i.status <> 'discarded' \
     ORDER BY i.id DESC LIMIT ?3";

#[derive(Deserialize)]
struct OrderArgs<'a> {
    order: &'a str,
}

#[derive(Deserialize)]
struct QuoteArgs<'a> {
    #[serde(borrow)]
    lines: Vec<QuoteLine<'a>>,
    company: &'a str,
    date: &'a str,
}

#[derive(Deserialize)]
struct QuoteLine<'a> {
    product: &'a str,
    qty: i64,
}

#[derive(Deserialize)]
struct InvoiceArgs<'a> {
    company: &'a str,
}

/// The text of a tool's answer; `None` for a tool that is not one of these.
///
/// # Errors
/// When what is asked for is not there, or the arguments do not fit.
pub fn tool(connection: &Connection, name: &str, arguments: &str) -> Result<Option<Vec<u8>>> {
    let mut text = Vec::with_capacity(16 * 1024);
    // The statements see one state, as they do in the product's transaction.
    let transaction = connection.unchecked_transaction()?;
    match name {
        calls::ORDER_GET => {
            let args: OrderArgs<'_> = serde_json::from_str(arguments)?;
            order(&transaction, args.order, &mut text)?;
        }
        calls::PRICE_QUOTE => quote(&transaction, &serde_json::from_str(arguments)?, &mut text)?,
        calls::INVOICE_SEARCH => {
            let args: InvoiceArgs<'_> = serde_json::from_str(arguments)?;
            text.extend_from_slice(b"{\"documents\":");
            many(&transaction, INVOICES, (args.company, calls::TODAY, PAGE), &mut text)?;
            text.push(b'}');
        }
        _ => return Ok(None),
    }
    Ok(Some(text))
}

fn order(connection: &Connection, number: &str, text: &mut Vec<u8>) -> Result<()> {
    let mut statement = connection.prepare_cached(ORDER)?;
    let mut rows = statement.query([number])?;
    let Some(row) = rows.next()? else { bail!("no order `{number}`") };
    let id: String = row.get(0)?;
    text.extend_from_slice(b"{\"order\":{");
    members(row, 0, text)?;
    text.extend_from_slice(b",\"lines\":");
    many(connection, ORDER_LINES, [&id], text)?;
    text.extend_from_slice(b"},\"shipments\":[");
    let mut shipments = connection.prepare_cached(SHIPMENTS)?;
    let mut shipments = shipments.query([&id])?;
    let mut first = true;
    while let Some(row) = shipments.next()? {
        text.extend_from_slice(if first { b"{" } else { b",{" });
        first = false;
        members(row, 0, text)?;
        text.extend_from_slice(b",\"lines\":");
        many(connection, SHIPMENT_LINES, [row.get::<_, String>(0)?], text)?;
        text.push(b'}');
    }
    text.extend_from_slice(b"],\"returns\":");
    many(connection, RETURNS, [&id], text)?;
    text.extend_from_slice(b",\"documents\":");
    many(connection, DOCUMENTS, [&id], text)?;
    text.push(b'}');
    Ok(())
}

struct Point {
    variant: String,
    price: i64,
    least: i64,
    from: String,
}

fn quote(connection: &Connection, args: &QuoteArgs<'_>, text: &mut Vec<u8>) -> Result<()> {
    let (buyer, list): (String, Option<String>) = connection
        .prepare_cached(BUYER)?
        .query_row([args.company], |row| Ok((row.get(0)?, row.get(1)?)))
        .context("no such company")?;
    let mut variants = connection.prepare_cached(VARIANT)?;
    let mut ids = Vec::with_capacity(args.lines.len());
    let mut heads = Vec::with_capacity(args.lines.len());
    for line in &args.lines {
        let mut rows = variants.query([line.product.to_lowercase()])?;
        let Some(row) = rows.next()? else { bail!("no product `{}`", line.product) };
        ids.push(row.get::<_, String>(0)?);
        let mut head = Vec::with_capacity(160);
        members(row, 1, &mut head)?;
        heads.push(head);
    }
    let point = |row: &rusqlite::Row<'_>| {
        Ok(Point { variant: row.get(0)?, price: row.get(1)?, least: row.get(2)?, from: row.get(3)? })
    };
    let own: Vec<Point> = connection
        .prepare_cached(OWN_POINTS)?
        .query_map((args.company, args.date), point)?
        .collect::<Result<_, _>>()?;
    let listed = format!(
        "SELECT p.variant_id, p.unit_price, p.min_qty, p.valid_from FROM price_list l JOIN price_point p \
         ON p.price_list_id = l.id AND p.variant_id IN ({}) WHERE (l.kind IN ('base', 'promotion') OR l.id = ?) \
         AND (l.valid_to IS NULL OR l.valid_to >= ?) AND (p.valid_to IS NULL OR p.valid_to >= ?)",
        vec!["?"; ids.len()].join(", ")
    );
    let bound = ids.iter().map(Some).chain([list.as_ref()]).map(|text| text.map(String::as_str));
    let listed: Vec<Point> = connection
        .prepare_cached(&listed)?
        .query_map(params_from_iter(bound.chain([Some(args.date), Some(args.date)])), point)?
        .collect::<Result<_, _>>()?;
    text.extend_from_slice(b"{\"company\":");
    serde_json::to_writer(&mut *text, &buyer)?;
    text.extend_from_slice(b",\"lines\":[");
    let mut total = 0;
    for (place, (line, (id, head))) in args.lines.iter().zip(ids.iter().zip(&heads)).enumerate() {
        let holds = |point: &&Point| {
            point.variant == *id && point.least <= line.qty * 1000 && point.from.as_str() <= args.date
        };
        let best = |points: &[Point]| {
            points
                .iter()
                .filter(holds)
                .max_by(|a, b| (a.least, &a.from).cmp(&(b.least, &b.from)))
                .map(|p| p.price)
        };
        let price = best(&own).or_else(|| best(&listed)).context("no price")?;
        let amount = (price * line.qty + 5_000) / 10_000;
        total += amount;
        text.extend_from_slice(if place == 0 { b"{" } else { b",{" });
        text.extend_from_slice(head);
        let rest = format!(
            ",\"qty\":\"{}\",\"unit_price\":{price},\"amount\":{amount},\"includes_tax\":false,\"list_price\":{price},\
             \"source\":\"base\",\"discarded\":[]}}",
            line.qty
        );
        text.extend_from_slice(rest.as_bytes());
    }
    let day = RawValue::from_string(serde_json::to_string(args.date)?)?;
    text.extend_from_slice(format!("],\"day\":{day},\"total_excluding_tax\":{total}}}").as_bytes());
    Ok(())
}
