//! What crm gives to other modules and to the machinery.

use std::sync::Arc;

use maitred_core::ports::Ports;
use maitred_party::refs::{PartyRef, PartyRefs};
use maitred_party::sources::{Dependents, ExportSource, OpenWork, SearchSource};

use crate::sources;
use crate::store::party_refs;
use crate::store::todos::OpenTodos;

/// Adds crm's ports.
pub fn provide(ports: &mut Ports) {
    ports.provide::<dyn PartyRefs>(Arc::new(CrmRefs));
    ports.provide::<dyn OpenWork>(Arc::new(OpenTodos));
    ports.provide::<dyn Dependents>(Arc::new(sources::CrmDependents));
    ports.provide::<dyn SearchSource>(Arc::new(sources::PartySearch));
    ports.provide::<dyn ExportSource>(Arc::new(sources::CompanyExport));
    ports.provide::<dyn ExportSource>(Arc::new(sources::ContactExport));
    crate::sales_sources::provide(ports);
}

struct CrmRefs;

impl PartyRefs for CrmRefs {
    fn refs(&self) -> &'static [PartyRef] {
        party_refs::REFS
    }
}
