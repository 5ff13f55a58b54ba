//! What invoicing gives to other modules and to the machinery.

use std::sync::Arc;

use maitred_core::ports::Ports;
use maitred_core::prelude::*;
use maitred_kernel::Money;
use maitred_party::CompanyId;
use maitred_party::commerce::{BillingTerms, Exposed, Exposure, TaxTreatment};
use maitred_party::org::today;
use maitred_party::refs::{PartyRef, PartyRefs};

use maitred_party::sources::SettingSource;
use maitred_party::store::companies;

use crate::dunning::DunningSection;
use crate::model::BillingProfile;
use crate::seller::{SellerSection, usual_days};
use crate::store::{party_refs, profiles, rates};
use crate::tools::balance_get::by_currency;

/// Adds invoicing's ports.
pub fn provide(ports: &mut Ports) {
    ports.provide::<dyn PartyRefs>(Arc::new(InvoicingRefs));
    ports.provide::<dyn SettingSource>(Arc::new(SellerSection));
    ports.provide::<dyn SettingSource>(Arc::new(DunningSection));
    ports.provide::<dyn BillingTerms>(Arc::new(Terms));
    ports.provide::<dyn Exposure>(Arc::new(Owed));
}

struct InvoicingRefs;

impl PartyRefs for InvoicingRefs {
    fn refs(&self) -> &'static [PartyRef] {
        party_refs::REFS
    }
}

struct Terms;

impl BillingTerms for Terms {
    fn treatment(&self, db: &Reader<'_>, company: &CompanyId) -> ToolResult<TaxTreatment> {
        let profile = db.get::<BillingProfile>(company.as_ref())?;
        Ok(profile.map_or(TaxTreatment::Auto, |profile| profile.tax_treatment))
    }

    fn net_days(&self, db: &Reader<'_>, company: &CompanyId) -> ToolResult<i64> {
        match db.get::<BillingProfile>(company.as_ref())? {
            Some(profile) => Ok(profile.net_days),
            None => usual_days(db),
        }
    }
}

struct Owed;

impl Exposure for Owed {
    /// What is open less credit, in the billing currency (F-INV-5); what is owed in another counts at today's rates.
    fn exposed(&self, db: &Reader<'_>, company: &CompanyId) -> ToolResult<Exposed> {
        let known =
            companies::find(db, company.as_ref())?.ok_or_else(|| not_found("company", company.as_ref()))?;
        let (profile, _) = profiles::profile(db, &known)?;
        let today = today(db)?;
        let mut owed = Money::zero(profile.currency);
        for (currency, aging) in by_currency(db, &known.id, today)? {
            let part = Money::new(aging.total(), currency);
            let part = if currency == profile.currency {
                part
            } else {
                rates::convert(db, part, profile.currency, today)?
            };
            owed = owed.plus(part).map_err(ToolError::internal)?;
        }
        let limit = profile.credit_limit.map(|limit| Money::new(limit, profile.currency));
        Ok(Exposed { what: "open invoices", amount: owed, limit })
    }
}
