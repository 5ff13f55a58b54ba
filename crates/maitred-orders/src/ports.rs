//! What orders gives to other modules and to the machinery.

use std::sync::Arc;

use maitred_core::ports::Ports;
use maitred_party::commerce::{Backorders, BillableSource, Exposure};
use maitred_party::refs::{PartyRef, PartyRefs};
use maitred_party::sources::{
    BriefSource, DealDocuments, Dependents, ExportSource, OpenWork, SearchSource, SettingSource,
};

use crate::billing::{OrderBilling, OrderExposure, Waiting};
use crate::rules::RuleSection;
use crate::sources;
use crate::store::party_refs;

/// Adds orders' ports.
pub fn provide(ports: &mut Ports) {
    ports.provide::<dyn PartyRefs>(Arc::new(OrderRefs));
    ports.provide::<dyn SettingSource>(Arc::new(RuleSection));
    ports.provide::<dyn Backorders>(Arc::new(Waiting));
    ports.provide::<dyn BillableSource>(Arc::new(OrderBilling));
    ports.provide::<dyn Exposure>(Arc::new(OrderExposure));
    ports.provide::<dyn DealDocuments>(Arc::new(sources::Documents));
    ports.provide::<dyn SearchSource>(Arc::new(sources::OrderFinder));
    ports.provide::<dyn ExportSource>(Arc::new(sources::OrderExport));
    ports.provide::<dyn ExportSource>(Arc::new(sources::QuoteExport));
    ports.provide::<dyn ExportSource>(Arc::new(sources::ReturnExport));
    ports.provide::<dyn ExportSource>(Arc::new(sources::SalesExport));
    ports.provide::<dyn BriefSource>(Arc::new(sources::OrderBrief));
    ports.provide::<dyn BriefSource>(Arc::new(sources::QuoteBrief));
    ports.provide::<dyn Dependents>(Arc::new(sources::OrderDependents));
    ports.provide::<dyn OpenWork>(Arc::new(sources::OrderWork));
    ports.provide::<dyn OpenWork>(Arc::new(sources::QuoteWork));
}

struct OrderRefs;

impl PartyRefs for OrderRefs {
    fn refs(&self) -> &'static [PartyRef] {
        party_refs::REFS
    }
}
