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
    fn at(&mut self, row: &Row<'_>, column: usize) -> StoreResult<Option<Stamp>> {
        let Some(text) = row.text(column)? else { return Ok(None) };
        match &self.at {
            Some((last, at)) if *last == text => Ok(Some(*at)),
            _ => {
                let at = row.get(column)?;
                self.at = Some((text.into_owned(), at));
                Ok(Some(at))
            }
        }
    }

    fn currency(&mut self, row: &Row<'_>) -> StoreResult<Currency> {
        match self.currency {
            Some(last) if row.text(0)?.is_some_and(|code| code == last.code()) => Ok(last),
            _ => {
                let currency = row.get(0)?;
                self.currency = Some(currency);
                Ok(currency)
            }
        }
    }
}

impl<'r> Sale<'r> {
    /// Reads what [`each`] selects: four columns always, then those that are wanted.
    fn read(row: &Row<'r>, sold: Sold, wanted: Wanted, last: &mut Last) -> StoreResult<Self> {
        let whole = row.get(1)?;
        let mut sale = Self {
            at: None,
            company: Cow::default(),
            owner: None,
            buyer: Cow::default(),
            sku: None,
            description: Cow::default(),
            currency: last.currency(row)?,
            wanted: whole,
            quantity: whole,
            net: row.get(2)?,
            unit_cost: row.get(3)?,
        };
        let mut column = 3;
        let mut next = || {
            column += 1;
            column
        };
        if sold != Sold::Ordered {
            sale.quantity = row.get(next())?;
        }
        if wanted.at {
            sale.at = last.at(row, next())?;
        }
        if wanted.who {
            sale.company = row.text(next())?.unwrap_or_default();
            sale.owner = row.text(next())?;
        }
        if wanted.buyer {
            sale.buyer = row.text(next())?.unwrap_or_default();
        }
        if wanted.what {
            sale.sku = row.text(next())?;
            sale.description = row.text(next())?.unwrap_or_default();
        }
        Ok(sale)
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
    let mut sql = Sql::new("SELECT o.currency, l.ordered - l.cancelled, l.net, l.unit_cost");
    if sold != Sold::Ordered {
        sql.push(", ").push(quantity);
    }
    if wanted.at {
        sql.push(", ").push(at);
    }
    sql.push(if wanted.who { ", o.company_id, o.owner_id" } else { "" })
        .push(if wanted.buyer { ", o.buyer" } else { "" })
        .push(if wanted.what { ", l.sku, l.description" } else { "" })
        .push(" FROM ")
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
        each(Sale::read(row, sold, wanted, &mut last)?).map_err(|error| {
            failed = Some(error);
            StoreError::defect("a sale was refused")
        })
    });
    match failed {
        Some(error) => Err(error),
        None => Ok(read?),
    }
}
