//! Credit is applied to invoices, and what follows for both: balances and how far they are.

use maitred_core::prelude::*;
use maitred_kernel::{Day, Stamp};

use crate::model::{
    Allocation, AllocationId, DocumentKind, Invoice, InvoiceId, InvoiceStatus, Payment, PaymentId,
};

/// How far an issued document is, by its amounts.
pub fn status_of(invoice: &Invoice) -> InvoiceStatus {
    let settled = invoice.allocated != 0 || invoice.credited != 0;
    match (invoice.balance, invoice.kind) {
        (0, DocumentKind::Invoice) if invoice.written_off > 0 => InvoiceStatus::WrittenOff,
        (0, DocumentKind::Invoice) if invoice.credited > 0 && invoice.allocated == 0 => {
            InvoiceStatus::Credited
        }
        (0, _) => InvoiceStatus::Paid,
        _ if settled || invoice.written_off > 0 => InvoiceStatus::PartiallyPaid,
        _ => InvoiceStatus::Issued,
    }
}

/// Where credit comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A payment received.
    Payment(PaymentId),
    /// An issued credit note.
    CreditNote(InvoiceId),
}

/// Where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// An issued invoice.
    Invoice(InvoiceId),
    /// Money given back.
    Refund(PaymentId),
}

fn read<R: maitred_store::Record>(db: &Reader<'_>, id: &str) -> ToolResult<R> {
    db.get::<R>(id)?.ok_or_else(|| ToolError::internal(anyhow::anyhow!("a record to settle is gone")))
}

/// More of a document was settled than before, or less: changes its amounts and what follows from them.
fn settle(db: &Writer<'_>, id: &InvoiceId, paid: i64, credited: i64) -> ToolResult<()> {
    let before: Invoice = read(db, id.as_ref())?;
    let mut after = before.clone();
    after.allocated += paid;
    after.credited += credited;
    after.balance -= paid + credited;
    if after.balance < 0 {
        return Err(over(&before.label()));
    }
    after.status = status_of(&after);
    db.update(&before, &mut after)?;
    Ok(())
}

fn over(what: &str) -> ToolError {
    refused(Code::OverAllocation, format!("more would be applied than `{what}` has left"))
        .hint("read what is left with invoicing_balance_get")
}

fn use_up(db: &Writer<'_>, id: &PaymentId, amount: i64) -> ToolResult<()> {
    let before: Payment = read(db, id.as_ref())?;
    if amount > before.rest() {
        return Err(over(&before.number));
    }
    let mut after = Payment { allocated: before.allocated + amount, ..before.clone() };
    db.update(&before, &mut after)?;
    Ok(())
}

fn shift(db: &Writer<'_>, source: &Source, target: &Target, amount: i64) -> ToolResult<()> {
    match source {
        Source::Payment(id) => use_up(db, id, amount)?,
        Source::CreditNote(id) => settle(db, id, amount, 0)?,
    }
    match (target, source) {
        (Target::Invoice(id), Source::Payment(_)) => settle(db, id, amount, 0),
        (Target::Invoice(id), Source::CreditNote(_)) => settle(db, id, 0, amount),
        (Target::Refund(_), _) => Ok(()),
    }
}

/// Applies credit. Company and currency are the caller's to compare.
///
/// # Errors
/// `over_allocation` when either end has less left.
pub fn apply(
    db: &Writer<'_>,
    source: &Source,
    target: &Target,
    amount: i64,
    day: Day,
) -> ToolResult<Allocation> {
    if amount <= 0 {
        return Err(invalid("amount", "must be more than 0"));
    }
    shift(db, source, target, amount)?;
    let mut row = Allocation {
        id: AllocationId(db.fresh_id()),
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        payment_id: match source {
            Source::Payment(id) => Some(id.clone()),
            Source::CreditNote(_) => None,
        },
        credit_note_id: match source {
            Source::Payment(_) => None,
            Source::CreditNote(id) => Some(id.clone()),
        },
        invoice_id: match target {
            Target::Invoice(id) => Some(id.clone()),
            Target::Refund(_) => None,
        },
        refund_id: match target {
            Target::Invoice(_) => None,
            Target::Refund(id) => Some(id.clone()),
        },
        amount,
        day,
        reverses_id: None,
        reason: None,
    };
    db.insert(&mut row)?;
    Ok(row)
}

/// Undoes an allocation with a row of the negative amount.
///
/// # Errors
/// When the rows it speaks of are gone.
pub fn undo(db: &Writer<'_>, applied: &Allocation, day: Day, reason: &str) -> ToolResult<Allocation> {
    let (source, target) = ends(applied)?;
    shift(db, &source, &target, -applied.amount)?;
    let mut row = Allocation {
        id: AllocationId(db.fresh_id()),
        amount: -applied.amount,
        day,
        reverses_id: Some(applied.id.clone()),
        reason: Some(reason.to_owned()),
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        ..applied.clone()
    };
    db.insert(&mut row)?;
    Ok(row)
}

fn ends(applied: &Allocation) -> ToolResult<(Source, Target)> {
    let source = match (&applied.payment_id, &applied.credit_note_id) {
        (Some(id), _) => Some(Source::Payment(id.clone())),
        (None, Some(id)) => Some(Source::CreditNote(id.clone())),
        (None, None) => None,
    };
    let target = match (&applied.invoice_id, &applied.refund_id) {
        (Some(id), _) => Some(Target::Invoice(id.clone())),
        (None, Some(id)) => Some(Target::Refund(id.clone())),
        (None, None) => None,
    };
    source.zip(target).ok_or_else(|| ToolError::internal(anyhow::anyhow!("an allocation has no ends")))
}
