//! What must hold of companies and contacts whatever is called: merges (invariant 25), primary contacts and parents
//! (invariant 26).

use std::collections::BTreeMap;

use expect_test::expect;
use maitred_party::refs::RefKind;
use maitred_party::store::{companies, contacts};
use maitred_store::params;
use maitred_testkit::{Answer, Fixture};
use proptest::prelude::*;

use crate::test_data::open_deal;

fn fixture(given: &str) -> Fixture {
    Fixture::new(&[&crate::DOMAIN], given)
}

fn moved(answer: &Answer) -> BTreeMap<String, i64> {
    assert!(!answer.failed, "{}", answer.raw);
    serde_json::from_value(answer.json()["moved"].clone()).expect("counts")
}

/// A handle by which a channel knows a contact.
fn verify(fixture: &Fixture, contact: &str) {
    let contact = fixture.id(contact);
    fixture
        .write(move |db| {
            db.execute(
                "INSERT INTO channel_handle (id, contact_id, channel, handle_hash, verified_at, revoked_at) \
                 VALUES ($1, $2, 'whatsapp', 'hash', $3, NULL)",
                params![db.fresh_id(), contact, db.now_text()],
            )?;
            Ok(())
        })
        .expect("a handle");
}

const CONTACTS: &str = "company acme; company zeta; \
    contact ada given=Ada name=Byron company=acme email=ada@acme.example; contact bob company=acme; \
    contact ada2 given=A. name=Byron company=acme email=a@home.example phone=+4930123456 role=buyer; \
    crm_contact_update {\"contact\": \"@ada2\", \"companies\": [{\"company\": \"@zeta\", \"role\": \"technical\"}]} as ada2=contact.id; \
    crm_tag_apply {\"kind\": \"contact\", \"records\": [\"@ada\", \"@ada2\"], \"add\": [\"poet\"], \"create_missing\": true} as ada=records.0.id; \
    crm_tag_apply {\"kind\": \"contact\", \"records\": [\"@ada2\"], \"add\": [\"vip\"], \"create_missing\": true} as ada2=records.0.id; \
    crm_activity_log {\"kind\": \"call\", \"about\": [\"@ada\", \"@ada2\"], \"summary\": \"both\"} as both; \
    crm_activity_log {\"kind\": \"call\", \"about\": [\"@ada2\"], \"summary\": \"one\", \
    \"next_todo\": {\"title\": \"call\", \"due_at\": \"2026-03-10T09:00:00Z\"}} as one; \
    crm_consent_record {\"contact\": \"@ada\", \"channel\": \"email\", \"state\": \"granted\", \"basis\": \"consent\", \"source\": \"form\", \"at\": \"2026-03-01T09:00:00Z\"} as ada=contact; \
    crm_consent_record {\"contact\": \"@ada2\", \"channel\": \"email\", \"state\": \"withdrawn\", \"basis\": \"consent\", \"source\": \"mail\", \"at\": \"2026-02-01T09:00:00Z\"} as ada2=contact; \
    crm_consent_record {\"contact\": \"@ada2\", \"channel\": \"phone\", \"state\": \"granted\", \"basis\": \"consent\", \"source\": \"call\"} as ada2=contact";

#[test]
fn merging_people_moves_every_reference_and_counts_it() {
    let fixture = fixture(CONTACTS);
    let (ada, ada2) = (fixture.id("ada"), fixture.id("ada2"));
    open_deal(&fixture, "D-1", &fixture.id("acme"), Some(&ada2));
    verify(&fixture, "ada2");
    let before = fixture.references(RefKind::Contact, &ada2);
    for table in [
        "activity_link",
        "channel_handle",
        "company_contact",
        "consent",
        "crm_contact_profile",
        "deal",
        "deal_contact",
        "tagging",
        "todo_link",
    ] {
        assert!(
            before.contains_key(table),
            "{table} has nothing to move, so this test shows nothing about it"
        );
    }
    let answer = fixture.call_confirmed("crm_contact_merge", r#"{"keep": "@ada", "absorb": "@ada2"}"#);
    expect![[r#"{"contact":{"id":"@ada","version":2,"name":"Ada Byron","email":"ada@acme.example","phone":"+4930123456","status":"active","tags":["poet","vip"]},"absorbed":"A. Byron","also":["a@home.example"],"choices":[{"field":"given_name","value":"Ada","from":"kept","other":"A."},{"field":"email","value":"ada@acme.example","from":"kept","other":"a@home.example"},{"field":"phone","value":"+4930123456","from":"absorbed"}],"withdrawn":[{"channel":"email","state":"withdrawn","basis":"consent","source":"merge: withdrawn on the other record","at":"@now"}],"moved":{"activity_link":2,"channel_handle":1,"company_contact":2,"consent":2,"crm_contact_profile":1,"deal":1,"deal_contact":1,"tagging":2,"todo_link":1}}"#]].assert_eq(&answer.text);
    assert_eq!(moved(&answer), before);
    assert_eq!(fixture.references(RefKind::Contact, &ada2), BTreeMap::new());

    let (kept, gone) =
        fixture.read(|db| Ok((contacts::find(db, &ada)?, contacts::find(db, &ada2)?))).expect("the contacts");
    assert_eq!(kept, gone);
    let by_old_id =
        fixture.call("crm_contact_get", r#"{"contact": "@ada2", "fields": ["name", "merged_from"]}"#).json();
    assert_eq!(by_old_id["merged_from"].as_str(), Some(ada2.as_str()));
    // The same activity is not linked twice, and both addresses find the one person.
    let links = "SELECT COUNT(*) FROM activity_link WHERE entity_id = $1";
    assert_eq!(fixture.read(|db| Ok(db.count(links, params![ada])?)).expect("a count"), 2);
    for address in ["a@home.example", "ada@acme.example", "+49 30 123456"] {
        let found =
            fixture.call("crm_contact_get", &format!(r#"{{"contact": "{address}", "fields": ["id"]}}"#));
        assert_eq!(found.text, r#"{"id":"@ada","version":2}"#, "{address}");
    }
    // The withdrawal of one record is not outvoted by the later grant of the other.
    let consents = fixture
        .call("crm_contact_get", r#"{"contact": "@ada", "include": ["consents"], "fields": ["consents"]}"#)
        .json();
    let states: BTreeMap<&str, &str> = consents["consents"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|entry| (entry["channel"].as_str().unwrap_or(""), entry["state"].as_str().unwrap_or("")))
        .collect();
    assert_eq!(states, BTreeMap::from([("email", "withdrawn"), ("phone", "granted")]));
    // What went is written down once, and only there.
    let log = "SELECT COUNT(*) FROM merge_log WHERE absorbed_json LIKE '%a@home.example%'";
    assert_eq!(fixture.read(|db| Ok(db.count(log, &[])?)).expect("a count"), 1);
}

#[test]
fn the_other_records_values_can_win() {
    let fixture = fixture(
        "contact ada given=Ada name=Byron email=ada@acme.example; contact ada2 given=Augusta name=King email=a@home.example",
    );
    let args = r#"{"keep": "@ada", "absorb": "@ada2", "field_policy": "absorbed"}"#;
    let answer = fixture.call_confirmed("crm_contact_merge", args);
    assert_eq!(answer.json()["contact"]["name"], "Augusta King");
    assert_eq!(answer.json()["also"], serde_json::json!(["ada@acme.example"]));
    // Again: they are one already.
    let again = fixture.call_confirmed("crm_contact_merge", args);
    assert_eq!(again.json()["error"]["field"], "absorb");
}

#[test]
fn two_verified_clients_of_different_companies_stay_two() {
    let fixture = fixture(
        "company acme; company zeta; contact ada company=acme can-order=yes; contact bob company=zeta can-order=yes",
    );
    verify(&fixture, "ada");
    verify(&fixture, "bob");
    let args = r#"{"keep": "@ada", "absorb": "@bob"}"#;
    let before = fixture.contents();
    expect![[r#"{"error":{"category":"domain","code":"open_dependents","message":"`Ada` and `Bob` act as verified clients of different companies","field":"absorb","hint":"end one's right to order with crm_contact_update first, if they are one person","retryable":false}}"#]].assert_eq(&fixture.call_confirmed("crm_contact_merge", args).text);
    assert_eq!(before, fixture.contents());
    fixture.call(
        "crm_contact_update",
        r#"{"contact": "@bob", "companies": [{"company": "@zeta", "can_order": false}]}"#,
    );
    assert!(!fixture.call_confirmed("crm_contact_merge", args).failed);
}

#[test]
fn merging_companies_moves_every_reference_and_counts_it() {
    let fixture = fixture(
        "company group; company acme domain=acme.example; company acme2 phone=+4930123456; company child; \
         contact ada company=acme; contact bob company=acme2; contact eve company=acme2; \
         crm_company_update {\"company\": \"@acme2\", \"changes\": {\"parent\": \"@group\", \"lifecycle\": \"customer\", \
         \"address\": {\"lines\": [\"1\"], \"city\": \"Kiel\"}}} as acme2=company.id; \
         crm_company_update {\"company\": \"@child\", \"changes\": {\"parent\": \"@acme2\"}} as child=company.id; \
         crm_contact_update {\"contact\": \"@ada\", \"companies\": [{\"company\": \"@acme2\"}]} as ada=contact.id; \
         crm_activity_log {\"kind\": \"call\", \"about\": [\"@acme2\"], \"summary\": \"one\", \
         \"next_todo\": {\"title\": \"call\", \"due_at\": \"2026-03-10T09:00:00Z\"}} as one; \
         crm_tag_apply {\"kind\": \"company\", \"records\": [\"@acme2\"], \"add\": [\"vip\"], \"create_missing\": true} as acme2=records.0.id",
    );
    let acme2 = fixture.id("acme2");
    open_deal(&fixture, "D-1", &acme2, Some(&fixture.id("bob")));
    let before = fixture.references(RefKind::Company, &acme2);
    let answer = fixture.call_confirmed("crm_company_merge", r#"{"keep": "@acme", "absorb": "@acme2"}"#);
    expect![[r#"{"company":{"id":"@acme","version":2,"name":"Acme","kinds":["prospect"],"lifecycle":"customer","domain":"acme.example","country":"DE","city":"Kiel","phone":"+4930123456","parent":{"id":"@group","name":"Group"},"last_contacted_at":"@now"},"absorbed":"Acme2","choices":[{"field":"name","value":"Acme","from":"kept","other":"Acme2"},{"field":"phone","value":"+4930123456","from":"absorbed"},{"field":"parent","value":"@group","from":"absorbed"}],"moved":{"activity_link":1,"address":1,"company":1,"company_contact":3,"crm_profile":1,"deal":1,"tagging":1,"todo_link":1}}"#]].assert_eq(&answer.text);
    assert_eq!(moved(&answer), before);
    assert_eq!(fixture.references(RefKind::Company, &acme2), BTreeMap::new());
    let by_old_id = fixture.call("crm_company_get", r#"{"company": "@acme2", "fields": ["name"]}"#).json();
    assert_eq!(
        (&by_old_id["company"]["name"], by_old_id["merged_from"].as_str()),
        (&"Acme".into(), Some(acme2.as_str()))
    );
    assert_eq!(faults(&fixture), Vec::<String>::new());
}

#[test]
fn different_vat_ids_need_a_word() {
    let fixture = fixture("company mercier vat=FR27842733677; company other vat=DE136695976");
    let args = |accept: bool| {
        format!(r#"{{"keep": "@mercier", "absorb": "@other", "accept_vat_mismatch": {accept}}}"#)
    };
    expect![[r#"{"error":{"category":"validation","code":"invalid","message":"the two have different VAT ids, `FR27842733677` and `DE136695976`","field":"accept_vat_mismatch","hint":"different ids usually mean different companies; if they are one, repeat with accept_vat_mismatch true","retryable":false}}"#]].assert_eq(&fixture.call_confirmed("crm_company_merge", &args(false)).text);
    let merged = fixture.call_confirmed("crm_company_merge", &args(true)).json();
    assert_eq!(merged["company"]["vat_id"], "FR27842733677");
}

#[test]
fn what_is_open_keeps_a_record() {
    let fixture = fixture("company acme; contact ada company=acme");
    open_deal(&fixture, "D-1", &fixture.id("acme"), Some(&fixture.id("ada")));
    let kept = fixture.call("crm_record_archive", r#"{"kind": "company", "record": "@acme"}"#);
    expect![[r#"{"error":{"category":"domain","code":"open_dependents","message":"`Acme` is still needed","field":"record","hint":"close or move what is open, then repeat the call","retryable":false,"open":["deal D-1 is open"]}}"#]].assert_eq(&kept.text);
    let kept = fixture.call("crm_record_archive", r#"{"kind": "contact", "record": "@ada"}"#);
    assert_eq!(kept.json()["error"]["code"], "open_dependents");
    let former =
        fixture.call("crm_company_update", r#"{"company": "@acme", "changes": {"lifecycle": "former"}}"#);
    assert_eq!(former.json()["error"]["field"], "changes.lifecycle");
}

#[test]
fn the_order_of_merges_does_not_matter_for_references() {
    let run = |order: [&str; 2]| {
        let fixture = fixture(CONTACTS);
        open_deal(&fixture, "D-1", &fixture.id("acme"), Some(&fixture.id("ada2")));
        open_deal(&fixture, "D-2", &fixture.id("zeta"), Some(&fixture.id("bob")));
        for absorb in order {
            let args = format!(r#"{{"keep": "@ada", "absorb": "@{absorb}"}}"#);
            let answer = fixture.call_confirmed("crm_contact_merge", &args);
            assert!(!answer.failed, "{}", answer.raw);
        }
        fixture.references(RefKind::Contact, &fixture.id("ada"))
    };
    assert_eq!(run(["ada2", "bob"]), run(["bob", "ada2"]));
}

/// What is wrong with primary contacts and parents.
fn faults(fixture: &Fixture) -> Vec<String> {
    fixture
        .read(|db| {
            let mut faults = Vec::new();
            let rows: Vec<(String, i64)> = db.all(
                "SELECT company_id, CAST(SUM(is_primary) AS BIGINT) FROM company_contact GROUP BY company_id",
                &[],
            )?;
            for (company, primaries) in rows {
                if primaries != 1 {
                    faults.push(format!("{company} has {primaries} primary contacts"));
                }
            }
            let rows: Vec<(String, String)> =
                db.all("SELECT id, parent_id FROM company WHERE parent_id IS NOT NULL", &[])?;
            let parents: BTreeMap<String, String> = rows.into_iter().collect();
            for start in parents.keys() {
                let mut at = start;
                for _ in 0..=parents.len() {
                    match parents.get(at) {
                        Some(next) if next == start => {
                            faults.push(format!("{start} is its own ancestor"));
                            break;
                        }
                        Some(next) => at = next,
                        None => break,
                    }
                }
            }
            let twice = db.count(
                "SELECT COUNT(*) FROM (SELECT company_id FROM company_contact GROUP BY company_id, contact_id \
                 HAVING COUNT(*) > 1) twice",
                &[],
            )?;
            if twice > 0 {
                faults.push(format!("{twice} people have two places at one company"));
            }
            Ok(faults)
        })
        .expect("the tables")
}

fn step(fixture: &Fixture, kind: u8, first: usize, second: usize) {
    let (company, other) = (format!("@c{}", first % 4), format!("@c{}", second % 4));
    let (person, twin) = (format!("@p{}", first % 5), format!("@p{}", second % 5));
    let (tool, args, absorbed) = match kind {
        0 => (
            "crm_contact_update",
            format!(r#"{{"contact": "{person}", "companies": [{{"company": "{other}"}}]}}"#),
            None,
        ),
        1 => (
            "crm_contact_update",
            format!(r#"{{"contact": "{person}", "companies": [{{"company": "{other}", "primary": true}}]}}"#),
            None,
        ),
        2 => (
            "crm_contact_update",
            format!(
                r#"{{"contact": "{person}", "companies": [{{"company": "{other}", "left_on": "2026-03-02"}}]}}"#
            ),
            None,
        ),
        3 => (
            "crm_company_update",
            format!(r#"{{"company": "{company}", "changes": {{"parent": "{other}"}}}}"#),
            None,
        ),
        4 => (
            "crm_record_archive",
            format!(r#"{{"kind": "contact", "record": "{person}", "restore": {}}}"#, second % 2),
            None,
        ),
        5 => (
            "crm_tag_apply",
            format!(
                r#"{{"kind": "company", "records": ["{company}"], "add": ["t{second}"], "create_missing": true}}"#
            ),
            None,
        ),
        6 => (
            "crm_activity_log",
            format!(r#"{{"kind": "note", "about": ["{company}", "{twin}"], "summary": "x"}}"#),
            None,
        ),
        7 => {
            ("crm_contact_create", format!(r#"{{"family_name": "N{second}", "company": "{company}"}}"#), None)
        }
        8 => (
            "crm_company_merge",
            format!(r#"{{"keep": "{company}", "absorb": "{other}"}}"#),
            Some((RefKind::Company, other)),
        ),
        _ => (
            "crm_contact_merge",
            format!(r#"{{"keep": "{person}", "absorb": "{twin}"}}"#),
            Some((RefKind::Contact, twin)),
        ),
    };
    let args =
        args.replace("\"restore\": 1", "\"restore\": true").replace("\"restore\": 0", "\"restore\": false");
    let counted = absorbed.map(|(kind, name)| {
        let asked = fixture.id(name.trim_start_matches('@'));
        let id = fixture
            .read(|db| {
                Ok(maitred_party::store::redirects::follow(db, &asked)?.unwrap_or_else(|| asked.clone()))
            })
            .expect("a redirect");
        (kind, fixture.references(kind, &id), id)
    });
    let answer = fixture.call_confirmed(tool, &args);
    assert_ne!(answer.json()["error"]["code"], "internal", "{tool} {args}");
    assert_eq!(faults(fixture), Vec::<String>::new(), "after {tool} {args}: {}", answer.raw);
    if let Some((kind, before, id)) = counted.filter(|_| !answer.failed) {
        assert_eq!(moved(&answer), before, "{tool} {args}");
        assert_eq!(fixture.references(kind, &id), BTreeMap::new(), "{tool} {args}");
        let member = if matches!(kind, RefKind::Company) { "company" } else { "contact" };
        let kept = answer.json()[member]["id"].as_str().expect("an id").to_owned();
        let found = fixture
            .read(|db| match kind {
                RefKind::Company => Ok(companies::find(db, &id)?.map(|company| company.id.0)),
                RefKind::Contact => Ok(contacts::find(db, &id)?.map(|contact| contact.id.0)),
            })
            .expect("a record");
        assert_eq!(found, Some(kept));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_primary_no_circle_and_nothing_left_behind(
        steps in proptest::collection::vec((0_u8..11, 0_usize..20, 0_usize..20), 1..24)
    ) {
        let fixture = fixture(
            "company c0; company c1; company c2; company c3; contact p0 company=c0; contact p1 company=c0; \
             contact p2 company=c1; contact p3 company=c2; contact p4",
        );
        for (kind, first, second) in steps {
            step(&fixture, kind, first, second);
        }
    }
}
