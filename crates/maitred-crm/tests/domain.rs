//! Every tool of crm keeps every rule.

#[test]
fn every_tool_keeps_every_rule() {
    maitred_testkit::check_domain(&[&maitred_crm::DOMAIN]);
}
