//! What account gives to its own tools, in the way every other module does: settings, search, an export.

use std::sync::Arc;

use maitred_core::mode::Module;
use maitred_core::ports::Ports;
use maitred_core::prelude::*;
use maitred_kernel::{fold, tokens};
use maitred_party::sources::{ExportSource, Hit, SearchSource, SettingSource};
use maitred_party::store::members;

use crate::audit::AuditExport;
use crate::sections::{Calendars, Org, Sequences, TaxCodes};

/// Adds account's ports.
pub fn provide(ports: &mut Ports) {
    ports.provide::<dyn SettingSource>(Arc::new(Org));
    ports.provide::<dyn SettingSource>(Arc::new(Calendars));
    ports.provide::<dyn SettingSource>(Arc::new(TaxCodes));
    ports.provide::<dyn SettingSource>(Arc::new(Sequences));
    ports.provide::<dyn SearchSource>(Arc::new(MemberSearch));
    ports.provide::<dyn ExportSource>(Arc::new(AuditExport));
}

/// Teammates by name or address.
struct MemberSearch;

impl SearchSource for MemberSearch {
    fn module(&self) -> Module {
        Module::Account
    }

    fn kinds(&self) -> &'static [&'static str] {
        &["member"]
    }

    /// Changes of members are the office's to read: they hold roles and costs.
    fn entities(&self) -> &'static [&'static str] {
        &[]
    }

    fn search(&self, db: &Reader<'_>, text: &str, limit: usize) -> ToolResult<Vec<Hit>> {
        let (whole, terms) = (fold(text.trim()), tokens(text));
        let mut hits: Vec<Hit> = members::all(db)?
            .into_iter()
            .filter_map(|member| {
                let words = tokens(&format!("{} {}", member.name, member.email));
                let all = !terms.is_empty()
                    && terms.iter().all(|term| words.iter().any(|word| word.starts_with(term.as_str())));
                let (score, why) = if fold(&member.email) == whole {
                    (1_000, "email")
                } else if fold(&member.name) == whole {
                    (100, "name")
                } else if all {
                    (40, "name")
                } else {
                    return None;
                };
                Some(Hit { kind: "member", id: member.id.0, number: None, label: member.name, why, score })
            })
            .collect();
        hits.sort_by(|a, b| b.score.cmp(&a.score).then_with(|| a.id.cmp(&b.id)));
        hits.truncate(limit);
        Ok(hits)
    }
}
