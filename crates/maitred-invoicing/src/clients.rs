//! What clients may see of their account, and where they pay.

use maitred_core::caller::KnownClient;
use maitred_core::prelude::*;
use maitred_party::model::LinkRole;

use crate::model::Invoice;
use crate::seller::seller_of;
use crate::store::invoices;

/// Refuses contacts who have nothing to do with money: it is for billing, buyers and the primary contact.
///
/// # Errors
/// `forbidden`.
pub fn may_see_money(client: &KnownClient) -> ToolResult<()> {
    let by_role = [LinkRole::Billing.as_str(), LinkRole::Buyer.as_str()].contains(&client.role.as_str());
    if by_role || client.is_primary {
        return Ok(());
    }
    Err(refused(Code::Forbidden, "invoices are for the contacts who buy or are billed")
        .hint("ask your primary contact"))
}

/// The client's own issued document; another company's, or a draft, is as if it did not exist.
///
/// # Errors
/// `not_found` at `invoice`.
pub fn own(db: &Reader<'_>, client: &KnownClient, text: &str) -> ToolResult<Invoice> {
    let nothing =
        || not_found("invoice", text).field("invoice").hint("see yours with invoicing_my_invoice_list");
    match invoices::resolve(db, text, "invoice") {
        Ok(invoice) if invoice.company_id.as_ref() == client.company && invoice.status.is_issued() => {
            Ok(invoice)
        }
        Ok(_) => Err(nothing()),
        Err(error) if error.code() == Code::NotFound => Err(nothing()),
        Err(error) => Err(error),
    }
}

/// Where to pay. From the settings alone, so that no message can change it.
#[derive(ToolOutput)]
pub struct PayTo {
    /// Who is paid.
    pub name: String,
    /// Account.
    pub iban: Option<String>,
    /// Its bank.
    pub bic: Option<String>,
}

/// Where to pay, once somebody filled it in.
pub fn pay_to(db: &Reader<'_>) -> ToolResult<Option<PayTo>> {
    Ok(seller_of(db)?.map(|seller| PayTo { name: seller.name, iban: seller.iban, bic: seller.bic }))
}
