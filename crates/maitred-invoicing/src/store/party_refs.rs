//! Invoicing's columns that point to companies and contacts: what a merge and an erasure do with them.

use maitred_core::cx::Writer;
use maitred_core::error::ToolResult;
use maitred_party::CompanyId;
use maitred_party::commerce::TaxTreatment;
use maitred_party::refs::{OnErase, OnMerge, PartyRef, RefKind};

use crate::model::BillingProfile;

const fn company(table: &'static str, column: &'static str, on_merge: OnMerge) -> PartyRef {
    PartyRef { table, column, kind: RefKind::Company, on_merge, on_erase: OnErase::Tombstone }
}

/// Every column of invoicing that points to the party.
pub const REFS: &[PartyRef] = &[
    company("billing_profile", "id", OnMerge::Fold(fold_profiles)),
    company("invoice", "company_id", OnMerge::Repoint),
    company("payment", "company_id", OnMerge::Repoint),
    company("recurring", "company_id", OnMerge::Repoint),
    company("reminder", "company_id", OnMerge::Repoint),
    PartyRef {
        table: "billing_profile",
        column: "billing_contact_id",
        kind: RefKind::Contact,
        on_merge: OnMerge::Repoint,
        on_erase: OnErase::Tombstone,
    },
];

/// The kept company's own terms stand; what it has none of, it takes over.
fn fold_profiles(db: &Writer<'_>, absorbed: &str, kept: &str) -> ToolResult<i64> {
    let Some(theirs) = db.get::<BillingProfile>(absorbed)? else { return Ok(0) };
    match db.get::<BillingProfile>(kept)? {
        Some(own) => {
            let mut after = own.clone();
            if own.credit_limit.is_none() && own.currency == theirs.currency {
                after.credit_limit = theirs.credit_limit;
            }
            if own.tax_treatment == TaxTreatment::Auto {
                after.tax_treatment = theirs.tax_treatment;
            }
            after.billing_contact_id = own.billing_contact_id.clone().or(theirs.billing_contact_id.clone());
            after.peppol_id = own.peppol_id.clone().or(theirs.peppol_id.clone());
            after.buyer_reference = own.buyer_reference.clone().or(theirs.buyer_reference.clone());
            db.update(&own, &mut after)?;
        }
        None => {
            let mut moved = BillingProfile { id: CompanyId(kept.to_owned()), ..theirs.clone() };
            db.insert(&mut moved)?;
        }
    }
    db.delete(&theirs)?;
    Ok(1)
}
