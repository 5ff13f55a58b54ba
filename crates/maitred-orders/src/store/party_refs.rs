//! Orders' columns that point to companies and contacts: what a merge does with them.

use maitred_core::prelude::*;
use maitred_party::refs::{OnErase, OnMerge, PartyRef, RefKind};
use maitred_party::{CompanyId, ContactId};

use crate::model::{Cart, CartLine, CartStatus};
use crate::store::carts;

const LAW: OnErase = OnErase::KeepLegal("a business record that the law wants kept");

const fn company(table: &'static str, on_merge: OnMerge) -> PartyRef {
    PartyRef { table, column: "company_id", kind: RefKind::Company, on_merge, on_erase: OnErase::Tombstone }
}

const fn contact(
    table: &'static str,
    column: &'static str,
    on_merge: OnMerge,
    on_erase: OnErase,
) -> PartyRef {
    PartyRef { table, column, kind: RefKind::Contact, on_merge, on_erase }
}

/// Every column of orders that points to the party.
pub const REFS: &[PartyRef] = &[
    company("quote", OnMerge::Repoint),
    contact("quote", "contact_id", OnMerge::Repoint, LAW),
    contact("quote", "accepted_contact_id", OnMerge::Repoint, LAW),
    company("cart", OnMerge::Fold(fold_company)),
    contact("cart", "contact_id", OnMerge::Fold(fold_contact), OnErase::Tombstone),
    company("sales_order", OnMerge::Repoint),
    contact("sales_order", "contact_id", OnMerge::Repoint, LAW),
    company("goods_return", OnMerge::Repoint),
    contact("goods_return", "contact_id", OnMerge::Repoint, LAW),
];

/// Of two open baskets of one person the kept one stays open and takes in what the other holds and it does not.
fn fold(db: &Writer<'_>, before: &Cart, mut after: Cart) -> ToolResult<()> {
    let twin = match before.status {
        CartStatus::Open => carts::open(db, after.company_id.as_ref(), after.contact_id.as_ref())?,
        _ => None,
    };
    if let Some(twin) = twin.filter(|twin| twin.id != before.id) {
        let there = carts::lines(db, &twin.id)?;
        for line in carts::lines(db, &before.id)? {
            if there.iter().all(|known| known.variant_id != line.variant_id) {
                let mut moved = CartLine { cart_id: twin.id.clone(), ..line.clone() };
                db.update(&line, &mut moved)?;
            }
        }
        after.status = CartStatus::Abandoned;
    }
    db.update(before, &mut after)?;
    Ok(())
}

fn fold_company(db: &Writer<'_>, absorbed: &str, kept: &str) -> ToolResult<i64> {
    let theirs = carts::of_company(db, absorbed)?;
    for before in &theirs {
        fold(db, before, Cart { company_id: CompanyId(kept.to_owned()), ..before.clone() })?;
    }
    Ok(theirs.len() as i64)
}

fn fold_contact(db: &Writer<'_>, absorbed: &str, kept: &str) -> ToolResult<i64> {
    let theirs = carts::of_contact(db, absorbed)?;
    for before in &theirs {
        fold(db, before, Cart { contact_id: ContactId(kept.to_owned()), ..before.clone() })?;
    }
    Ok(theirs.len() as i64)
}
