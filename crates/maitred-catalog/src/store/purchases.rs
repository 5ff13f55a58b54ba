//! Orders to suppliers.

use std::collections::HashMap;

use maitred_core::prelude::*;
use maitred_kernel::{Currency, Day, Quantity, Stamp};
use maitred_party::CompanyId;
use maitred_store::value::FromRow;
use maitred_store::{Param, Record, Row, Sql, StoreResult};

use crate::model::{LocationId, PurchaseId, PurchaseLine, PurchaseOrder, PurchaseStatus};

/// What is on its way: how much of a variant on which day; no day where nobody said one.
pub type Incoming = (Option<Day>, Quantity);

/// What of these variants is on its way, soonest first, to a place or to anywhere.
pub fn incoming(
    db: &Reader<'_>,
    variants: &[&str],
    place: Option<&LocationId>,
) -> ToolResult<HashMap<String, Vec<Incoming>>> {
    let mut found: HashMap<String, Vec<Incoming>> = HashMap::new();
    for some in variants.chunks(60) {
        let mut sql = Sql::new(
            "SELECT l.variant_id, o.expected_on, l.ordered - l.received - l.closed_short \
             FROM purchase_line l JOIN purchase_order o ON o.id = l.purchase_id \
             WHERE o.status IN ('sent', 'partially_received') AND l.ordered > l.received + l.closed_short \
             AND l.variant_id IN ",
        );
        sql.bind_list(some);
        if let Some(place) = place {
            sql.and("o.location_id =", place);
        }
        sql.push(" ORDER BY CASE WHEN o.expected_on IS NULL THEN 1 ELSE 0 END, o.expected_on, l.id");
        for (variant, day, open) in db.all_of::<(String, Option<Day>, Quantity)>(&sql)? {
            found.entry(variant).or_default().push((day, open));
        }
    }
    Ok(found)
}

/// The lines of an order, in order.
pub fn lines(db: &Reader<'_>, purchase: &PurchaseId) -> ToolResult<Vec<PurchaseLine>> {
    let mut sql = Sql::new(PurchaseLine::SELECT);
    sql.push(" WHERE purchase_id = ").bind(purchase).push(" ORDER BY position");
    Ok(db.all_of(&sql)?)
}

/// The order a text means: id or number.
///
/// # Errors
/// `not_found` at `field`.
pub fn resolve(db: &Reader<'_>, text: &str, field: &str) -> ToolResult<PurchaseOrder> {
    let text = text.trim();
    if let Some(order) = db.get::<PurchaseOrder>(text)? {
        return Ok(order);
    }
    let mut sql = Sql::new(PurchaseOrder::SELECT);
    sql.push(" WHERE number = ").bind(text.to_uppercase());
    db.one_of(&sql)?.ok_or_else(|| {
        not_found("purchase order", text).field(field).hint("find it with catalog_purchase_search")
    })
}

/// What orders are searched by. Filters that are not given do not narrow.
#[derive(Clone, Debug, Default)]
pub struct PurchaseFilter {
    /// To this supplier.
    pub supplier: Option<CompanyId>,
    /// With a variant of this product.
    pub product: Option<String>,
    /// This far.
    pub status: Option<PurchaseStatus>,
    /// Expected on this day or before.
    pub expected_until: Option<Day>,
    /// Under way and expected before this day.
    pub late_on: Option<Day>,
}

/// An order as a list shows it.
#[derive(Clone, Debug)]
pub struct FoundPurchase {
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// Number.
    pub number: String,
    /// Name of the supplier.
    pub supplier: String,
    /// Name of the location.
    pub location: String,
    /// How far it is.
    pub status: PurchaseStatus,
    /// When the goods are expected.
    pub expected_on: Option<Day>,
    /// Currency.
    pub currency: Currency,
    /// When sent.
    pub sent_at: Option<Stamp>,
}

impl FromRow for FoundPurchase {
    fn from_row(row: &Row<'_>) -> StoreResult<Self> {
        Ok(Self {
            id: row.get(0)?,
            version: row.get(1)?,
            number: row.get(2)?,
            supplier: row.get(3)?,
            location: row.get(4)?,
            status: row.get(5)?,
            expected_on: row.get(6)?,
            currency: row.get(7)?,
            sent_at: row.get(8)?,
        })
    }
}

/// Values in a cursor of [`search`].
pub const KEYS: usize = 1;

impl FoundPurchase {
    /// The key that cursors hold.
    pub fn key(&self) -> Vec<Param<'static>> {
        vec![Param::Text(self.id.clone().into())]
    }
}

fn narrow(sql: &mut Sql, filter: &PurchaseFilter) {
    sql.push(" WHERE 1 = 1");
    if let Some(supplier) = &filter.supplier {
        sql.and("o.company_id =", supplier);
    }
    if let Some(product) = &filter.product {
        sql.push(
            " AND o.id IN (SELECT l.purchase_id FROM purchase_line l JOIN variant v ON v.id = l.variant_id \
             WHERE v.product_id = ",
        );
        sql.bind(product).push(")");
    }
    if let Some(status) = filter.status {
        sql.and("o.status =", status);
    }
    if let Some(day) = filter.expected_until {
        sql.and("o.expected_on <=", day);
    }
    if let Some(day) = filter.late_on {
        sql.push(" AND o.status IN ('sent', 'partially_received')").and("o.expected_on <", day);
    }
}

/// A page of orders, newest first.
pub fn search(db: &Reader<'_>, filter: &PurchaseFilter, page: &Page) -> ToolResult<Vec<FoundPurchase>> {
    let mut sql = Sql::new(
        "SELECT o.id, o.version, o.number, c.name, a.name, o.status, o.expected_on, o.currency, o.sent_at \
         FROM purchase_order o JOIN company c ON c.id = o.company_id JOIN location a ON a.id = o.location_id",
    );
    narrow(&mut sql, filter);
    if let Some([id]) = page.after.as_deref() {
        sql.and("o.id <", id.clone());
    }
    sql.push(" ORDER BY o.id DESC LIMIT ").bind(page.fetch());
    Ok(db.all_of(&sql)?)
}

/// How many orders fit.
pub fn count(db: &Reader<'_>, filter: &PurchaseFilter) -> ToolResult<i64> {
    let mut sql = Sql::new("SELECT COUNT(*) FROM purchase_order o");
    narrow(&mut sql, filter);
    Ok(db.count_of(&sql)?)
}

/// The number of the order of a supplier on which a delivery note was booked before.
pub fn booked_note(db: &Reader<'_>, supplier: &CompanyId, note_key: &str) -> ToolResult<Option<String>> {
    let mut sql = Sql::new(
        "SELECT o.number FROM purchase_receipt r JOIN purchase_order o ON o.id = r.purchase_id WHERE r.note_key = ",
    );
    sql.bind(note_key).and("o.company_id =", supplier).push(" ORDER BY o.id LIMIT 1");
    Ok(db.one_of::<(String,)>(&sql)?.map(|(number,)| number))
}

/// Numbers of orders to a company that are not done, oldest first, at most ten, with how far they are.
pub fn open_of(db: &Reader<'_>, company: &CompanyId) -> ToolResult<Vec<(String, PurchaseStatus)>> {
    let mut sql = Sql::new("SELECT number, status FROM purchase_order WHERE company_id = ");
    sql.bind(company).push(" AND status IN ('draft', 'sent', 'partially_received') ORDER BY id LIMIT 10");
    Ok(db.all_of(&sql)?)
}
