//! Transcripts: `->` a message of the client, `<-` the next message of the server, `<!` no message for a while,
//! `!!` what the fixture does meanwhile. `...` in an expected line stands for anything.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::fixture::Fixture;

/// A connected client of any transport.
pub trait Peer {
    /// The transport's name in `# only:` lines.
    const NAME: &'static str;
    /// Connects a client to a server in front of this fixture.
    fn connect(fixture: Arc<Fixture>) -> Self;
    /// Sends one message.
    fn send(&mut self, message: &str);
    /// The next message of the server, `None` when there is none within the time.
    fn receive(&mut self, wait: Duration) -> Option<String>;
}

const PATIENCE: Duration = Duration::from_secs(10);
const SILENCE: Duration = Duration::from_millis(150);

/// Runs every transcript over one transport.
pub fn run_all<P: Peer>() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/wire/transcripts");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut ran = 0;
    for file in files {
        let script = std::fs::read_to_string(&file).unwrap();
        let only = script.lines().find_map(|line| line.strip_prefix("# only:"));
        if only.is_some_and(|names| !names.split_whitespace().any(|name| name == P::NAME)) {
            continue;
        }
        run::<P>(&file.display().to_string(), &script);
        ran += 1;
    }
    assert!(ran > 5, "transcripts are missing");
}

fn run<P: Peer>(file: &str, script: &str) {
    let fixture = Fixture::new();
    let mut peer = P::connect(Arc::clone(&fixture));
    for (number, line) in script.lines().enumerate() {
        let place = format!("{file}:{} over {}", number + 1, P::NAME);
        let (mark, rest) = line.split_at_checked(2).unwrap_or((line, ""));
        let rest = rest.trim();
        match mark {
            "->" => peer.send(rest),
            "<-" => {
                let got =
                    peer.receive(PATIENCE).unwrap_or_else(|| panic!("{place}: no message, expected {rest}"));
                assert!(matches(rest, &got), "{place}:\n expected {rest}\n      got {got}");
            }
            "<!" => {
                if let Some(got) = peer.receive(SILENCE) {
                    panic!("{place}: expected silence, got {got}");
                }
            }
            "!!" => act(&fixture, rest, &place),
            _ => assert!(line.is_empty() || line.starts_with('#'), "{place}: not a transcript line"),
        }
    }
    if let Some(got) = peer.receive(Duration::from_millis(20)) {
        panic!("{file} over {}: a message too many: {got}", P::NAME);
    }
}

fn act(fixture: &Fixture, order: &str, place: &str) {
    let words: Vec<_> = order.split_whitespace().collect();
    match words[..] {
        ["wait", ms] => std::thread::sleep(Duration::from_millis(ms.parse().unwrap())),
        ["stopped", count] => {
            assert_eq!(fixture.stopped.load(Ordering::Relaxed).to_string(), count, "{place}")
        }
        ["handled", count] => {
            assert_eq!(fixture.handled.load(Ordering::Relaxed).to_string(), count, "{place}")
        }
        _ => panic!("{place}: unknown order"),
    }
}

/// True when `got` is `expected`, in which `...` stands for anything.
fn matches(expected: &str, got: &str) -> bool {
    let parts: Vec<_> = expected.split("...").collect();
    let [first, middle @ .., last] = &parts[..] else { return expected == got };
    let Some(mut rest) = got.strip_prefix(first) else { return false };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[test]
fn the_matcher_can_say_no() {
    assert!(matches("a...c", "abc") && matches("abc", "abc") && matches("a...", "abc"));
    assert!(!matches("a...d", "abc") && !matches("ab", "abc") && !matches("abc", "ab"));
}
