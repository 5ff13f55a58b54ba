//! What orders gives to other modules and to the machinery.

use std::sync::Arc;

use maitred_core::ports::Ports;
use maitred_party::refs::{PartyRef, PartyRefs};
use maitred_party::sources::SettingSource;

use crate::rules::RuleSection;
use crate::store::party_refs;

/// Adds orders' ports.
pub fn provide(ports: &mut Ports) {
    ports.provide::<dyn PartyRefs>(Arc::new(OrderRefs));
    ports.provide::<dyn SettingSource>(Arc::new(RuleSection));
}

struct OrderRefs;

impl PartyRefs for OrderRefs {
    fn refs(&self) -> &'static [PartyRef] {
        party_refs::REFS
    }
}
