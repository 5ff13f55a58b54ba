//! `_identity`: believed from a channel's key or with a signature, else a stranger.

use std::sync::Arc;

use maitred_core::caller::{Caller, Policy, Who};
use maitred_core::mcp::Refusal;
use maitred_core::mode::{CallerKind, Module};

use super::{
    MORNING, Process, Town, assert_stranger, at, channel_spec, refusal, spec, store, within_a_second,
};
use crate::{Assertion, ChannelKind, KeySpec, roles, sign_assertion};

struct Gate {
    town: Town,
    process: Process,
    secret: String,
    gateway: String,
}

fn gate(door_open: bool) -> Gate {
    let (town, process) = Town::new(door_open);
    let (_, secret) = process.directory.create_channel("acme", "wa", ChannelKind::Whatsapp).unwrap();
    let gateway = process.mint(&channel_spec("wa"));
    Gate { town, process, secret: secret.expose().to_owned(), gateway }
}

fn assertion() -> Assertion {
    Assertion {
        contact: "ada".to_owned(),
        org: Some("acme".to_owned()),
        channel: Some("wa".to_owned()),
        message_id: Some("m-1".to_owned()),
        expires: Some(MORNING + 300),
        ..Assertion::default()
    }
}

fn json(assertion: &Assertion) -> String {
    let mut out = serde_json::Map::new();
    out.insert("contact".to_owned(), assertion.contact.clone().into());
    for (name, value) in [
        ("company", &assertion.company),
        ("org", &assertion.org),
        ("channel", &assertion.channel),
        ("message_id", &assertion.message_id),
        ("signature", &assertion.signature),
    ] {
        if let Some(value) = value {
            out.insert(name.to_owned(), value.clone().into());
        }
    }
    if let Some(expires) = assertion.expires {
        out.insert("expires".to_owned(), expires.into());
    }
    serde_json::Value::Object(out).to_string()
}

impl Gate {
    fn signed(&self, change: impl FnOnce(&mut Assertion)) -> String {
        let mut signed = assertion();
        change(&mut signed);
        signed.signature = Some(sign_assertion(&self.secret, &signed));
        json(&signed)
    }

    fn stranger(&self) -> Arc<Caller> {
        self.process.admit(None).unwrap()
    }
}

fn assert_client(answer: Result<Arc<Caller>, Refusal>) -> Arc<Caller> {
    let caller = answer.unwrap();
    assert_eq!((caller.kind(), caller.fallen), (CallerKind::Client, None));
    assert_eq!(caller.policy, Policy::PreviewFirst);
    let client = caller.client().unwrap();
    assert_eq!((client.contact.as_str(), client.company.as_str()), ("ada", "brick"));
    assert_eq!(client.channel, "wa");
    caller
}

#[test]
fn a_channels_key_vouches_for_a_contact_of_its_organisation() {
    for door_open in [true, false] {
        let gate = gate(door_open);
        let caller = gate.process.admit(Some(&gate.gateway)).unwrap();
        let client = assert_client(gate.process.identify(&caller, r#"{"contact": "ada"}"#));
        assert_eq!(client.rights, roles::client());
        let key = gate.process.directory.keys(None).unwrap()[0].id.clone();
        assert_eq!(client.principal, format!("contact:ada:brick:{key}"));
        for claim in [
            r#"{"contact":"ada","company":"brick","org":"acme","channel":"wa","message_id":"1"}"#.to_owned(),
            format!(r#"{{"contact":"ada","expires":{}}}"#, MORNING + 5),
            r#""ada""#.to_owned(),
            gate.signed(|_| {}),
        ] {
            assert_client(gate.process.identify(&caller, &claim));
        }
    }
}

#[test]
fn what_a_channels_key_says_must_be_right_all_the_same() {
    let table = [
        (r#"{"contact":"nobody"}"#, "contact_unknown"),
        (r#"{"contact":"alone"}"#, "no_company"),
        (r#"{"contact":"may-not"}"#, "may_not_order"),
        (r#"{"contact":"ada","company":"stone"}"#, "no_company"),
        (r#"{"contact":"slow"}"#, "lookup_error"),
        (r#"{"contact":"ada","org":"other"}"#, "identity_other_org"),
        (r#"{"contact":"ada","channel":"tg"}"#, "identity_other_channel"),
        (r#"{"contact":"ada","expires":1}"#, "identity_expired"),
        (r#"{"contact":"ada","signature":"00"}"#, "identity_signature"),
    ];
    for door_open in [true, false] {
        let gate = gate(door_open);
        let caller = gate.process.admit(Some(&gate.gateway)).unwrap();
        for (claim, reason) in table {
            let left = gate.process.identify(&caller, claim).unwrap();
            assert_eq!(left.fallen, Some(reason));
            assert_eq!(left.kind(), CallerKind::Stranger);
            assert!(left.channel.is_none());
            assert_eq!(left.rights, caller.rights);
            assert_eq!(left.rights.modules().count(), if door_open { 2 } else { 0 });
            let Who::Stranger { channel, handle: Some(handle) } = &left.who else {
                panic!("no handle for {claim}");
            };
            assert_eq!((channel.as_str(), handle.len()), ("wa", 32));
            assert_eq!(left.principal, format!("stranger:acme:{handle}"));
        }
    }
}

#[test]
fn a_narrowed_channels_key_narrows_its_clients() {
    let gate = gate(false);
    let key = gate.process.mint(&KeySpec {
        modules: Some(vec![Module::Desk, Module::Crm]),
        read_only: true,
        ..channel_spec("wa")
    });
    let caller = gate.process.admit(Some(&key)).unwrap();
    let client = assert_client(gate.process.identify(&caller, r#"{"contact":"ada"}"#));
    assert_eq!(client.rights.modules().collect::<Vec<_>>(), [Module::Desk]);
    assert!(client.rights.writes(Module::Desk).is_empty());
}

#[test]
fn a_revoked_channels_key_vouches_for_nobody_even_while_it_is_remembered() {
    let gate = gate(true);
    let caller = gate.process.admit(Some(&gate.gateway)).unwrap();
    let elsewhere = gate.town.process();
    elsewhere.directory.revoke(gate.gateway.get(3..11).unwrap()).unwrap();
    let left = gate.process.identify(&caller, r#"{"contact":"ada"}"#).unwrap();
    assert_eq!(left.fallen, Some("revoked_key"));
    within_a_second(|| gate.process.admit(Some(&gate.gateway)).unwrap().channel.is_none());
}

#[test]
fn rights_of_a_contact_end_with_the_next_call() {
    let gate = gate(true);
    let caller = gate.process.admit(Some(&gate.gateway)).unwrap();
    assert_client(gate.process.identify(&caller, r#"{"contact":"ada"}"#));
    store::in_house(&gate.process, "acme", "UPDATE contact SET can_order = 0 WHERE id = $1", &["ada"]);
    let left = gate.process.identify(&caller, r#"{"contact":"ada"}"#).unwrap();
    assert_eq!((left.kind(), left.fallen), (CallerKind::Stranger, Some("may_not_order")));
}

#[test]
fn a_signature_makes_the_client_whoever_brings_it() {
    let gate = gate(true);
    let signed = gate.signed(|_| {});
    let client = assert_client(gate.process.identify(&gate.stranger(), &signed));
    assert_eq!(client.rights, roles::client());
    let owner = gate.process.admit(Some(&gate.process.teammate_key("owner"))).unwrap();
    let client = assert_client(gate.process.identify(&owner, &signed));
    assert_eq!(client.rights, roles::client());
    assert_client(gate.process.identify(&owner, &gate.signed(|a| a.company = Some("brick".to_owned()))));
}

#[test]
fn beside_a_teammates_key_a_client_gets_no_module_and_no_write_that_the_key_does_not_have() {
    let gate = gate(false);
    let signed = gate.signed(|_| {});
    let viewer = gate.process.admit(Some(&gate.process.teammate_key("viewer"))).unwrap();
    let client = assert_client(gate.process.identify(&viewer, &signed));
    assert_eq!(client.rights, roles::client().read_only());
    let narrow = KeySpec { modules: Some(vec![Module::Orders]), ..spec("owner") };
    let narrow = gate.process.admit(Some(&gate.process.mint(&narrow))).unwrap();
    let client = assert_client(gate.process.identify(&narrow, &signed));
    assert_eq!(client.rights, roles::client().only_modules(&[Module::Orders]));
}

/// A claim, made by the gate, and why it is not believed.
type Case = (Box<dyn Fn(&Gate) -> String>, &'static str);

fn unbelievable() -> Vec<Case> {
    fn plain(text: &'static str) -> Box<dyn Fn(&Gate) -> String> {
        Box::new(move |_| text.to_owned())
    }
    fn signed(change: fn(&mut Assertion)) -> Box<dyn Fn(&Gate) -> String> {
        Box::new(move |gate| gate.signed(change))
    }
    fn forged(change: fn(&mut Assertion)) -> Box<dyn Fn(&Gate) -> String> {
        Box::new(move |gate| {
            let mut forged = assertion();
            forged.signature = Some(sign_assertion(&gate.secret, &forged));
            change(&mut forged);
            json(&forged)
        })
    }
    vec![
        (plain(""), "identity_malformed"),
        (plain("null"), "identity_malformed"),
        (plain("[]"), "identity_malformed"),
        (plain("{"), "identity_malformed"),
        (plain("{}"), "identity_malformed"),
        (plain("\"ada"), "identity_malformed"),
        (plain("\"\""), "identity_malformed"),
        (plain("\"ada\""), "identity_unsigned"),
        (plain(r#"{"contact":7}"#), "identity_malformed"),
        (plain(r#"{"contact":""}"#), "identity_malformed"),
        (plain(r#"{"contact":"ada","contact":"bob"}"#), "identity_malformed"),
        (plain(r#"{"contact":"ada","role":"owner"}"#), "identity_malformed"),
        (plain(r#"{"contact":"ada","expires":"soon"}"#), "identity_malformed"),
        (plain(r#"{"contact":"ada\nbrick"}"#), "identity_malformed"),
        (Box::new(|_| format!(r#"{{"contact":"{}"}}"#, "a".repeat(5000))), "identity_malformed"),
        (plain(r#"{"contact":"ada"}"#), "identity_unsigned"),
        (signed(|a| a.org = None), "identity_incomplete"),
        (signed(|a| a.channel = None), "identity_incomplete"),
        (signed(|a| a.message_id = None), "identity_incomplete"),
        (signed(|a| a.expires = None), "identity_incomplete"),
        (signed(|a| a.org = Some("other".to_owned())), "identity_other_org"),
        (signed(|a| a.channel = Some("tg".to_owned())), "identity_signature"),
        (signed(|a| a.channel = Some("nowhere".to_owned())), "identity_signature"),
        (signed(|a| a.expires = Some(MORNING)), "identity_expired"),
        (signed(|a| a.expires = Some(MORNING + 901)), "identity_valid_too_long"),
        (signed(|a| a.expires = Some(i64::MAX)), "identity_valid_too_long"),
        (signed(|a| a.contact = "nobody".to_owned()), "contact_unknown"),
        (signed(|a| a.contact = "may-not".to_owned()), "may_not_order"),
        (signed(|a| a.contact = "slow".to_owned()), "lookup_error"),
        (forged(|a| a.contact = "bob".to_owned()), "identity_signature"),
        (forged(|a| a.company = Some("stone".to_owned())), "identity_signature"),
        (forged(|a| a.message_id = Some("m-2".to_owned())), "identity_signature"),
        (forged(|a| a.expires = Some(MORNING + 301)), "identity_signature"),
        (forged(|a| a.signature = Some("0".repeat(64))), "identity_signature"),
        (forged(|a| a.signature = Some("x".repeat(64))), "identity_signature"),
        (forged(|a| a.signature = Some(String::new())), "identity_signature"),
    ]
}

#[test]
fn what_is_not_believed_leaves_a_stranger_or_nobody() {
    let gate = gate(true);
    gate.process.directory.create_channel("acme", "tg", ChannelKind::Telegram).unwrap();
    let owner = gate.process.admit(Some(&gate.process.teammate_key("owner"))).unwrap();
    let stranger = gate.stranger();
    for (claim, reason) in unbelievable() {
        let claim = claim(&gate);
        assert_stranger(gate.process.identify(&owner, &claim), Some(reason));
        let left = gate.process.identify(&stranger, &claim);
        assert_eq!(left.as_ref().unwrap().principal, stranger.principal);
        assert_stranger(left, Some(reason));
    }
    gate.process.directory.set_door("acme", false).unwrap();
    for (claim, _) in unbelievable() {
        assert_eq!(refusal(gate.process.identify(&owner, &claim(&gate))), Refusal::Unauthorized);
    }
}

#[test]
fn a_rotated_or_archived_channel_signs_nothing_any_more() {
    let mut gate = gate(true);
    let signed = gate.signed(|_| {});
    let (_, fresh) = gate.process.directory.rotate_channel("acme", "wa").unwrap();
    assert_stranger(gate.process.identify(&gate.stranger(), &signed), Some("identity_signature"));
    gate.secret = fresh.expose().to_owned();
    let signed = gate.signed(|_| {});
    assert_client(gate.process.identify(&gate.stranger(), &signed));
    gate.process.directory.archive_channel("acme", "wa").unwrap();
    assert_stranger(gate.process.identify(&gate.stranger(), &signed), Some("identity_signature"));
}

#[test]
fn an_assertion_ends_with_its_time() {
    let gate = gate(true);
    let signed = gate.signed(|_| {});
    gate.town.clock.set(at(MORNING + 299));
    assert_client(gate.process.identify(&gate.stranger(), &signed));
    gate.town.clock.set(at(MORNING + 300));
    assert_stranger(gate.process.identify(&gate.stranger(), &signed), Some("identity_expired"));
}

#[test]
fn the_form_that_is_signed_is_fixed() {
    let mut fixed = assertion();
    assert_eq!(
        sign_assertion("secret", &fixed),
        "19e0d9593182ec2f0cd700bb1be638202620108b86a0c2d01b58030d71b60a14"
    );
    fixed.signature = Some(sign_assertion("secret", &fixed));
    assert!(!format!("{fixed:?}").contains(fixed.signature.as_deref().unwrap()));
}
