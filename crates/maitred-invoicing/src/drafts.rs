//! Drafts that nobody wrote by hand: of recurring invoices, of fees, of what is ready to bill.

use maitred_core::prelude::*;
use maitred_kernel::{Currency, Day};
use maitred_party::Company;

use crate::drafting::{self, Deal, Line, add_up, priced};
use crate::model::{Invoice, InvoiceLine};
use crate::store::profiles;
use crate::tools::invoice_create::blank;

/// What a draft starts from.
pub struct Ask<'a> {
    /// The customer.
    pub company: &'a Company,
    /// What it is made from: `order`, `project`, `subscription`, `recurring`, `fee`.
    pub source: &'static str,
    /// Currency.
    pub currency: Currency,
    /// First and last day of supply.
    pub supplied: Option<(Day, Day)>,
    /// The day on which prices must hold.
    pub day: Day,
    /// Whether prices include tax, where it is known.
    pub includes_tax: Option<bool>,
    /// The customer's reference.
    pub po_reference: Option<String>,
    /// A sentence on the document.
    pub note: Option<String>,
}

/// A draft that was stored.
pub struct Drafted {
    /// The document.
    pub invoice: Invoice,
    /// Its lines, in the order asked for.
    pub lines: Vec<InvoiceLine>,
    /// What somebody should look at.
    pub warnings: Vec<&'static str>,
}

/// Prices, taxes and stores a draft.
///
/// # Errors
/// Names the line that does not fit.
pub fn draft(db: &Writer<'_>, ask: Ask<'_>, asked: &[Line]) -> ToolResult<Drafted> {
    let (profile, _) = profiles::profile(db, ask.company)?;
    let mut invoice = blank(db, ask.company, ask.currency)?;
    invoice.source_kind = Some(ask.source.to_owned());
    invoice.net_days = profile.net_days;
    (invoice.supply_from, invoice.supply_to) = ask.supplied.unzip();
    (invoice.po_reference, invoice.note) = (ask.po_reference, ask.note);
    let deal = Deal {
        invoice: &invoice.id,
        company: ask.company,
        currency: ask.currency,
        day: ask.day,
        includes_tax: ask.includes_tax,
    };
    let mut lines = priced(db, &deal, asked)?;
    invoice.includes_tax = lines.includes_tax;
    let (mut taxes, warnings) = add_up(db, ask.company, &mut invoice, &mut lines.lines)?;
    db.insert(&mut invoice)?;
    drafting::replace(db, &invoice.id, &mut lines.lines, &mut taxes)?;
    Ok(Drafted { invoice, lines: lines.lines, warnings })
}
