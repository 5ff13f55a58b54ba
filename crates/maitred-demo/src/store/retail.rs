//! The rows of trade that an import brings in, many at a time.
//!
//! The modules that own these tables need not be compiled in with the importer, so their rows are written here by name.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use maitred_core::cx::{Reader, Writer};
use maitred_core::error::ToolResult;
use maitred_kernel::tokens;
use maitred_store::{Bulk, Param, params, search};

/// Orders: id, time of both stamps, number, company, contact, buyer, net, moment of agreement.
pub static ORDER: Bulk = Bulk::new(
    "INSERT INTO sales_order (id, version, created_at, updated_at, number, source, status, company_id, contact_id, buyer, \
     priority, currency, includes_tax, net, tax, gross, confirmed_at) VALUES",
    "($, 1, $, $, $, 'staff', 'closed', $, $, $, 0, 'GBP', 0, $, 0, $, $)",
);
/// Their lines: id, stamps, order, position, variant, SKU, description, kind, ordered, shipped, invoiced, price, net.
pub static ORDER_LINE: Bulk = Bulk::new(
    "INSERT INTO order_line (id, version, created_at, updated_at, order_id, position, variant_id, sku, description, kind, \
     unit, ordered, reserved, shipped, cancelled, returned, invoiced, unit_price, discount_bp, tax_class, tax_category, \
     tax_rate_bp, net, price_source, backorder) VALUES",
    "($, 1, $, $, $, $, $, $, $, $, 'C62', $, 0, $, 0, 0, $, $, 0, 'zero', 'O', 0, $, 'import', 0)",
);
/// Shipments: id, stamps, number, order, location, its name, when twice.
pub static SHIPMENT: Bulk = Bulk::new(
    "INSERT INTO shipment (id, version, created_at, updated_at, number, order_id, location_id, location_name, status, \
     shipped_at, delivered_at) VALUES",
    "($, 1, $, $, $, $, $, $, 'delivered', $, $)",
);
/// Their lines: id, stamps, shipment, order line, quantity.
pub static SHIPMENT_LINE: Bulk = Bulk::new(
    "INSERT INTO shipment_line (id, version, created_at, updated_at, shipment_id, order_line_id, quantity) VALUES",
    "($, 1, $, $, $, $, $)",
);
/// Moves of stock: id, posted, happened, variant, from, to, quantity, kind, reason, kind and id of the document.
pub static MOVE: Bulk = Bulk::new(
    "INSERT INTO stock_move (id, created_at, at, variant_id, from_id, to_id, quantity, kind, reason, ref_kind, ref_id) VALUES",
    "($, $, $, $, $, $, $, $, $, $, $)",
);
/// Invoices and credit notes, drafts at first: id, stamps, series, kind, company, corrected one, reason, source, day,
/// due day, supply twice, rate, sums, credited, allocated, balance, both sides.
pub static INVOICE: Bulk = Bulk::new(
    "INSERT INTO invoice (id, version, created_at, updated_at, series, kind, company_id, corrects_id, reason_code, \
     source_kind, status, issue_date, due_date, net_days, supply_from, supply_to, currency, fx_rate, includes_tax, \
     tax_rounding, lines_net, allowances, charges, net, tax, gross, prepaid, rounding, allocated, credited, written_off, \
     balance, collection, seller, buyer) VALUES",
    "($, 1, $, $, $, $, $, $, $, $, 'draft', $, $, 30, $, $, 'GBP', $, 0, 'per_group', $, 0, 0, $, 0, $, 0, 0, 0, 0, 0, $, \
     'none', $, $)",
);
/// Their lines: id, stamps, document, position, variant, SKU, description, quantity, price, net, service, credited
/// quantity, corrected line.
pub static INVOICE_LINE: Bulk = Bulk::new(
    "INSERT INTO invoice_line (id, version, created_at, updated_at, invoice_id, position, variant_id, sku, description, \
     quantity, unit, unit_price, base_qty, discount_bp, net, service, tax_class, tax_category, tax_rate_bp, credited_qty, \
     corrected_line_id) VALUES",
    "($, 1, $, $, $, $, $, $, $, $, 'C62', $, 1000, 0, $, $, 'zero', 'O', 0, $, $)",
);
/// Their taxes: id, stamps, document, what is taxed.
pub static INVOICE_TAX: Bulk = Bulk::new(
    "INSERT INTO invoice_tax (id, version, created_at, updated_at, invoice_id, category, rate_bp, taxable, tax) VALUES",
    "($, 1, $, $, $, 'O', 0, $, 0)",
);
/// What bills what: id, stamps, order line, quantity, invoice line.
pub static BILLED: Bulk = Bulk::new(
    "INSERT INTO billable_link (id, version, created_at, updated_at, unit_kind, unit_id, quantity, invoice_line_id) VALUES",
    "($, 1, $, $, 'order_line', $, $, $)",
);
/// Credit that was applied: id, stamps, credit note, invoice, amount, day.
pub static ALLOCATION: Bulk = Bulk::new(
    "INSERT INTO allocation (id, version, created_at, updated_at, credit_note_id, invoice_id, amount, day) VALUES",
    "($, 1, $, $, $, $, $, $)",
);
/// Products: id, stamps, name, its key, kind, whether stock is kept.
pub static PRODUCT: Bulk = Bulk::new(
    "INSERT INTO product (id, version, created_at, updated_at, name, name_key, kind, status, unit, tax_class, tracked, \
     allow_backorder, min_qty, multiple, lead_time_days, attributes, client_visible, public_visible) VALUES",
    "($, 1, $, $, $, $, $, 'active', 'C62', 'zero', $, 0, 1000, 1000, 0, '{}', 1, 0)",
);
/// Variants: id, stamps, product, SKU, its key.
pub static VARIANT: Bulk = Bulk::new(
    "INSERT INTO variant (id, version, created_at, updated_at, product_id, sku, sku_key, options, status) VALUES",
    "($, 1, $, $, $, $, $, '{}', 'active')",
);
/// Prices: id, stamps, list, variant, price, first and last day.
pub static PRICE: Bulk = Bulk::new(
    "INSERT INTO price_point (id, version, created_at, updated_at, price_list_id, variant_id, currency, min_qty, \
     unit_price, valid_from, valid_to) VALUES",
    "($, 1, $, $, $, $, 'GBP', 0, $, $, $)",
);
/// Levels of stock: variant, location, how much.
pub static LEVEL: Bulk =
    Bulk::new("INSERT INTO stock_level (variant_id, location_id, on_hand, reserved) VALUES", "($, $, $, 0)");

/// Rows that wait to be written.
pub struct Rows {
    table: &'static Bulk,
    values: Vec<Param<'static>>,
}

impl Rows {
    /// None yet.
    pub fn of(table: &'static Bulk) -> Self {
        Self { table, values: Vec::new() }
    }

    /// One more row; its values in the order of the table's.
    pub fn push<const N: usize>(&mut self, values: [Param<'static>; N]) {
        debug_assert_eq!(N, self.table.width(), "values of a row");
        self.values.extend(values);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.values.len() / self.table.width()
    }

    /// Writes them.
    pub fn write(&mut self, db: &Writer<'_>) -> ToolResult<()> {
        db.tx().insert_all(self.table, &self.values)?;
        self.values.clear();
        Ok(())
    }
}

/// Makes a draft a final document.
pub fn issue(db: &Writer<'_>, invoice: &str, number: &str) -> ToolResult<()> {
    db.execute("UPDATE invoice SET status = 'issued', number = $1 WHERE id = $2", params![number, invoice])?;
    Ok(())
}

/// Makes a product findable.
pub fn index_product(db: &Writer<'_>, product: &str, name: &str, sku: &str, sku_key: &str) -> ToolResult<()> {
    let mut words = vec![(sku_key.to_owned(), 12)];
    words.extend(tokens(name).into_iter().map(|token| (token, 10)));
    words.extend(tokens(sku).into_iter().map(|token| (token, 8)));
    search::put(db.tx(), "product", product, &words)?;
    Ok(())
}

/// Makes an order findable by its number and its buyer.
pub fn index_order(db: &Writer<'_>, order: &str, number: &str, buyer: &[String]) -> ToolResult<()> {
    let mut words: Vec<(String, i64)> = tokens(number).into_iter().map(|token| (token, 50)).collect();
    words.extend(buyer.iter().map(|token| (token.clone(), 30)));
    search::put(db.tx(), "order", order, &words)?;
    Ok(())
}

/// What an earlier import, or the first part of one that was interrupted, brought in.
#[derive(Debug, Default)]
pub struct Known {
    /// Numbers of orders.
    pub orders: BTreeSet<String>,
    /// Numbers of invoices and credit notes.
    pub invoices: BTreeSet<String>,
    /// Numbers of adjustments.
    pub adjustments: BTreeSet<String>,
    /// Reasons of write-offs.
    pub write_offs: BTreeSet<String>,
}

/// Reads what is there.
pub fn known(db: &Reader<'_>, source: &str) -> ToolResult<Known> {
    let texts = |rows: Vec<(String,)>| rows.into_iter().map(|(text,)| text).collect();
    Ok(Known {
        orders: texts(db.all("SELECT number FROM sales_order", &[])?),
        invoices: texts(db.all("SELECT number FROM invoice WHERE number IS NOT NULL", &[])?),
        adjustments: texts(db.all(
            "SELECT DISTINCT ref_id FROM stock_move WHERE ref_kind = $1 AND ref_id IS NOT NULL",
            params![source],
        )?),
        write_offs: texts(db.all("SELECT reason FROM write_off", &[])?),
    })
}

/// Variants by the keys of their SKUs.
pub fn variants(db: &Reader<'_>) -> ToolResult<HashMap<String, String>> {
    Ok(db.all::<(String, String)>("SELECT sku_key, id FROM variant", &[])?.into_iter().collect())
}

/// Who bought.
#[derive(Clone, Debug)]
pub struct Buyer {
    /// Id of the company.
    pub company: String,
    /// Its name.
    pub name: String,
    /// Its primary contact.
    pub contact: Option<String>,
}

/// Customers by their numbers; those that a merge has absorbed lead to who was kept.
pub fn customers(db: &Reader<'_>) -> ToolResult<BTreeMap<String, Buyer>> {
    const KEPT: &str = "SELECT c.registration_no, c.id, c.name, l.contact_id FROM company c \
         LEFT JOIN company_contact l ON l.company_id = c.id AND l.is_primary = 1 WHERE c.registration_no IS NOT NULL";
    const ABSORBED: &str = "SELECT m.absorbed_json, c.id, c.name, l.contact_id FROM merge_log m \
         JOIN company c ON c.id = m.kept_id \
         LEFT JOIN company_contact l ON l.company_id = c.id AND l.is_primary = 1 WHERE m.entity = 'company'";
    let mut found = BTreeMap::new();
    for (number, company, name, contact) in db.all::<(String, String, String, Option<String>)>(KEPT, &[])? {
        found.insert(number, Buyer { company, name, contact });
    }
    for (json, company, name, contact) in db.all::<(String, String, String, Option<String>)>(ABSORBED, &[])? {
        let mut numbers = BTreeSet::new();
        crate::store::collect_numbers(&serde_json::from_str(&json).unwrap_or_default(), &mut numbers);
        let buyer = Buyer { company, name, contact };
        for number in numbers {
            found.entry(number).or_insert_with(|| buyer.clone());
        }
    }
    Ok(found)
}

/// The company that goes by a name, when there is one.
pub fn company_named(db: &Reader<'_>, name: &str) -> ToolResult<Option<String>> {
    let found: Option<(String,)> =
        db.one("SELECT id FROM company WHERE name = $1 ORDER BY id LIMIT 1", params![name])?;
    Ok(found.map(|(id,)| id))
}

/// The first warehouse from which is sold: id and name.
pub fn warehouse(db: &Reader<'_>) -> ToolResult<Option<(String, String)>> {
    Ok(db.one(
        "SELECT id, name FROM location WHERE sellable = 1 AND retired_at IS NULL ORDER BY priority, name_key LIMIT 1",
        &[],
    )?)
}

/// The id of a price list, when there is one.
pub fn price_list(db: &Reader<'_>, code_key: &str) -> ToolResult<Option<String>> {
    let found: Option<(String,)> =
        db.one("SELECT id FROM price_list WHERE code_key = $1", params![code_key])?;
    Ok(found.map(|(id,)| id))
}

/// Makes a base price list in pounds without tax.
pub fn make_price_list(
    db: &Writer<'_>,
    now: &str,
    code: &str,
    code_key: &str,
    name: &str,
) -> ToolResult<String> {
    let id = db.fresh_id();
    db.execute(
        "INSERT INTO price_list (id, version, created_at, updated_at, code, code_key, name, kind, currency, \
         prices_include_tax, priority) VALUES ($1, 1, $2, $2, $3, $4, $5, 'base', 'GBP', 0, 0)",
        params![id, now, code, code_key, name],
    )?;
    Ok(id)
}

/// What lies in the warehouse that is sold from, thousandths by variant.
pub fn levels(db: &Reader<'_>) -> ToolResult<HashMap<String, i64>> {
    let Some((warehouse, _)) = warehouse(db)? else { return Ok(HashMap::new()) };
    let rows: Vec<(String, i64)> =
        db.all("SELECT variant_id, on_hand FROM stock_level WHERE location_id = $1", params![warehouse])?;
    Ok(rows.into_iter().collect())
}

/// Adds to what is on hand.
pub fn add_to_level(db: &Writer<'_>, variant: &str, location: &str, thousandths: i64) -> ToolResult<()> {
    db.execute(
        "UPDATE stock_level SET on_hand = on_hand + $1 WHERE variant_id = $2 AND location_id = $3",
        params![thousandths, variant, location],
    )?;
    Ok(())
}

/// Id and balance of an invoice by its number.
pub fn invoice(db: &Reader<'_>, number: &str) -> ToolResult<Option<(String, i64)>> {
    Ok(db.one("SELECT id, balance FROM invoice WHERE number = $1", params![number])?)
}

/// Id of a line of an invoice.
pub fn invoice_line(db: &Reader<'_>, invoice: &str, position: i64) -> ToolResult<Option<String>> {
    let found: Option<(String,)> = db.one(
        "SELECT id FROM invoice_line WHERE invoice_id = $1 AND position = $2",
        params![invoice, position],
    )?;
    Ok(found.map(|(id,)| id))
}

/// Applies a credit note to the invoice that it corrects.
pub fn apply(db: &Writer<'_>, note: &str, invoice: &str, amount: i64) -> ToolResult<()> {
    db.execute(
        "UPDATE invoice SET allocated = allocated + $1, balance = balance - $1, \
         status = CASE WHEN balance = $1 THEN 'paid' ELSE 'partially_paid' END WHERE id = $2",
        params![amount, note],
    )?;
    db.execute(
        "UPDATE invoice SET credited = credited + $1, balance = balance - $1, \
         status = CASE WHEN balance <> $1 THEN 'partially_paid' WHEN written_off > 0 THEN 'written_off' \
         WHEN allocated = 0 THEN 'credited' ELSE 'paid' END WHERE id = $2",
        params![amount, invoice],
    )?;
    Ok(())
}

/// The newest invoice of a company, of those issued by a day, with at least so much left to pay.
pub fn owing(db: &Reader<'_>, company: &str, by: &str, least: i64) -> ToolResult<Option<String>> {
    let found: Option<(String,)> = db.one(
        "SELECT id FROM invoice WHERE company_id = $1 AND kind = 'invoice' AND issue_date <= $2 AND balance >= $3 \
         ORDER BY issue_date DESC, number DESC LIMIT 1",
        params![company, by, least],
    )?;
    Ok(found.map(|(id,)| id))
}

/// The newest invoice of a company of which at least so much was given up.
pub fn given_up(db: &Reader<'_>, company: &str, least: i64) -> ToolResult<Option<String>> {
    let found: Option<(String,)> = db.one(
        "SELECT id FROM invoice WHERE company_id = $1 AND written_off >= $2 ORDER BY issue_date DESC, number DESC LIMIT 1",
        params![company, least],
    )?;
    Ok(found.map(|(id,)| id))
}

/// Gives up a part of what is owed on an invoice, or with less than nothing takes that back.
pub fn write_off(
    db: &Writer<'_>,
    now: &str,
    invoice: &str,
    day: &str,
    amount: i64,
    reason: &str,
) -> ToolResult<()> {
    let cause = if amount > 0 { "insolvency" } else { "reopened" };
    db.execute(
        "INSERT INTO write_off (id, version, created_at, updated_at, invoice_id, amount, day, cause, reason, tax_relief) \
         VALUES ($1, 1, $2, $2, $3, $4, $5, $6, $7, 0)",
        params![db.fresh_id(), now, invoice, amount, day, cause, reason],
    )?;
    db.execute(
        "UPDATE invoice SET written_off = written_off + $1, balance = balance - $1, \
         status = CASE WHEN balance = $1 THEN 'written_off' ELSE 'partially_paid' END WHERE id = $2",
        params![amount, invoice],
    )?;
    Ok(())
}
