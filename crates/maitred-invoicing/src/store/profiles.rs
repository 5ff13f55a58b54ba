//! How companies are billed.

use maitred_core::prelude::*;
use maitred_kernel::{Currency, Stamp};
use maitred_party::commerce::TaxTreatment;
use maitred_party::{Company, org};

use crate::model::{BillingProfile, Delivery, DunningPolicy};
use crate::seller;

/// What was agreed with a company; where nothing was, what is usual. The second is true when it is stored.
pub fn profile(db: &Reader<'_>, company: &Company) -> ToolResult<(BillingProfile, bool)> {
    if let Some(known) = db.get::<BillingProfile>(company.id.as_ref())? {
        return Ok((known, true));
    }
    let currency = match company.currency.as_deref().and_then(|code| Currency::parse(code).ok()) {
        Some(currency) => currency,
        None => org::settings_of(db)?.currency,
    };
    let usual = BillingProfile {
        id: company.id.clone(),
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        net_days: seller::usual_days(db)?,
        discount_days: None,
        discount_bp: None,
        credit_limit: None,
        currency,
        tax_treatment: TaxTreatment::Auto,
        billing_contact_id: None,
        delivery: Delivery::Email,
        peppol_id: None,
        dunning_policy: DunningPolicy::Standard,
        buyer_reference: None,
    };
    Ok((usual, false))
}
