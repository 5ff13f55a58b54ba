//! Who sells what to us.

use maitred_core::prelude::*;
use maitred_party::CompanyId;
use maitred_store::{Record, Sql};

use crate::model::{SupplierItem, VariantId};

/// The terms of a supplier for a variant.
pub fn find(db: &Reader<'_>, company: &CompanyId, variant: &VariantId) -> ToolResult<Option<SupplierItem>> {
    let mut sql = Sql::new(SupplierItem::SELECT);
    sql.push(" WHERE variant_id = ").bind(variant).and("company_id =", company);
    Ok(db.one_of(&sql)?)
}

/// Who sells these variants, the preferred first, then the cheapest.
pub fn of_variants(db: &Reader<'_>, variants: &[&str]) -> ToolResult<Vec<SupplierItem>> {
    let mut items = Vec::new();
    for some in variants.chunks(60) {
        let mut sql = Sql::new(SupplierItem::SELECT);
        sql.push(" WHERE variant_id IN ").bind_list(some);
        sql.push(" ORDER BY variant_id, preferred DESC, cost, id");
        items.extend(db.all_of::<SupplierItem>(&sql)?);
    }
    Ok(items)
}
