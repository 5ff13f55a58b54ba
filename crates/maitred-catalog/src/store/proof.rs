//! Whether the levels of stock are what the ledger and the reservations say (invariant 18): for tests.

use std::collections::BTreeMap;

use maitred_core::prelude::*;

/// Every level that differs, in words.
pub fn faults(db: &Reader<'_>) -> ToolResult<Vec<String>> {
    let mut on_hand: BTreeMap<(String, String), i64> = BTreeMap::new();
    let moves: Vec<(String, Option<String>, Option<String>, i64)> =
        db.all("SELECT variant_id, from_id, to_id, quantity FROM stock_move", &[])?;
    for (variant, from, to, quantity) in moves {
        for (place, change) in [(from, -quantity), (to, quantity)] {
            if let Some(place) = place {
                *on_hand.entry((variant.clone(), place)).or_default() += change;
            }
        }
    }
    let held: Vec<(String, String, i64)> = db.all(
        "SELECT variant_id, location_id, CAST(SUM(quantity) AS BIGINT) FROM reservation WHERE status = 'active' \
         GROUP BY variant_id, location_id",
        &[],
    )?;
    let mut held: BTreeMap<(String, String), i64> =
        held.into_iter().map(|(variant, place, quantity)| ((variant, place), quantity)).collect();
    let levels: Vec<(String, String, i64, i64)> =
        db.all("SELECT variant_id, location_id, on_hand, reserved FROM stock_level", &[])?;
    let mut faults = Vec::new();
    for (variant, place, there, reserved) in levels {
        let key = (variant, place);
        let moved = on_hand.remove(&key).unwrap_or(0);
        let holding = held.remove(&key).unwrap_or(0);
        if there != moved || reserved != holding || reserved > there || reserved < 0 {
            faults.push(format!(
                "{key:?}: {there} on hand, moves say {moved}; {reserved} held, lines say {holding}"
            ));
        }
    }
    on_hand.retain(|_, quantity| *quantity != 0);
    faults.extend(on_hand.iter().map(|(key, quantity)| format!("{key:?}: no level for {quantity}")));
    faults.extend(held.iter().map(|(key, quantity)| format!("{key:?}: no level, {quantity} held")));
    Ok(faults)
}

/// Makes a level wrong.
pub fn spoil(db: &Writer<'_>) -> ToolResult<()> {
    db.execute("UPDATE stock_level SET on_hand = on_hand + 1", &[])?;
    Ok(())
}

/// Letters that wait to be sent.
pub fn letters(db: &Reader<'_>) -> ToolResult<i64> {
    Ok(db.count("SELECT COUNT(*) FROM outbox WHERE topic = 'mail'", &[])?)
}
