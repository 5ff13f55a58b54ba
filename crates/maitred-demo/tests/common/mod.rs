//! A fresh organisation on a real engine.

use std::sync::Arc;

use maitred_core::caller::OrgFacts;
use maitred_core::clock::SerialIds;
use maitred_core::registry::Registry;
use maitred_core::tool::Domain;
use maitred_demo::Target;
use maitred_store::Engine;
use maitred_store::sqlite::{SqliteEngine, SqliteOptions};

/// Key of the audit chain in these tests.
pub const AUDIT_KEY: [u8; 32] = [5; 32];

/// An empty organisation with people and deals only; the directory lives as long as the first member.
pub fn fresh() -> (tempfile::TempDir, Target) {
    fresh_of(vec![&maitred_crm::DOMAIN])
}

/// An empty organisation with these domains; the directory lives as long as the first member.
pub fn fresh_of(domains: Vec<&'static Domain>) -> (tempfile::TempDir, Target) {
    let directory = tempfile::tempdir().unwrap();
    let registry = Arc::new(Registry::new(maitred_party::MIGRATIONS, domains).unwrap());
    let engine = SqliteEngine::new(directory.path(), SqliteOptions::default()).unwrap();
    let store = engine.create("valbrune", &registry.migrations()).unwrap();
    let target = Target {
        org: OrgFacts { slug: "valbrune".into(), name: "Valbrune".into() },
        store,
        registry,
        ids: Arc::new(SerialIds::new(1)),
        audit_key: AUDIT_KEY,
        build: "test".to_owned(),
    };
    (directory, target)
}
