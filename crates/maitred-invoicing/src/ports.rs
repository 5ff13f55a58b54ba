//! What invoicing gives to other modules and to the machinery.

use std::sync::Arc;

use maitred_core::ports::Ports;
use maitred_party::sources::{ExportSource, SettingSource};

use crate::bank::settings::BankSection;
use crate::bank::sources::BankLineExport;

/// Adds invoicing's ports.
pub fn provide(ports: &mut Ports) {
    ports.provide::<dyn SettingSource>(Arc::new(BankSection));
    ports.provide::<dyn ExportSource>(Arc::new(BankLineExport));
}
