//! The domains compiled in: the one place where they meet.

use maitred_core::tool::Domain;

/// Every domain of this build, in the order in which `tools/list` and the documentation speak of modules.
pub fn domains() -> Vec<&'static Domain> {
    vec![
        #[cfg(feature = "account")]
        &maitred_account::DOMAIN,
        #[cfg(feature = "crm")]
        &maitred_crm::DOMAIN,
        #[cfg(feature = "catalog")]
        &maitred_catalog::DOMAIN,
        #[cfg(feature = "orders")]
        &maitred_orders::DOMAIN,
        #[cfg(feature = "invoicing")]
        &maitred_invoicing::DOMAIN,
    ]
}
