//! What clients see of products: their own price, and a word for what is there.

use maitred_core::prelude::*;
use maitred_core::words;
use maitred_kernel::Quantity;

use crate::book::free;
use crate::model::{Product, ProductStatus};
use crate::policy;
use crate::store::purchases;

words! {
    /// Whether something can be delivered: a word, never a quantity.
    pub enum InStock {
        /// It is there.
        InStock = "in stock",
        /// There is little of it.
        Low = "low",
        /// It is on its way, or made on order.
        OnOrder = "on order",
        /// Nobody knows when it can be had.
        Unavailable = "unavailable",
    }
}

/// Whether a client may see a product at all.
pub fn may_see(product: &Product) -> bool {
    product.status == ProductStatus::Active && product.client_visible
}

/// What is known of a variant when a client asks for it.
#[derive(Clone, Copy, Debug)]
pub struct Stocked {
    /// Whether it is sold beyond what is there.
    pub backorder: bool,
    /// How much is there for the taking, in thousandths; nothing where no stock is kept.
    pub free: Option<i64>,
    /// Whether more is on its way.
    pub incoming: bool,
}

/// The word for what is there.
pub fn word(stocked: Stocked, low: Quantity) -> InStock {
    match stocked.free {
        None => InStock::InStock,
        Some(free) if free > low.thousandths() => InStock::InStock,
        Some(free) if free > 0 => InStock::Low,
        Some(_) if stocked.incoming || stocked.backorder => InStock::OnOrder,
        Some(_) => InStock::Unavailable,
    }
}

/// The words for variants, in their order.
pub fn words_of(db: &Reader<'_>, variants: &[(&str, bool)]) -> ToolResult<Vec<InStock>> {
    let ids: Vec<&str> = variants.iter().map(|(id, _)| *id).collect();
    let there = free(db, &ids)?;
    let coming = purchases::incoming(db, &ids, None)?;
    let low = policy::of(db)?.low_stock;
    let words = variants.iter().map(|(id, backorder)| {
        let stocked = Stocked {
            backorder: *backorder,
            free: there.get(id).copied(),
            incoming: coming.contains_key(*id),
        };
        word(stocked, low)
    });
    Ok(words.collect())
}

/// A price as a client sees it.
#[derive(ToolOutput)]
pub struct ClientStep {
    /// From this quantity on.
    pub from: Quantity,
    /// Price per unit.
    pub unit_price: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_never_a_quantity() {
        let stocked = |free, incoming, backorder| Stocked { backorder, free, incoming };
        let low = Quantity::whole(5).unwrap();
        assert_eq!(word(stocked(None, false, false), low), InStock::InStock);
        assert_eq!(word(stocked(Some(5_001), false, false), low), InStock::InStock);
        assert_eq!(word(stocked(Some(5_000), false, false), low), InStock::Low);
        assert_eq!(word(stocked(Some(0), true, false), low), InStock::OnOrder);
        assert_eq!(word(stocked(Some(0), false, true), low), InStock::OnOrder);
        assert_eq!(word(stocked(Some(0), false, false), low), InStock::Unavailable);
    }
}
