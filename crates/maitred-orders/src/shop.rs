//! What the examples and tests of the tools stand on.

/// A shop for examples and tests: a customer with a person who may order, a chair with a price and twelve in stock, a
/// table without stock, and work by the hour.
macro_rules! shop {
    ($more:literal) => {
        concat!(
            r#"company acme kind=customer; contact ada company=acme can-order=yes email=ada@acme.example;
            catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]};
            catalog_product_create {"name": "Table", "kind": "goods", "variants": [{"sku": "TA-1"}]};
            catalog_product_create {"name": "Repair", "kind": "service", "unit": "HUR", "variants": [{"sku": "REP"}]};
            catalog_price_list_save {"code": "BASE", "kind": "base", "currency": "EUR"};
            catalog_price_set {"price_list": "BASE", "points": [{"product": "CH-1", "price": "10"},
                {"product": "TA-1", "price": "99.90"}, {"product": "REP", "price": "60"}]};
            catalog_product_transition {"product": "CH-1", "status": "active"};
            catalog_product_transition {"product": "TA-1", "status": "active"};
            catalog_product_transition {"product": "REP", "status": "active"};
            catalog_stock_adjust {"lines": [{"product": "CH-1", "delta": 12, "reason": "found"}]};"#,
            $more
        )
    };
}

#[cfg(test)]
pub(crate) use whole::DOMAINS;

#[cfg(test)]
mod whole {
    /// This module on the real price book and stock ledger.
    pub(crate) const DOMAINS: &[&maitred_core::tool::Domain] = &[&crate::DOMAIN, &maitred_catalog::DOMAIN];
}
