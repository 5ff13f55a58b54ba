//! What was sold, line by line, for reports.

use std::borrow::Cow;

use maitred_core::prelude::*;
use maitred_kernel::{Currency, Quantity, Stamp};
use maitred_store::{Row, Sql, StoreError, StoreResult};

/// A line, or a part of it, that was ordered, shipped or invoiced. Its texts stand in the row of the database.
#[derive(Clone, Debug)]
pub struct Sale<'r> {
    /// When.
    pub at: Option<Stamp>,
    /// Id of the company.
    pub company: Cow<'r, str>,
    /// Id of the member who sold it.
    pub owner: Option<Cow<'r, str>>,
    /// The buyer as the document remembers it, JSON.
    pub buyer: Cow<'r, str>,
    /// SKU.
    pub sku: Option<Cow<'r, str>>,
    /// What the document says.
    pub description: Cow<'r, str>,
    /// Currency.
    pub currency: Currency,
    /// Of how much this is a part.
    pub wanted: Quantity,
    /// How much this is.
    pub quantity: Quantity,
    /// Net of all that is wanted, minor units.
    pub net: i64,
    /// Cost of one, in millionths.
    pub unit_cost: Option<i64>,
}

/// What the last line said. Lines of a document come one behind the other: what was read once need not be parsed again.
#[derive(Default)]
struct Last {
    at: Option<(String, Stamp)>,
    currency: Option<Currency>,
}

impl Last {
    fn at(&mut self, row: &Row<'_>) -> StoreResult<Option<Stamp>> {
        let Some(text) = row.text(0)? else { return Ok(None) };
        match &self.at {
            Some((last, at)) if *last == text => Ok(Some(*at)),
            _ => {
                let at = row.get(0)?;
                self.at = Some((text.into_owned(), at));
                Ok(Some(at))
            }
        }
    }

    fn currency(&mut self, row: &Row<'_>) -> StoreResult<Currency> {
        match self.currency {
            Some(last) if row.text(6)?.is_some_and(|code| code == last.code()) => Ok(last),
            _ => {
                let currency = row.get(6)?;
                self.currency = Some(currency);
                Ok(currency)
            }
        }
    }
}

impl<'r> Sale<'r> {
    fn read(row: &Row<'r>, last: &mut Last) -> StoreResult<Self> {
        Ok(Self {
            at: last.at(row)?,
            company: row.text(1)?.unwrap_or_default(),
            owner: row.text(2)?,
            buyer: row.text(3)?.unwrap_or_default(),
            sku: row.text(4)?,
            description: row.text(5)?.unwrap_or_default(),
            currency: last.currency(row)?,
            wanted: row.get(7)?,
            quantity: row.get(8)?,
            net: row.get(9)?,
            unit_cost: row.get(10)?,
        })
    }
}

/// Which sales.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sold {
    /// What was agreed on.
    Ordered,
    /// What of that is on invoices.
    Invoiced,
    /// What left.
    Shipped,
}

/// Which of the longer columns somebody looks at; the others stay empty, so that a year is read in one go.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// When.
    pub at: bool,
    /// Company and who sold.
    pub who: bool,
    /// The buyer.
    pub buyer: bool,
    /// SKU and description.
    pub what: bool,
}

/// Sales of a span of time, in no order.
///
/// # Errors
/// Those of `each` come first.
pub fn each(
    db: &Reader<'_>,
    sold: Sold,
    wanted: Wanted,
    (from, before): (Stamp, Stamp),
    mut each: impl FnMut(Sale<'_>) -> ToolResult<()>,
) -> ToolResult<()> {
    let (at, quantity, tables, only) = match sold {
        Sold::Ordered => (
            "o.confirmed_at",
            "l.ordered - l.cancelled",
            "sales_order o JOIN order_line l ON l.order_id = o.id",
            " AND l.cancelled < l.ordered",
        ),
        Sold::Invoiced => (
            "o.confirmed_at",
            "l.invoiced",
            "sales_order o JOIN order_line l ON l.order_id = o.id",
            " AND l.invoiced > 0",
        ),
        Sold::Shipped => (
            "s.shipped_at",
            "p.quantity",
            "shipment s JOIN shipment_line p ON p.shipment_id = s.id JOIN order_line l ON l.id = p.order_line_id \
             JOIN sales_order o ON o.id = s.order_id",
            " AND s.status <> 'cancelled'",
        ),
    };
    let mut sql = Sql::new("SELECT ");
    sql.push(if wanted.at { at } else { "NULL" })
        .push(if wanted.who { ", o.company_id, o.owner_id" } else { ", '', NULL" })
        .push(if wanted.buyer { ", o.buyer" } else { ", ''" })
        .push(if wanted.what { ", l.sku, l.description" } else { ", NULL, ''" })
        .push(", o.currency, l.ordered - l.cancelled, ")
        .push(quantity)
        .push(", l.net, l.unit_cost FROM ")
        .push(tables)
        .push(" WHERE ")
        .push(at)
        .push(" >= ")
        .bind(from)
        .push(" AND ")
        .push(at)
        .push(" < ")
        .bind(before)
        .push(only);
    let (mut failed, mut last) = (None, Last::default());
    let read = db.each_of(&sql, |row| {
        each(Sale::read(row, &mut last)?).map_err(|error| {
            failed = Some(error);
            StoreError::defect("a sale was refused")
        })
    });
    match failed {
        Some(error) => Err(error),
        None => Ok(read?),
    }
}
