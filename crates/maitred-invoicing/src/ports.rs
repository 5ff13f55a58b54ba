//! What invoicing gives to other modules and to the machinery.

use std::sync::Arc;

use maitred_core::ports::Ports;
use maitred_party::refs::{PartyRef, PartyRefs};

use crate::store::party_refs;

/// Adds invoicing's ports.
pub fn provide(ports: &mut Ports) {
    ports.provide::<dyn PartyRefs>(Arc::new(InvoicingRefs));
}

struct InvoicingRefs;

impl PartyRefs for InvoicingRefs {
    fn refs(&self) -> &'static [PartyRef] {
        party_refs::REFS
    }
}
