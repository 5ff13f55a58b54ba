//! Payments, and the credit that customers have.

use maitred_core::prelude::*;
use maitred_kernel::{Currency, Day};
use maitred_party::CompanyId;
use maitred_store::{Record, Sql};

use crate::model::Payment;

/// The payment a text means: id or number.
///
/// # Errors
/// `not_found` at `field`.
pub fn resolve(db: &Reader<'_>, text: &str, field: &str) -> ToolResult<Payment> {
    let text = text.trim();
    if let Some(payment) = db.get::<Payment>(text)? {
        return Ok(payment);
    }
    let mut sql = Sql::new(Payment::SELECT);
    sql.push(" WHERE number = ").bind(text.to_uppercase());
    db.one_of(&sql)?.ok_or_else(|| {
        not_found("payment", text).field(field).hint("its number is among `applied` of invoicing_invoice_get")
    })
}

/// Payments of a company that came in, stand, and were not wholly applied; oldest first.
pub fn unapplied(db: &Reader<'_>, company: &CompanyId, currency: Currency) -> ToolResult<Vec<Payment>> {
    let mut sql = Sql::new(Payment::SELECT);
    sql.push(" WHERE company_id = ")
        .bind(company)
        .push(" AND direction = 'in' AND status = 'posted' AND allocated < amount")
        .and("currency =", currency)
        .push(" ORDER BY received_on, number");
    Ok(db.all_of(&sql)?)
}

/// The number of a payment that looks the same.
pub fn twin(db: &Reader<'_>, payment: &Payment) -> ToolResult<Option<String>> {
    let mut sql = Sql::new("SELECT number FROM payment WHERE status = 'posted' AND company_id = ");
    sql.bind(&payment.company_id)
        .and("direction =", payment.direction)
        .and("amount =", payment.amount)
        .and("currency =", payment.currency)
        .and("received_on =", payment.received_on)
        .and("COALESCE(reference_key, '') =", payment.reference_key.clone().unwrap_or_default())
        .push(" ORDER BY id LIMIT 1");
    Ok(db.one_of::<(String,)>(&sql)?.map(|(number,)| number))
}

/// A payment as statements show it.
#[derive(Clone, Debug)]
pub struct Moved {
    /// Number.
    pub number: String,
    /// The day it counts from.
    pub day: Day,
    /// Minor units; negative where money came in.
    pub amount: i64,
    /// What the customer wrote on it.
    pub reference: Option<String>,
    /// Whether this is its reversal.
    pub reversal: bool,
}

/// Payments of a company up to a day, and reversals up to it, each on its own day.
pub fn moved(db: &Reader<'_>, company: &CompanyId, currency: Currency, to: Day) -> ToolResult<Vec<Moved>> {
    let mut sql = Sql::new(Payment::SELECT);
    sql.push(" WHERE company_id = ")
        .bind(company)
        .and("currency =", currency)
        .and("received_on <=", to)
        .push(" ORDER BY received_on, number");
    let mut moved = Vec::new();
    for payment in db.all_of::<Payment>(&sql)? {
        let amount = match payment.direction {
            crate::model::Direction::In => -payment.amount,
            crate::model::Direction::Out => payment.amount,
        };
        if let Some(day) = payment.reversed_on.filter(|day| *day <= to) {
            moved.push(Moved {
                number: payment.number.clone(),
                day,
                amount: -amount,
                reference: payment.reversal_reason.clone(),
                reversal: true,
            });
        }
        moved.push(Moved {
            number: payment.number,
            day: payment.received_on,
            amount,
            reference: payment.reference,
            reversal: false,
        });
    }
    Ok(moved)
}
