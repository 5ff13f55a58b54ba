//! What invoicing gives to other modules and to the machinery.

use std::sync::Arc;

use maitred_core::ports::Ports;
use maitred_core::prelude::*;
use maitred_party::CompanyId;
use maitred_party::commerce::{BillingTerms, TaxTreatment};
use maitred_party::refs::{PartyRef, PartyRefs};

use maitred_party::sources::SettingSource;

use crate::dunning::DunningSection;
use crate::model::BillingProfile;
use crate::seller::{SellerSection, usual_days};
use crate::store::party_refs;

/// Adds invoicing's ports.
pub fn provide(ports: &mut Ports) {
    ports.provide::<dyn PartyRefs>(Arc::new(InvoicingRefs));
    ports.provide::<dyn SettingSource>(Arc::new(SellerSection));
    ports.provide::<dyn SettingSource>(Arc::new(DunningSection));
    ports.provide::<dyn BillingTerms>(Arc::new(Terms));
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
