//! `account_whoami`: who the server takes a caller for.

use maitred_core::caller::{Policy, Who};
use maitred_core::prelude::*;
use maitred_party::CompanyId;
use maitred_party::model::AddressKind;
use maitred_party::store::companies;

/// The tool.
pub struct Whoami;

impl Tool for Whoami {
    const NAME: &str = "account_whoami";
    const TITLE: &str = "Who am I";
    const ABOUT: &str = "Say who the server takes you for: kind of caller, name, organisation, modes; for a client \
                         also the companies and delivery addresses in reach.";
    const MODES: &[Mode] = Mode::ALL;
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example =
        Example { given: "company acme; contact ada company=acme can-order=yes", args: "{}" };
    type Effect = Read;
    type Audience = Anyone;
    type Args = Args;
    type Output = Output;

    /// Nothing here depends on why somebody is a stranger: the reason stands in the log only.
    fn call(cx: &mut Cx<'_, Read, Anyone>, _: Args) -> ToolResult<Output> {
        let caller = cx.caller();
        let mut modules: Vec<_> = cx.menu().tools().iter().map(|tool| tool.module).collect();
        modules.sort_unstable();
        modules.dedup();
        let mut output = Output {
            caller: CallerView {
                kind: caller.kind().as_str(),
                id: None,
                name: None,
                roles: None,
                admin: None,
                key: None,
            },
            org: caller.org.name.to_string(),
            modes: caller.rights.modes().iter().map(Mode::as_str).collect(),
            modules: modules.into_iter().map(|module| module.as_str()).collect(),
            writes: Writes::of(cx),
            companies: None,
            addresses: None,
        };
        match &caller.who {
            Who::Teammate(teammate) => {
                output.caller.id = Some(teammate.member.clone());
                output.caller.name = Some(teammate.name.clone());
                output.caller.roles = Some(teammate.roles.clone());
                output.caller.admin = Some(caller.rights.admin());
                output.caller.key = Some(teammate.key_label.clone());
            }
            Who::Client(client) => {
                output.caller.id = Some(client.contact.clone());
                output.caller.name = Some(client.name.clone());
                output.companies = Some(vec![CompanyView {
                    id: client.company.clone(),
                    name: client.company_name.clone(),
                    role: client.role.clone(),
                    primary: client.is_primary,
                    can_order: client.can_order,
                }]);
                output.addresses = Some(delivery(cx, &client.company)?);
            }
            Who::Stranger { .. } | Who::Operator { .. } => {}
        }
        Ok(output)
    }
}

fn delivery(db: &Reader<'_>, company: &str) -> ToolResult<Vec<AddressView>> {
    let addresses = companies::addresses(db, &CompanyId(company.to_owned()))?;
    Ok(addresses
        .into_iter()
        .filter(|address| address.kind == AddressKind::Shipping)
        .map(|address| AddressView {
            id: address.id.0,
            lines: address.lines.lines().map(str::to_owned).collect(),
            postcode: address.postcode,
            city: address.city,
            region: address.region,
            country: address.country,
            default: address.is_default,
        })
        .collect())
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// You.
    caller: CallerView,
    /// Organisation.
    org: String,
    /// Modes you act in.
    modes: Vec<&'static str>,
    /// Modules whose tools you see.
    modules: Vec<&'static str>,
    /// How your writes are carried out.
    writes: Writes,
    /// Companies you act for.
    companies: Option<Vec<CompanyView>>,
    /// Where goods can be sent.
    addresses: Option<Vec<AddressView>>,
}

/// How writes are carried out.
#[derive(ToolOutput, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    /// There are none.
    None,
    /// Each needs the confirm of a preview.
    PreviewFirst,
    /// At once, where the tool itself does not ask for a preview.
    Direct,
}

impl Writes {
    fn of(db: &Reader<'_>) -> Self {
        let caller = db.caller();
        if db.menu().tools().iter().all(|tool| tool.entry.effect.read) {
            Self::None
        } else if caller.policy == Policy::PreviewFirst || caller.teammate().is_none() {
            Self::PreviewFirst
        } else {
            Self::Direct
        }
    }
}

/// Who is calling.
#[derive(ToolOutput)]
pub struct CallerView {
    /// teammate, client or stranger.
    kind: &'static str,
    /// Member or contact id.
    id: Option<String>,
    /// Name.
    name: Option<String>,
    /// Roles.
    roles: Option<Vec<String>>,
    /// True for owners and admins.
    admin: Option<bool>,
    /// Label of the key.
    key: Option<String>,
}

/// A company a client acts for.
#[derive(ToolOutput)]
pub struct CompanyView {
    /// Id.
    id: String,
    /// Name.
    name: String,
    /// Your role there.
    role: String,
    /// You are the one to turn to first.
    primary: bool,
    /// You may order.
    can_order: bool,
}

/// A delivery address.
#[derive(ToolOutput)]
pub struct AddressView {
    /// Id.
    id: String,
    /// Street lines.
    lines: Vec<String>,
    /// Postcode.
    postcode: Option<String>,
    /// City.
    city: String,
    /// State or province.
    region: Option<String>,
    /// ISO 3166 alpha-2.
    country: String,
    /// Used unless another is named.
    default: bool,
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use expect_test::expect;
    use maitred_core::caller::{Caller, ModuleKeys, OrgFacts, Policy, Who};
    use maitred_core::mode::{Mode, ModeSet, Module, Rights};
    use maitred_party::CompanyId;
    use maitred_party::model::AddressKind;
    use maitred_party::store::companies::{NewAddress, add_address};
    use maitred_testkit::{Fixture, check};

    #[test]
    fn tells_a_teammate_what_the_key_is_good_for() {
        check(
            &crate::DOMAIN,
            "",
            "account_whoami",
            "{}",
            expect![[
                r#"{"caller":{"kind":"teammate","id":"@owner","name":"Owner","roles":["owner"],"admin":true,"key":"test"},"org":"Maison Test","modes":["sales","service","success","office"],"modules":["account"],"writes":"direct"}"#
            ]],
        );
    }

    #[test]
    fn tells_a_client_the_company_they_act_for_and_no_other() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            "company acme; company rival; contact ada company=acme can-order=yes role=buyer",
        );
        for name in ["acme", "rival"] {
            let company = CompanyId(fixture.id(name));
            fixture
                .write(move |db| {
                    for kind in [AddressKind::Shipping, AddressKind::Billing] {
                        let address = NewAddress {
                            kind,
                            lines: vec!["Rue Haute 1".to_owned()],
                            city: "Lille".to_owned(),
                            postcode: None,
                            region: None,
                            country: "FR".to_owned(),
                        };
                        add_address(db, &company, address)?;
                    }
                    Ok(())
                })
                .unwrap();
        }
        let answer = fixture.call_as(&fixture.client_caller("ada"), "account_whoami", "{}").unwrap();
        expect![[r##"{"caller":{"kind":"client","id":"@ada","name":"Ada"},"org":"Maison Test","modes":["client_order"],"modules":["account"],"writes":"none","companies":[{"id":"@acme","name":"Acme","role":"buyer","primary":true,"can_order":true}],"addresses":[{"id":"#1","lines":["Rue Haute 1"],"city":"Lille","country":"FR","default":true}]}"##]].assert_eq(&answer.text);
    }

    /// Whatever the reason: a stranger with a handle, one without, and one whose credential failed read the same.
    #[test]
    fn a_caller_who_could_not_be_resolved_reads_what_a_stranger_reads() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "");
        let stranger = fixture.stranger_caller();
        let plain = fixture.call_as(&stranger, "account_whoami", "{}").unwrap();
        expect![[r#"{"caller":{"kind":"stranger"},"org":"Maison Test","modes":["client_onboard"],"modules":["account"],"writes":"none"}"#]].assert_eq(&plain.text);
        for fallen in ["unknown key", "contact is not active"] {
            let caller = Arc::new(Caller {
                org: OrgFacts { slug: stranger.org.slug.clone(), name: stranger.org.name.clone() },
                store: Arc::clone(fixture.store()),
                principal: format!("address:{fallen}"),
                who: Who::Stranger { channel: "direct".to_owned(), handle: None },
                rights: stranger.rights,
                policy: Policy::Direct,
                channel: None,
                fallen: Some(fallen),
                module_keys: ModuleKeys::default(),
            });
            assert_eq!(fixture.call_as(&caller, "account_whoami", "{}").unwrap(), plain);
        }
    }

    #[test]
    fn a_key_that_may_only_read_says_so() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "");
        let rights = Rights::none(maitred_core::mode::CallerKind::Teammate)
            .grant(Module::ALL, ModeSet::of(&[Mode::Office]), true, true)
            .read_only();
        let answer = fixture.call_as(&fixture.caller_with("viewer", rights), "account_whoami", "{}").unwrap();
        assert_eq!(answer.json()["writes"], "none");
    }
}
