//! What crm gives to other modules and to the machinery.

use std::sync::Arc;

use maitred_core::ports::Ports;
use maitred_party::refs::{OnErase, OnMerge, PartyRef, PartyRefs, RefKind};
use maitred_party::sources::OpenWork;

use crate::store::todos::OpenTodos;

/// Adds crm's ports.
pub fn provide(ports: &mut Ports) {
    ports.provide::<dyn PartyRefs>(Arc::new(CrmRefs));
    crate::sales_sources::provide(ports);
    ports.provide::<dyn OpenWork>(Arc::new(OpenTodos));
}

struct CrmRefs;

impl PartyRefs for CrmRefs {
    fn refs(&self) -> &'static [PartyRef] {
        REFS
    }
}

const fn company(table: &'static str, column: &'static str, on_merge: OnMerge) -> PartyRef {
    PartyRef { table, column, kind: RefKind::Company, on_merge, on_erase: OnErase::Tombstone }
}

const fn contact(
    table: &'static str,
    column: &'static str,
    on_merge: OnMerge,
    on_erase: OnErase,
) -> PartyRef {
    PartyRef { table, column, kind: RefKind::Contact, on_merge, on_erase }
}

const REFS: &[PartyRef] = &[
    company("deal", "company_id", OnMerge::Repoint),
    contact("deal", "contact_id", OnMerge::Repoint, OnErase::Tombstone),
    contact(
        "deal_contact",
        "contact_id",
        OnMerge::Fold(crate::store::deals::fold_stakeholders),
        OnErase::Tombstone,
    ),
    company("lead", "company_id", OnMerge::Repoint),
    contact("lead", "contact_id", OnMerge::Repoint, OnErase::Scrub(crate::store::leads::scrub)),
];
