//! What a server clears away while it runs: what is kept for a time only, once an hour, on a thread of its own.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use maitred_core::clock::stamp;
use maitred_store::engine::write_and_wait;
use maitred_store::ledger;

use crate::boot::Product;
use crate::outbox::SENT_KEPT;

/// Time from the start to the first round: a server that lives for one question does without.
const FIRST: Duration = Duration::from_secs(60);
/// Time between two rounds.
const EVERY: Duration = Duration::from_secs(3600);
/// Time one database has for it.
const LIMIT: Duration = Duration::from_secs(60);

/// How long a call that is sent again is answered with what it did at first.
pub const RECEIPTS_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How long keys that were revoked or have expired are still listed.
pub const DEAD_KEYS_KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// What one round removed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Cleared {
    /// Receipts.
    pub receipts: u64,
    /// Acts of the outbox that were carried out.
    pub acts: u64,
    /// Keys.
    pub keys: u64,
    /// Ends of sessions.
    pub sessions: u64,
    /// Exported files, and drafts of such.
    pub files: u64,
}

/// Begins to clear away, for as long as the process lives.
///
/// # Errors
/// When the system gives no thread.
pub fn start(product: Arc<Product>) -> io::Result<()> {
    std::thread::Builder::new().name("upkeep".to_owned()).stack_size(1 << 20).spawn(move || {
        std::thread::sleep(FIRST);
        loop {
            match round(&product, product.clock.now()) {
                Ok(cleared) if cleared == Cleared::default() => {}
                Ok(cleared) => tracing::info!(?cleared, "cleared away what was kept long enough"),
                // The next round tries again.
                Err(error) => tracing::warn!("could not clear away: {error:#}"),
            }
            std::thread::sleep(EVERY);
        }
    })?;
    Ok(())
}

/// Clears away once, as of `now`. What fails does not keep the rest from being done.
///
/// # Errors
/// The first thing that failed.
pub fn round(product: &Product, now: Timestamp) -> anyhow::Result<Cleared> {
    let mut cleared = Cleared::default();
    let mut failed = None;
    match product.directory.purge(now - DEAD_KEYS_KEPT) {
        Ok(purged) => (cleared.keys, cleared.sessions) = (purged.keys, purged.sessions),
        Err(error) => failed = Some(error),
    }
    match product.exports.expire(now) {
        Ok(files) => cleared.files = files,
        Err(error) => failed = failed.or(Some(error.into())),
    }
    for org in product.directory.orgs()?.into_iter().filter(|org| org.archived_at.is_none()) {
        match ledgers(product, &org.slug, now) {
            Ok((receipts, acts)) => {
                cleared.receipts += receipts;
                cleared.acts += acts;
            }
            Err(error) => {
                failed = failed.or(Some(error.context(format!("in the organisation `{}`", org.slug))));
            }
        }
    }
    failed.map_or(Ok(cleared), Err)
}

fn ledgers(product: &Product, slug: &str, now: Timestamp) -> anyhow::Result<(u64, u64)> {
    let store = product.directory.open_store(slug)?;
    let (receipts, acts) = (stamp(now - RECEIPTS_KEPT), stamp(now - SENT_KEPT));
    Ok(write_and_wait(&*store, stamp(now), LIMIT, move |tx| {
        Ok((ledger::prune_receipts(tx, &receipts)?, ledger::prune_outbox(tx, &acts)?))
    })?)
}

#[cfg(test)]
mod tests {
    use maitred_core::limits::LimitSettings;
    use maitred_store::ledger::Receipt;

    use super::*;
    use crate::boot;
    use crate::config::Place;

    #[test]
    fn receipts_go_after_a_month_in_every_organisation_and_what_is_young_stays() {
        let data = tempfile::tempdir().unwrap();
        let product = boot::open(&Place::directory(data.path()), None, LimitSettings::default()).unwrap();
        let now = product.clock.now();
        for slug in ["acme", "berg"] {
            product.directory.create_org(slug, slug, false).unwrap();
            let store = product.directory.open_store(slug).unwrap();
            for (key, days) in [("old", 31), ("young", 29)] {
                let at = stamp(now - SignedDuration::from_hours(24 * days));
                write_and_wait(&*store, at, LIMIT, move |tx| {
                    let receipt = Receipt {
                        tool: "crm_note".to_owned(),
                        arguments_digest: "d".to_owned(),
                        answer: "{}".to_owned(),
                    };
                    ledger::put_receipt(tx, "p", key, &receipt)
                })
                .unwrap();
            }
        }
        let cleared = round(&product, now).unwrap();
        assert_eq!(cleared, Cleared { receipts: 2, ..Cleared::default() });
        assert_eq!(round(&product, now).unwrap(), Cleared::default());
        let later = now + SignedDuration::from_hours(24 * 2);
        assert_eq!(round(&product, later).unwrap().receipts, 2);
    }
}
