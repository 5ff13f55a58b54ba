//! Balances that are given up, and money that comes after all.

use maitred_core::prelude::*;
use maitred_kernel::{Day, Stamp};

use crate::afterwards::{WriteOff, WriteOffCause};
use crate::model::{Invoice, InvoiceId};
use crate::settling::status_of;

/// Gives up a part of an invoice's balance; a negative amount takes that back.
///
/// # Errors
/// `over_allocation` when more would be given up than is left, or more taken back than was given up.
pub fn give_up(
    db: &Writer<'_>,
    before: &Invoice,
    amount: i64,
    day: Day,
    (cause, reason, tax_relief): (WriteOffCause, &str, bool),
) -> ToolResult<(Invoice, WriteOff)> {
    let mut after = before.clone();
    after.written_off += amount;
    after.balance -= amount;
    if after.balance < 0 || after.written_off < 0 || amount == 0 {
        return Err(refused(
            Code::OverAllocation,
            format!("more would be given up than `{}` has left", before.label()),
        )
        .field("amount")
        .hint("see its balance with invoicing_invoice_get"));
    }
    after.status = status_of(&after);
    let mut row = WriteOff {
        id: db.fresh_id(),
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        invoice_id: InvoiceId(before.id.0.clone()),
        amount,
        day,
        cause,
        reason: reason.to_owned(),
        tax_relief,
    };
    db.insert(&mut row)?;
    db.update(before, &mut after)?;
    Ok((after, row))
}

/// The invoice as it stands once `wanted` more is to be paid of it: what was given up comes back by as much as its
/// balance is short, at most by what was given up.
pub fn reopened(db: &Writer<'_>, invoice: Invoice, wanted: i64, day: Day) -> ToolResult<Invoice> {
    let back = wanted.saturating_sub(invoice.balance).min(invoice.written_off);
    if back <= 0 {
        return Ok(invoice);
    }
    let why = (WriteOffCause::Reopened, "money came after all", false);
    give_up(db, &invoice, -back, day, why).map(|(invoice, _)| invoice)
}
