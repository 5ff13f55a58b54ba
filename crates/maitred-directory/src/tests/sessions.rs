//! Sessions that ended.

use maitred_core::door::Door as _;

use super::{MORNING, Town, store, within_a_second};

#[test]
fn an_ended_session_is_over_here_at_once_and_elsewhere_within_a_second() {
    let (town, here) = Town::new(false);
    let there = town.process();
    assert!(!there.door.session_ended("s1") && !here.door.session_ended("s1"));
    here.door.end_session("s1", MORNING + 3600);
    assert!(here.door.session_ended("s1"));
    within_a_second(|| there.door.session_ended("s1"));
    assert!(!there.door.session_ended("s2"));
    there.door.end_session("s2", MORNING + 3600);
    within_a_second(|| here.door.session_ended("s2"));
    // After a restart too, and at the first question.
    let restarted = town.process();
    assert!(restarted.door.session_ended("s1") && restarted.door.session_ended("s2"));
}

#[test]
fn ends_are_forgotten_when_the_session_would_have_expired_and_news_still_arrive() {
    let (town, here) = Town::new(false);
    let there = town.process();
    for session in ["a", "b", "c"] {
        here.door.end_session(session, MORNING + 10);
    }
    within_a_second(|| store::session_rows(&here) == 3);
    within_a_second(|| there.door.session_ended("c"));
    town.pass(60);
    let purged = here.directory.purge(super::at(MORNING)).unwrap();
    assert_eq!(purged.sessions, 2, "the newest row stays, so that numbers rise");
    here.door.end_session("d", MORNING + 3600);
    within_a_second(|| there.door.session_ended("d"));
}

#[test]
fn what_is_stored_is_no_session_id() {
    let (town, here) = Town::new(false);
    here.door.end_session("a-session-id-that-is-secret", MORNING + 10);
    within_a_second(|| store::session_rows(&here) == 1);
    for file in std::fs::read_dir(town.path()).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(12).any(|window| window == b"a-session-id"), "{path:?}");
        }
    }
}
