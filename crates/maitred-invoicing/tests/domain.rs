//! Every tool of invoicing keeps every rule.

#[test]
fn every_tool_keeps_every_rule() {
    maitred_testkit::check_domain(&[
        &maitred_invoicing::DOMAIN,
        &maitred_orders::DOMAIN,
        &maitred_catalog::DOMAIN,
    ]);
}
