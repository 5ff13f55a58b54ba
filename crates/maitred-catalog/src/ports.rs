//! What catalog gives to other modules and to the machinery.

use std::sync::Arc;

use maitred_core::ports::Ports;
use maitred_party::commerce::{PriceResolver, StockLedger};
use maitred_party::refs::{PartyRef, PartyRefs};

use crate::book::{PriceBook, Stock};
use crate::sources;
use crate::store::party_refs;

/// Adds catalog's ports.
pub fn provide(ports: &mut Ports) {
    ports.provide::<dyn PriceResolver>(Arc::new(PriceBook));
    ports.provide::<dyn StockLedger>(Arc::new(Stock));
    ports.provide::<dyn PartyRefs>(Arc::new(CatalogRefs));
    sources::provide(ports);
}

struct CatalogRefs;

impl PartyRefs for CatalogRefs {
    fn refs(&self) -> &'static [PartyRef] {
        party_refs::REFS
    }
}
