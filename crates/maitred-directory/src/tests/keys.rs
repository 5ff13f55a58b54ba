//! Keys: what opens the door, and everything that does not.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use maitred_core::caller::{Policy, Who};
use maitred_core::door::Door as _;
use maitred_core::mcp::{Credentials, Refusal, Transport};
use maitred_core::mode::{CallerKind, Mode, ModeSet, Module};

use super::{MORNING, Town, assert_stranger, at, channel_spec, refusal, spec, store, within_a_second};
use crate::{ChannelKind, DoorSettings, Holder, KeySpec};

const STRANGE: &str = "mk_aaaaaaaa_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[test]
fn a_key_makes_its_member() {
    let (_town, process) = Town::new(false);
    let key = process.mint(&KeySpec { policy: Policy::PreviewFirst, ..spec("sales") });
    let caller = process.admit(Some(&key)).unwrap();
    assert_eq!(caller.kind(), CallerKind::Teammate);
    assert_eq!(caller.rights, crate::roles::rights(&["sales"]).unwrap());
    assert_eq!(caller.policy, Policy::PreviewFirst);
    assert_eq!(caller.fallen, None);
    assert_eq!(&*caller.org.slug, "acme");
    let teammate = caller.teammate().unwrap();
    assert_eq!((teammate.member.as_str(), teammate.key_label.as_str()), ("sales", "laptop"));
    let listed = process.directory.keys(Some("acme")).unwrap();
    assert_eq!(caller.principal, format!("key:{}", listed[0].id));
    let stdio = Credentials { bearer: Some(&key), address: None, transport: Transport::Stdio };
    assert_eq!(process.door.admit(&stdio).unwrap().principal, caller.principal);
}

#[test]
fn a_narrowed_key_opens_less() {
    let (_town, process) = Town::new(false);
    let key = process.mint(&KeySpec {
        modules: Some(vec![Module::Crm, Module::Desk]),
        modes: Some(ModeSet::of(&[Mode::Sales])),
        read_only: true,
        ..spec("owner")
    });
    let rights = process.admit(Some(&key)).unwrap().rights;
    assert_eq!(rights.modules().collect::<Vec<_>>(), [Module::Crm, Module::Desk]);
    assert_eq!(rights.modes(), ModeSet::of(&[Mode::Sales]));
    assert!(Module::ALL.iter().all(|module| rights.writes(*module).is_empty()));
}

#[test]
fn every_failure_leaves_a_stranger_where_the_door_is_open_and_nobody_where_it_is_closed() {
    let (town, process) = Town::new(true);
    let key = |member: &str| process.teammate_key(member);
    let revoked = key("owner");
    process.directory.revoke(revoked.get(3..11).unwrap()).unwrap();
    let rotated = key("owner");
    process.directory.rotate(rotated.get(3..11).unwrap()).unwrap();
    let expiring = process.mint(&KeySpec { expires_at: Some(at(MORNING + 60)), ..spec("owner") });
    let wrong = {
        let mut wrong = key("owner").into_bytes();
        let last = wrong.len() - 1;
        wrong[last] = if wrong[last] == b'A' { b'Q' } else { b'A' };
        String::from_utf8(wrong).unwrap()
    };
    let unknown_member = key("owner");
    // The member disappears after the key was minted.
    let missing = key("viewer");
    store::in_house(&process, "acme", "DELETE FROM member WHERE id = $1", &["viewer"]);
    town.pass(61);
    let table = [
        (STRANGE.to_owned(), "unknown_key"),
        (wrong, "unknown_key"),
        (revoked, "revoked_key"),
        (rotated, "unknown_key"),
        (expiring, "expired_key"),
        (String::new(), "malformed_token"),
        ("letmein".to_owned(), "malformed_token"),
        (format!("{STRANGE}::"), "malformed_token"),
        (format!("{unknown_member}::a::b"), "malformed_token"),
        ("x".repeat(70_000), "malformed_token"),
        (key("gone"), "member_inactive"),
        (missing, "member_unknown"),
        (key("nothing"), "no_role"),
        (key("wizard"), "unknown_role"),
        (key("malformed"), "malformed_row"),
    ];
    // Nobody knows yet whether it is good: its owner is asked to come again, and is nobody until then.
    let slow = key("slow");
    assert_eq!(refusal(process.admit(Some(&slow))), Refusal::Unavailable);
    for (token, reason) in &table {
        assert_stranger(process.admit(Some(token)), Some(reason));
    }
    assert_stranger(process.admit(None), None);
    process.directory.set_door("acme", false).unwrap();
    for (token, reason) in &table {
        assert_eq!(refusal(process.admit(Some(token))), Refusal::Unauthorized, "{reason}");
    }
    assert_eq!(refusal(process.admit(Some(&slow))), Refusal::Unavailable);
    assert_eq!(refusal(process.admit(None)), Refusal::Unauthorized);
}

#[test]
fn unknown_expired_and_revoked_keys_are_answered_alike_in_every_organisation() {
    let (town, process) = Town::new(true);
    process.directory.create_org("other", "Other", false).unwrap();
    store::settle(&process, "other");
    let other = |expires_at| KeySpec { org: "other".to_owned(), expires_at, ..spec("owner") };
    let revoked = process.mint(&other(None));
    process.directory.revoke(revoked.get(3..11).unwrap()).unwrap();
    let expired = process.mint(&other(Some(at(MORNING + 1))));
    let archived = process.mint(&other(None));
    town.pass(2);
    let answers: Vec<_> = [STRANGE, &revoked, &expired]
        .iter()
        .map(|token| {
            let caller = process.admit(Some(token)).unwrap();
            (caller.principal.clone(), caller.org.slug.to_string(), caller.rights)
        })
        .collect();
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
    process.directory.archive_org("other").unwrap();
    assert_stranger(process.admit(Some(&archived)), Some("org_archived"));
}

#[test]
fn damaged_rows_open_nothing() {
    let (_town, process) = Town::new(true);
    let key = process.teammate_key("owner");
    store::spoil_modules(&process, "crm wizardry");
    assert_stranger(process.admit(Some(&key)), Some("malformed_row"));
    store::spoil_modules(&process, "");
    store::spoil_expiry(&process, "tomorrow");
    assert_stranger(process.admit(Some(&key)), Some("malformed_row"));
    store::lose_keys(&process);
    assert_stranger(process.admit(Some(&key)), Some("malformed_row"));
}

#[test]
fn a_lost_database_opens_nothing() {
    let (town, process) = Town::new(true);
    let key = process.teammate_key("owner");
    std::fs::remove_file(town.path().join("orgs/acme.sqlite")).unwrap();
    let fresh = town.process();
    assert_eq!(refusal(fresh.admit(Some(&key))), Refusal::Unavailable);
    assert_eq!(refusal(fresh.admit(None)), Refusal::Unavailable);
}

#[test]
fn revoking_is_felt_by_another_process_within_a_second() {
    let (town, server) = Town::new(false);
    let key = server.teammate_key("owner");
    let command_line = town.process();
    assert!(server.admit(Some(&key)).is_ok());
    command_line.directory.revoke(key.get(3..11).unwrap()).unwrap();
    within_a_second(|| server.admit(Some(&key)).is_err());
    // And in the process that revokes, at once.
    let key = server.teammate_key("owner");
    assert!(server.admit(Some(&key)).is_ok());
    server.directory.revoke(key.get(3..11).unwrap()).unwrap();
    assert!(server.admit(Some(&key)).is_err());
}

#[test]
fn expiry_rotation_and_the_end_of_an_organisation_are_felt_within_a_second() {
    let (town, server) = Town::new(false);
    let command_line = town.process();
    let expiring = server.mint(&KeySpec { expires_at: Some(at(MORNING + 60)), ..spec("owner") });
    let rotated = server.teammate_key("owner");
    assert!(server.admit(Some(&expiring)).is_ok() && server.admit(Some(&rotated)).is_ok());
    town.pass(61);
    within_a_second(|| server.admit(Some(&expiring)).is_err());
    let fresh = command_line.directory.rotate(rotated.get(3..11).unwrap()).unwrap();
    assert!(command_line.directory.rotate(expiring.get(3..11).unwrap()).is_err());
    within_a_second(|| server.admit(Some(&rotated)).is_err());
    let token = fresh.token.expose();
    assert_eq!(server.admit(Some(token)).unwrap().principal, format!("key:{}", fresh.key.id));
    command_line.directory.archive_org("acme").unwrap();
    within_a_second(|| server.admit(Some(token)).is_err());
}

#[test]
fn a_change_of_roles_is_felt_at_once_here_and_within_a_second_elsewhere() {
    let (town, here) = Town::new(false);
    let there = town.process();
    let key = here.teammate_key("owner");
    let caller = here.admit(Some(&key)).unwrap();
    assert!(there.admit(Some(&key)).unwrap().rights.admin());
    store::set_roles(&here, "owner", "sales");
    let epoch = || here.directory.epoch.load(Ordering::Acquire);
    let before = epoch();
    here.door.changed(&caller, &["deal"]);
    assert_eq!(epoch(), before, "nothing about members was said to change");
    here.door.changed(&caller, &["deal", "member"]);
    assert!(!here.admit(Some(&key)).unwrap().rights.admin());
    within_a_second(|| !there.admit(Some(&key)).unwrap().rights.admin());
}

#[test]
fn a_caller_stays_for_a_moment_when_nobody_can_say_who_it_is_and_is_no_stranger_then() {
    let (_town, process) = Town::new(true);
    let key = process.teammate_key("owner");
    let caller = process.admit(Some(&key)).unwrap();
    store::set_roles(&process, "owner", "too-slow");
    // The first request that asks in vain keeps its caller, and so do those after it.
    within_a_second(|| match process.admit(Some(&key)) {
        Ok(still) => {
            assert_eq!(still.principal, caller.principal);
            false
        }
        Err(refused) => {
            assert_eq!(refused, Refusal::Unavailable);
            true
        }
    });
    assert!(store::ASKED_IN_VAIN.load(Ordering::Relaxed) > 1);
    store::set_roles(&process, "owner", "owner");
    assert_eq!(process.admit(Some(&key)).unwrap().principal, caller.principal);
}

#[test]
fn a_caller_is_remembered_for_a_moment() {
    let (_town, process) = Town::new(false);
    let key = process.teammate_key("owner");
    // A busy machine may take longer than the moment between two looks.
    let mut tries = (0..20).map(|_| (process.admit(Some(&key)).unwrap(), process.admit(Some(&key)).unwrap()));
    let (first, _) = tries.find(|(first, again)| Arc::ptr_eq(first, again)).unwrap();
    std::thread::sleep(Duration::from_millis(420));
    assert!(!Arc::ptr_eq(&first, &process.admit(Some(&key)).unwrap()));
}

#[test]
fn strangers_go_to_the_only_open_door_or_to_the_one_that_is_named() {
    let (town, process) = Town::new(true);
    let here = process.admit(None).unwrap();
    assert_eq!(here.principal, "stranger:acme:192.0.2.7");
    assert!(matches!(&here.who, Who::Stranger { channel, handle: None } if channel == "direct"));
    process.directory.create_org("zeta", "Zeta", true).unwrap();
    assert_eq!(refusal(process.admit(None)), Refusal::Unauthorized, "two open doors and none is named");
    let named = |slug: &str| DoorSettings { default_org: Some(slug.to_owned()), ..DoorSettings::default() };
    let zeta = town.process_with(named("zeta"));
    assert_eq!(&*zeta.admit(None).unwrap().org.slug, "zeta");
    assert_eq!(refusal(town.process_with(named("nowhere")).admit(None)), Refusal::Unauthorized);
    // A closed door is closed within a second for those who came in before.
    process.directory.set_door("zeta", false).unwrap();
    within_a_second(|| zeta.admit(None).is_err());
    let stdio = Credentials { bearer: None, address: None, transport: Transport::Stdio };
    assert_eq!(process.door.admit(&stdio).unwrap().principal, "stranger:acme:stdio");
    let network = Credentials {
        bearer: None,
        address: Some("2001:db8:1:2:3:4:5:6".parse().unwrap()),
        transport: Transport::Http,
    };
    assert_eq!(process.door.admit(&network).unwrap().principal, "stranger:acme:2001:db8:1:2::/64");
}

#[test]
fn a_channels_key_alone_is_a_stranger_or_has_no_menu() {
    let (_town, process) = Town::new(true);
    process.directory.create_channel("acme", "wa", ChannelKind::Whatsapp).unwrap();
    let key = process.mint(&channel_spec("wa"));
    let caller = process.admit(Some(&key)).unwrap();
    assert_eq!(caller.rights, crate::roles::stranger());
    assert_eq!(caller.channel.as_ref().unwrap().name, "wa");
    process.directory.set_door("acme", false).unwrap();
    let caller = process.admit(Some(&key)).unwrap();
    assert_eq!((caller.rights.modules().count(), caller.fallen), (0, Some("door_closed")));
    process.directory.archive_channel("acme", "wa").unwrap();
    assert_eq!(refusal(process.admit(Some(&key))), Refusal::Unauthorized);
}

#[test]
fn module_keys_reach_their_module_and_no_log() {
    let (_town, process) = Town::new(false);
    let key = process.teammate_key("owner");
    let caller = process.admit(Some(&format!("{key}::crm=hunter2,erp=xyzzy"))).unwrap();
    assert_eq!(caller.module_keys.of(Module::Crm).unwrap().expose(), "hunter2");
    assert!(caller.module_keys.of(Module::Bridge).is_none());
    assert!(!format!("{:?}", caller.module_keys).contains("hunter2"));
    let other = process.admit(Some(&format!("{key}::crm=other"))).unwrap();
    assert_eq!(other.module_keys.of(Module::Crm).unwrap().expose(), "other");
    assert_eq!(other.principal, caller.principal);
    assert!(process.admit(Some(&key)).unwrap().module_keys.is_empty());
    let unnamed = process.admit(Some(&format!("{key}::plain"))).unwrap();
    assert_eq!(unnamed.module_keys.of(Module::Bridge).unwrap().expose(), "plain");
}

#[test]
fn the_use_of_a_key_is_noted_once_a_minute() {
    let (town, process) = Town::new(false);
    let key = process.teammate_key("owner");
    let used = || process.directory.keys(None).unwrap()[0].last_used_at.clone();
    assert_eq!(used(), None);
    process.admit(Some(&key)).unwrap();
    within_a_second(|| used().is_some());
    let first = used();
    town.pass(30);
    let watched = Instant::now();
    while watched.elapsed() < Duration::from_millis(500) {
        process.admit(Some(&key)).unwrap();
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(used(), first);
    town.pass(31);
    within_a_second(|| {
        process.admit(Some(&key)).unwrap();
        used() != first
    });
}

#[test]
fn minting_refuses_what_would_open_nothing_or_the_wrong_thing() {
    let (_town, process) = Town::new(false);
    let directory = &process.directory;
    directory.create_org("old", "Old", false).unwrap();
    directory.archive_org("old").unwrap();
    let in_org = |org: &str| KeySpec { org: org.to_owned(), ..spec("owner") };
    let refused = |spec: KeySpec| directory.mint(&spec, store::is_member).unwrap_err().to_string();
    assert_eq!(refused(in_org("old")), "the organisation `old` is archived");
    assert_eq!(refused(in_org("nowhere")), "there is no organisation `nowhere`");
    assert_eq!(refused(spec("nobody")), "there is no member `nobody` in `acme`");
    assert_eq!(refused(channel_spec("none")), "there is no channel `none` in `acme`");
    assert!(refused(KeySpec { expires_at: Some(at(MORNING)), ..spec("owner") }).contains("expired already"));
    assert!(refused(KeySpec { modules: Some(Vec::new()), ..spec("owner") }).contains("opens nothing"));
    assert!(refused(KeySpec { label: "a\nb".to_owned(), ..spec("owner") }).contains("control character"));
    assert!(directory.create_org("acme", "Again", false).is_err());
    assert!(directory.create_org("../up", "Up", false).is_err());
}

#[test]
fn nothing_prints_or_stores_a_key() {
    let (town, process) = Town::new(false);
    let minted = process.directory.mint(&spec("owner"), store::is_member).unwrap();
    let secret = minted.token.expose().get(12..).unwrap().to_owned();
    assert_eq!(minted.token.expose().len(), 55);
    assert!(!format!("{minted:?}").contains(&secret));
    let (info, channel_secret) = process.directory.create_channel("acme", "wa", ChannelKind::Web).unwrap();
    let listed = format!("{:?} {info:?} {channel_secret:?}", process.directory.keys(None).unwrap());
    assert!(!listed.contains(&secret) && !listed.contains(channel_secret.expose()));
    assert_eq!(format!("{:?}", process.directory.secrets()), "Secrets");
    for file in std::fs::read_dir(town.path()).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{path:?}");
        }
    }
}

#[test]
fn keys_and_channels_are_listed_by_organisation_and_purged_by_age() {
    let (town, process) = Town::new(false);
    let directory = &process.directory;
    directory.create_org("other", "Other", false).unwrap();
    let revoked = process.teammate_key("owner");
    process.teammate_key("sales");
    directory.create_channel("other", "chat", ChannelKind::Web).unwrap();
    assert!(directory.create_channel("other", "chat", ChannelKind::Web).is_err());
    assert_eq!(directory.keys(Some("acme")).unwrap().len(), 2);
    assert_eq!(directory.keys(Some("other")).unwrap().len(), 0);
    assert_eq!(directory.keys(None).unwrap().len(), 2);
    assert!(directory.keys(Some("nowhere")).is_err());
    assert_eq!(directory.channels(Some("other")).unwrap()[0].org, "other");
    assert_eq!(directory.orgs().unwrap().len(), 2);
    directory.revoke(revoked.get(3..11).unwrap()).unwrap();
    assert_eq!(directory.purge(at(MORNING)).unwrap().keys, 0);
    town.pass(10);
    assert_eq!(directory.purge(at(MORNING + 10)).unwrap().keys, 1);
    let left = directory.keys(None).unwrap();
    assert_eq!(left[0].holder, Holder::Teammate("sales".to_owned()));
}

#[test]
fn operators_and_their_views_come_in_without_a_key() {
    let (_town, process) = Town::new(false);
    let operator = process.door.operator("acme", "call").unwrap();
    assert!(operator.rights.admin() && matches!(operator.who, Who::Operator { .. }));
    assert_stranger(process.door.stranger_of("acme").map_err(|_| Refusal::Unavailable), None);
    assert_eq!(process.door.client_of("acme", "ada", None).unwrap().kind(), CallerKind::Client);
    assert!(process.door.client_of("acme", "nobody", None).is_err());
    assert!(process.door.operator("nowhere", "call").is_err());
}

#[test]
fn two_processes_may_boot_at_once() {
    let town = Town {
        files: tempfile::tempdir().unwrap(),
        clock: Arc::new(maitred_core::clock::FixedClock::new(at(MORNING))),
    };
    std::thread::scope(|scope| {
        let boots: Vec<_> = (0..4).map(|_| scope.spawn(|| town.process())).collect();
        let booted: Vec<_> = boots.into_iter().map(|boot| boot.join().unwrap()).collect();
        let first = booted[0].door.session_secret();
        assert!(booted.iter().all(|process| process.door.session_secret() == first));
    });
}

/// Counts the counters that are touched, by name and reason.
#[derive(Default)]
struct Counted(Mutex<Vec<String>>);

impl metrics::Recorder for Counted {
    fn describe_counter(&self, _: metrics::KeyName, _: Option<metrics::Unit>, _: metrics::SharedString) {}
    fn describe_gauge(&self, _: metrics::KeyName, _: Option<metrics::Unit>, _: metrics::SharedString) {}
    fn describe_histogram(&self, _: metrics::KeyName, _: Option<metrics::Unit>, _: metrics::SharedString) {}
    fn register_counter(&self, key: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Counter {
        let reasons = key.labels().map(|label| label.value());
        self.0.lock().unwrap().push([key.name()].into_iter().chain(reasons).collect::<Vec<_>>().join(" "));
        metrics::Counter::noop()
    }
    fn register_gauge(&self, _: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Gauge {
        metrics::Gauge::noop()
    }
    fn register_histogram(&self, _: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Histogram {
        metrics::Histogram::noop()
    }
}

#[test]
fn failures_are_counted_by_reason() {
    let (_town, process) = Town::new(true);
    let counted = Counted::default();
    metrics::with_local_recorder(&counted, || {
        assert_stranger(process.admit(Some(STRANGE)), Some("unknown_key"));
        let stranger = process.admit(None).unwrap();
        assert_stranger(process.identify(&stranger, "{}"), Some("identity_malformed"));
    });
    assert_eq!(
        *counted.0.lock().unwrap(),
        ["maitred_door_refusals_total unknown_key", "maitred_door_refusals_total identity_malformed"]
    );
}
