//! Catalog's columns that point to companies: what a merge does with them.

use maitred_core::cx::Writer;
use maitred_core::error::ToolResult;
use maitred_kernel::BasisPoints;
use maitred_party::CompanyId;
use maitred_party::refs::{OnErase, OnMerge, PartyRef, RefKind};
use maitred_store::{Record, Sql};

use crate::model::{CustomerTerms, PricePoint, SupplierItem};
use crate::price_plan::Span;

const fn company(table: &'static str, column: &'static str, on_merge: OnMerge) -> PartyRef {
    PartyRef { table, column, kind: RefKind::Company, on_merge, on_erase: OnErase::Tombstone }
}

/// Every column of catalog that points to the party.
pub const REFS: &[PartyRef] = &[
    company("customer_terms", "id", OnMerge::Fold(fold_terms)),
    company("price_point", "company_id", OnMerge::Fold(fold_prices)),
    company("supplier_item", "company_id", OnMerge::Fold(fold_offers)),
    company("purchase_order", "company_id", OnMerge::Repoint),
];

fn rows_of<R: Record>(db: &Writer<'_>, column: &'static str, id: &str) -> ToolResult<Vec<R>> {
    let mut sql = Sql::new(R::SELECT);
    sql.push(" WHERE ").push(column).push(" = ").bind(id).push(" ORDER BY id");
    Ok(db.all_of(&sql)?)
}

/// The kept company's own terms stand; what it has none of, it takes over.
fn fold_terms(db: &Writer<'_>, absorbed: &str, kept: &str) -> ToolResult<i64> {
    let Some(theirs) = db.get::<CustomerTerms>(absorbed)? else { return Ok(0) };
    match db.get::<CustomerTerms>(kept)? {
        Some(own) => {
            let mut after = own.clone();
            after.price_list_id = own.price_list_id.clone().or_else(|| theirs.price_list_id.clone());
            if own.discount_bp == BasisPoints::default() {
                after.discount_bp = theirs.discount_bp;
            }
            db.update(&own, &mut after)?;
        }
        None => {
            let mut moved = CustomerTerms { id: CompanyId(kept.to_owned()), ..theirs.clone() };
            db.insert(&mut moved)?;
        }
    }
    db.delete(&theirs)?;
    Ok(1)
}

/// A price moves where the kept company has none for the same variant and quantity on any of its days; else its own
/// price stands.
fn fold_prices(db: &Writer<'_>, absorbed: &str, kept: &str) -> ToolResult<i64> {
    let theirs: Vec<PricePoint> = rows_of(db, "company_id", absorbed)?;
    let own: Vec<PricePoint> = rows_of(db, "company_id", kept)?;
    let count = theirs.len() as i64;
    for before in theirs {
        let span =
            |point: &PricePoint| Span { from: point.valid_from, to: point.valid_to, price: point.unit_price };
        let rivals: Vec<Span> = own
            .iter()
            .filter(|other| {
                other.variant_id == before.variant_id
                    && other.currency == before.currency
                    && other.min_qty == before.min_qty
            })
            .map(span)
            .collect();
        let mine = span(&before);
        let free = rivals.iter().all(|other| !other.holds(mine.from) && !mine.holds(other.from));
        if free {
            let mut after = PricePoint { company_id: Some(CompanyId(kept.to_owned())), ..before.clone() };
            db.update(&before, &mut after)?;
        } else {
            db.delete(&before)?;
        }
    }
    Ok(count)
}

/// A supplier's terms move where the kept company has none for the same variant.
fn fold_offers(db: &Writer<'_>, absorbed: &str, kept: &str) -> ToolResult<i64> {
    let theirs: Vec<SupplierItem> = rows_of(db, "company_id", absorbed)?;
    let own: Vec<SupplierItem> = rows_of(db, "company_id", kept)?;
    let count = theirs.len() as i64;
    for before in theirs {
        match own.iter().find(|other| other.variant_id == before.variant_id) {
            Some(twin) => {
                db.delete(&before)?;
                if before.preferred && !twin.preferred {
                    let mut after = SupplierItem { preferred: true, ..twin.clone() };
                    db.update(twin, &mut after)?;
                }
            }
            None => {
                let mut after = SupplierItem { company_id: CompanyId(kept.to_owned()), ..before.clone() };
                db.update(&before, &mut after)?;
            }
        }
    }
    Ok(count)
}
