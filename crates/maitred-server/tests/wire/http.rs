//! Streamable HTTP: the transcripts, and everything that only HTTP has.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::StatusCode;
use maitred_server::http::{Extra, HttpConfig, StreamLimits};

use crate::client::{Answer, INITIALIZE, TestServer};
use crate::fixture::{Fixture, NOW};
use crate::transcript::{Peer, run_all};

struct HttpPeer {
    server: TestServer,
    session: Option<String>,
    sender: Sender<String>,
    receiver: Receiver<String>,
}

impl Peer for HttpPeer {
    const NAME: &'static str = "http";

    fn connect(fixture: Arc<Fixture>) -> Self {
        let (sender, receiver) = channel();
        Self { server: TestServer::start(fixture, HttpConfig::default()), session: None, sender, receiver }
    }

    fn send(&mut self, message: &str) {
        let call = self.server.post(self.session.as_deref(), message);
        if self.session.is_none() {
            let mut answer = call.send();
            self.session = answer.header("mcp-session-id").map(str::to_owned);
            self.sender.send(answer.text()).unwrap();
            return;
        }
        let sender = self.sender.clone();
        let (sent, gone) = channel();
        std::thread::spawn(move || {
            let mut answer = call.send();
            if answer.is_events() {
                let mut rest = String::new();
                while let Some((_, data)) = answer.message(&mut rest) {
                    let _ = sender.send(data);
                }
            } else {
                let text = answer.text();
                assert_eq!(text.is_empty(), answer.status == 202);
                if !text.is_empty() {
                    let _ = sender.send(text);
                }
            }
            let _ = sent.send(());
        });
        // Later lines are about a state in which this message has arrived.
        let _ = gone.recv_timeout(Duration::from_millis(60));
    }

    fn receive(&mut self, wait: Duration) -> Option<String> {
        self.receiver.recv_timeout(wait).ok()
    }
}

#[test]
fn transcripts() {
    run_all::<HttpPeer>();
}

fn server() -> TestServer {
    TestServer::start(Fixture::new(), HttpConfig::default())
}

fn with(change: impl FnOnce(&mut HttpConfig)) -> TestServer {
    let mut config = HttpConfig::default();
    change(&mut config);
    TestServer::start(Fixture::new(), config)
}

const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

fn slow(id: u32, steps: u32, ms: u32, token: bool) -> String {
    let meta = if token { format!(r#""_meta":{{"progressToken":{id}}},"#) } else { String::new() };
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{{meta}"name":"slow","arguments":{{"steps":{steps},"ms":{ms}}}}}}}"#
    )
}

#[test]
fn sessions_are_given_wanted_and_ended() {
    let server = server();
    // No session: 400 with the id, whatever the method; the probe of newer clients ends here.
    for method in ["ping", "server/discover", "tools/list"] {
        let mut answer =
            server.post(None, &format!(r#"{{"jsonrpc":"2.0","id":"p-1","method":"{method}"}}"#)).send();
        assert_eq!(answer.status, 400);
        assert!(answer.text().starts_with(r#"{"jsonrpc":"2.0","id":"p-1","error":{"code":-32600,"#));
    }
    let session = server.open(None);
    assert!(session.bytes().all(|byte| (0x21..=0x7e).contains(&byte)));
    assert_eq!(server.post(Some(&session), PING).send().status, 200);
    // A second initialize opens another session, and the version header is not looked at.
    let mut again =
        server.post(Some(&session), INITIALIZE).header("MCP-Protocol-Version", "2026-07-28").send();
    let other = again.header("mcp-session-id").unwrap().to_owned();
    assert!(again.text().contains(r#""protocolVersion":"2025-03-26""#));
    assert_ne!(session, other);
    // A notification is accepted without a body.
    let mut note =
        server.post(Some(&session), r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).send();
    assert_eq!((note.status, note.text().as_str()), (202, ""));
    assert_eq!(note.header("content-type"), None);
    // Ended: 404 for everything, for good; the other one lives.
    let end =
        |session: &str| server.request("DELETE", "/mcp").header("Mcp-Session-Id", session).send().status;
    assert_eq!(end(&session), 204);
    assert_eq!(end(&session), 404);
    assert_eq!(server.get(&session).send().status, 404);
    let mut gone = server.post(Some(&session), PING).send();
    assert_eq!(gone.status, 404);
    assert!(gone.text().contains(r#""id":1,"error""#));
    assert_eq!(server.post(Some(&other), PING).send().status, 200);
    assert_eq!(server.request("DELETE", "/mcp").send().status, 400);
    // An initialize that fails opens nothing.
    let failed = server.post(None, r#"{"jsonrpc":"2.0","id":1,"method":"initialize"}"#).send();
    assert_eq!((failed.status, failed.header("mcp-session-id")), (200, None));
}

#[test]
fn a_session_belongs_to_its_principal_and_survives_a_restart() {
    let server = server();
    let mine = server.open(Some("key-a"));
    let made_up = format!("{}A", &mine[..54]);
    let by = |session: &str, key: &str| {
        let mut answer = server.post(Some(session), PING).key(key).send();
        (answer.status, answer.text())
    };
    assert_eq!(by(&mine, "key-a").0, 200);
    assert_eq!(by(&mine, "key-b"), by(&made_up, "key-b"), "a stolen id looks like a made-up one");
    assert_eq!(by(&mine, "key-b").0, 404);
    let foreign = server.request("DELETE", "/mcp").header("Mcp-Session-Id", &mine).key("key-b").send();
    assert_eq!(foreign.status, 404);
    assert_eq!(server.get(&mine).key("key-b").send().status, 404);
    assert_eq!(by("chosen-by-the-client", "key-a").0, 404);
    let twice = server.post(Some(&mine), PING).header("Mcp-Session-Id", &mine).key("key-a").send();
    assert_eq!(twice.status, 400);
    // Another process with the same secret knows it; a revoked key ends it; time ends it.
    let second = self::server();
    assert_eq!(second.post(Some(&mine), PING).key("key-a").send().status, 200);
    second.fixture.now.store(NOW + 31 * 86_400, Ordering::Relaxed);
    assert_eq!(second.post(Some(&mine), PING).key("key-a").send().status, 404);
    server.fixture.revoked.lock().unwrap().insert("key-a".to_owned());
    assert_eq!(by(&mine, "key-a").0, 401);
}

#[test]
fn the_door_says_what_it_wants() {
    let server = server();
    let mut answer = server.post(None, INITIALIZE).key("nonsense").send();
    assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some("Bearer")));
    assert!(answer.text().contains("Authorization: Bearer"));
    let busy = server.post(None, INITIALIZE).key("busy").send();
    assert_eq!((busy.status, busy.header("retry-after")), (429, Some("7")));
    assert_eq!(server.post(None, INITIALIZE).key("down").send().status, 503);
    // A credential that cannot be read is not the same as none.
    for bad in [&["Basic a2V5"][..], &["key-a"], &["Bearer key-a", "Bearer key-b"]] {
        assert_eq!(server.post(None, INITIALIZE).only("Authorization", bad).send().status, 401);
    }
    server.fixture.closed.store(true, Ordering::Relaxed);
    assert_eq!(server.post(None, INITIALIZE).send().status, 401);
}

#[test]
fn host_and_origin_are_checked_for_every_method() {
    let server = server();
    let own = server.address.to_string();
    let local = format!("http://localhost:{}", server.address.port());
    for method in ["POST", "GET", "DELETE", "OPTIONS"] {
        let call = || match method {
            "POST" => server.post(None, INITIALIZE),
            _ => server.request(method, "/mcp"),
        };
        assert_eq!(call().only("Host", &["evil.example.com"]).send().status, 403, "{method}");
        assert_eq!(call().only("Host", &[]).send().status, 400, "{method}");
        assert_eq!(call().only("Host", &[&own, &own]).send().status, 400, "{method}");
        for origin in ["http://evil.example.com", "null", "http://localhost:1", &format!("https://{own}")] {
            assert_eq!(call().header("Origin", origin).send().status, 403, "{method} {origin}");
        }
    }
    assert_eq!(server.fixture.handled.load(Ordering::Relaxed), 0);
    let mut good =
        server.post(None, INITIALIZE).header("Origin", &local).header("Sec-Fetch-Site", "cross-site").send();
    assert_eq!((good.status, good.header("access-control-allow-origin")), (200, Some(local.as_str())));
    assert!(good.header("access-control-expose-headers").unwrap().contains("Mcp-Session-Id"));
    assert!(good.text().contains("fixture"));
    // The question before the request needs no key.
    server.fixture.closed.store(true, Ordering::Relaxed);
    let asked = server.request("OPTIONS", "/mcp").header("Origin", &local).send();
    assert_eq!(asked.status, 204);
    assert!(asked.header("access-control-allow-methods").unwrap().contains("DELETE"));
    assert!(asked.header("access-control-allow-headers").unwrap().contains("Last-Event-ID"));
}

#[test]
fn a_socket_beyond_loopback_wants_a_host_list() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let error = runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
        let service = Arc::new(crate::fixture::Shared(Fixture::new()));
        let mcp = Arc::new(maitred_core::mcp::Mcp::new(service, Default::default()));
        maitred_server::http::serve(listener, mcp, HttpConfig::default(), Arc::new(()), Default::default())
            .await
    });
    assert_eq!(error.unwrap_err().kind(), std::io::ErrorKind::InvalidInput);
}

#[test]
fn paths_and_methods() {
    struct Pages;
    impl Extra for Pages {
        fn page(&self, path: &str) -> Option<(StatusCode, &'static str, Bytes)> {
            (path == "/metrics").then(|| (StatusCode::OK, "text/plain", Bytes::from_static(b"up 1\n")))
        }
    }
    let server = TestServer::start_with(Fixture::new(), HttpConfig::default(), Arc::new(Pages));
    for path in [
        "/.well-known/oauth-protected-resource/mcp",
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration",
        "/",
        "/mcpx",
    ] {
        let mut answer = server.request("GET", path).send();
        assert_eq!((answer.status, answer.header("content-type")), (404, Some("application/json")), "{path}");
        assert!(serde_json::from_str::<serde_json::Value>(&answer.text()).is_ok());
    }
    assert_eq!(server.request("POST", "/register").body(b"{}").send().status, 404);
    assert_eq!(server.request("GET", "/metrics").send().text(), "up 1\n");
    assert_eq!(server.request("GET", "/metrics").only("Host", &["evil"]).send().status, 403);
    assert_eq!(server.request("GET", "/live").only("Host", &["10.0.0.7:80"]).send().status, 200);
    assert_eq!(server.request("GET", "/health").send().status, 404);
    let put = server.request("PUT", "/mcp").send();
    assert_eq!((put.status, put.header("allow")), (405, Some("GET, POST, DELETE, OPTIONS")));
    let slash = server.request("POST", "/mcp/").header("Content-Type", "application/json");
    assert_eq!(slash.body(INITIALIZE.as_bytes()).send().status, 200);
}

#[test]
fn content_types_and_bodies() {
    let server = with(|config| config.body_bytes = 100_000);
    let session = server.open(None);
    let post = |body: &[u8]| server.post(Some(&session), "").body(body);
    for (kind, status) in [
        ("application/json; charset=utf-8", 200),
        ("text/plain", 415),
        ("application/json;charset=utf-16", 415),
    ] {
        assert_eq!(post(PING.as_bytes()).only("Content-Type", &[kind]).send().status, status, "{kind}");
    }
    assert_eq!(post(PING.as_bytes()).only("Content-Type", &[]).send().status, 415);
    for accept in
        ["application/json", "*/*", "text/event-stream, application/json", "Application/JSON ; q=0.5"]
    {
        let answer = post(PING.as_bytes()).only("Accept", &[accept]).send();
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, Some("application/json")),
            "{accept}"
        );
    }
    assert_eq!(post(PING.as_bytes()).only("Accept", &[]).send().status, 200);
    assert_eq!(post(PING.as_bytes()).only("Accept", &["text/html"]).send().status, 406);
    let mut events = post(PING.as_bytes()).only("Accept", &["text/event-stream"]).send();
    assert!(events.is_events());
    assert_eq!(events.text(), "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n\n");
    // Bodies that are no message: 400, and no session is needed to learn so.
    let utf16: Vec<u8> = PING.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (body, code) in [
        (&b"{\"jsonrpc\":\"2.0\",\"id\":1,"[..], -32700),
        (b"", -32700),
        (b"\xff\xfe", -32700),
        (&utf16, -32700),
        (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xe9\"}", -32700),
        (b"[]", -32600),
        (b"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}", -32600),
    ] {
        let mut answer = server.post(None, "").body(body).send();
        assert_eq!(answer.status, 400);
        let text = answer.text();
        assert!(text.contains(&code.to_string()) && !text.contains("null"), "{text}");
    }
    // A malformed notification is refused by the transport, because nobody waits for a message.
    assert_eq!(post(b"{\"method\":\"notifications/initialized\"}").send().status, 400);
    // Too large, announced and not announced.
    let big =
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"x":"{}"}}}}"#, "x".repeat(100_000));
    assert_eq!(post(big.as_bytes()).send().status, 413);
    let chunked = format!("{:x}\r\n{big}\r\n0\r\n\r\n", big.len());
    let call = post(chunked.as_bytes()).only("Content-Length", &[]).header("Transfer-Encoding", "chunked");
    assert_eq!(call.send().status, 413);
    // In two chunks, and with an escape and a break inside: put together again.
    let (head, tail) = PING.split_at(17);
    let chunked = format!("{:x}\r\n{head}\r\n{:x}\r\n{tail}\r\n0\r\n\r\n", head.len(), tail.len());
    let call = post(chunked.as_bytes()).only("Content-Length", &[]).header("Transfer-Encoding", "chunked");
    assert_eq!(call.send().text(), r#"{"jsonrpc":"2.0","id":1,"result":{}}"#);
}

#[test]
fn an_answer_becomes_a_stream_only_when_it_has_something_to_stream() {
    let server = server();
    let session = server.open(None);
    // Immediate, though a token is there.
    let echo = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{"progressToken":1},"name":"who"}}"#;
    assert!(!server.post(Some(&session), echo).send().is_events());
    // Late without a token.
    assert!(!server.post(Some(&session), &slow(1, 1, 300, false)).send().is_events());
    // Late with a token, for a client that reads no streams: the answer alone.
    let mut plain =
        server.post(Some(&session), &slow(1, 1, 30, true)).only("Accept", &["application/json"]).send();
    assert!(!plain.is_events() && plain.text().contains("done"));
    let mut stream = server.post(Some(&session), &slow(1, 1, 30, true)).send();
    assert!(stream.is_events());
    assert_eq!(stream.header("cache-control"), Some("no-cache"));
    assert_eq!(stream.header("x-accel-buffering"), Some("no"));
    let mut rest = String::new();
    let mut ids = Vec::new();
    let mut last = String::new();
    while let Some((id, data)) = stream.message(&mut rest) {
        ids.push(id);
        last = data;
    }
    assert!(last.contains("done"));
    let (name, _) = ids[0].rsplit_once('-').unwrap();
    assert_eq!(ids, (1..=3).map(|number| format!("{name}-{number}")).collect::<Vec<_>>());
}

#[test]
fn a_lost_stream_is_resumed_by_its_own_client_only() {
    let server = server();
    let mine = server.open(Some("key-a"));
    let mut stream = server.post(Some(&mine), &slow(1, 4, 100, true)).key("key-a").send();
    let mut rest = String::new();
    let (first, _) = stream.message(&mut rest).unwrap();
    drop(stream);
    // The dropped connection cancelled nothing.
    std::thread::sleep(Duration::from_millis(600));
    assert_eq!(server.fixture.finished.load(Ordering::Relaxed), 1);
    // Others get nothing of it, in the same words as for a stream that never was.
    let other = server.open(Some("key-b"));
    let sibling = server.open(Some("key-a"));
    for (session, key, event) in [
        (&other, "key-b", first.as_str()),
        (&sibling, "key-a", &first),
        (&mine, "key-a", "pffffffff1-1"),
        (&mine, "key-a", "x"),
    ] {
        assert_eq!(server.get(session).key(key).header("Last-Event-ID", event).send().status, 405);
    }
    let mut resumed = server.get(&mine).key("key-a").header("Last-Event-ID", &first).send();
    assert_eq!(resumed.status, 200);
    let mut rest = String::new();
    let mut seen = Vec::new();
    while let Some((id, data)) = resumed.message(&mut rest) {
        assert!(data.contains(r#""progressToken":1"#) || data.contains("done"), "{data}");
        seen.push((id, data));
    }
    assert_eq!(seen.len(), 5, "progress 1 to 4 and the answer, then the end");
    assert!(seen[4].1.contains("done"));
    let last = &seen[4].0;
    assert_eq!(server.get(&mine).key("key-a").header("Last-Event-ID", last).send().status, 405);
}

#[test]
fn a_running_stream_is_resumed_where_it_was_left() {
    let server = server();
    let session = server.open(None);
    let mut stream = server.post(Some(&session), &slow(1, 3, 200, true)).send();
    let mut rest = String::new();
    let (first, _) = stream.message(&mut rest).unwrap();
    let mut resumed = server.get(&session).header("Last-Event-ID", &first).send();
    // The earlier reader ends without the answer: each message goes to one stream.
    assert_eq!(stream.message(&mut rest), None);
    let mut rest = String::new();
    let mut count = 0;
    while let Some((_, data)) = resumed.message(&mut rest) {
        count += 1;
        assert_eq!(data.contains("done"), count == 4);
    }
    assert_eq!(count, 4);
}

#[test]
fn the_general_stream_lives_and_is_replaced() {
    let server = with(|config| {
        config.tick = Duration::from_millis(20);
        config.streams.keep_alive = Duration::from_millis(50);
    });
    let session = server.open(Some("key-a"));
    let get = || server.get(&session).key("key-a");
    let mut first = get().send();
    assert!(first.is_events());
    let mut rest = String::new();
    assert_eq!(first.event(&mut rest).unwrap(), ": open");
    assert_eq!(first.event(&mut rest).unwrap(), ": keep-alive");
    server.fixture.menu.fetch_add(1, Ordering::Relaxed);
    let (id, changed) = first.message(&mut rest).unwrap();
    assert_eq!(changed, r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#);
    // A new one takes the place of the old one, which ends; nothing is sent to both.
    let mut second = get().send();
    while let Some(event) = first.event(&mut rest) {
        assert!(event.starts_with(':'));
    }
    server.fixture.menu.fetch_add(1, Ordering::Relaxed);
    let mut rest = String::new();
    let (after, _) = second.message(&mut rest).unwrap();
    assert_ne!(id, after);
    // Resumed from before its first event, it repeats it; one that is gone becomes a new stream.
    drop(second);
    let zero = format!("{}-0", after.rsplit_once('-').unwrap().0);
    let mut third = get().header("Last-Event-ID", &zero).send();
    assert_eq!(third.message(&mut String::new()).unwrap().0, after);
    assert_eq!(get().header("Last-Event-ID", &id).send().status, 200);
    assert_eq!(get().only("Accept", &["application/json"]).send().status, 406);
    assert_eq!(server.get("made-up").key("key-a").send().status, 404);
}

#[test]
fn a_stream_ends_with_its_key_and_with_its_session() {
    let server = with(|config| config.tick = Duration::from_millis(20));
    let session = server.open(Some("key-a"));
    let mut stream = server.get(&session).key("key-a").send();
    server.fixture.revoked.lock().unwrap().insert("key-a".to_owned());
    let start = Instant::now();
    assert!(stream.text().starts_with(": open"));
    assert!(start.elapsed() < Duration::from_secs(1));
    let session = server.open(None);
    let mut stream = server.get(&session).send();
    assert_eq!(server.request("DELETE", "/mcp").header("Mcp-Session-Id", &session).send().status, 204);
    assert!(stream.text().starts_with(": open"));
}

#[test]
fn streams_are_bounded_and_answers_are_not_lost() {
    let server = with(|config| {
        config.streams = StreamLimits { open: 8, open_per_principal: 2, ..StreamLimits::default() };
    });
    let sessions: Vec<_> = (0..3).map(|_| server.open(None)).collect();
    let _first = server.get(&sessions[0]).send();
    let _second = server.get(&sessions[1]).send();
    let third = server.get(&sessions[2]).send();
    assert_eq!((third.status, third.header("retry-after")), (429, Some("1")));
    let mut answer = server.post(Some(&sessions[2]), &slow(1, 2, 30, true)).send();
    assert!(!answer.is_events() && answer.text().contains("done"));
    // Another principal is not concerned; a client that re-opens its own stream neither.
    let other = server.open(Some("key-b"));
    assert_eq!(server.get(&other).key("key-b").send().status, 200);
    assert_eq!(server.get(&sessions[0]).send().status, 200);
}

#[test]
fn many_clients_with_the_same_ids_get_their_own_answers() {
    let server = server();
    std::thread::scope(|scope| {
        for client in 0..16 {
            let server = &server;
            scope.spawn(move || {
                let session = server.open(Some(&format!("key-{client}")));
                for round in 0..20 {
                    let canary = format!("canary-{client}-{round}");
                    let call = if round % 5 == 0 { "slow" } else { "echo" };
                    let body = format!(
                        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{call}","arguments":{{"text":"{canary}","steps":1,"ms":5}}}}}}"#
                    );
                    let text = server.post(Some(&session), &body).key(&format!("key-{client}")).send().text();
                    assert!(text.contains(&canary) && text.matches("canary").count() == 1, "{text}");
                }
            });
        }
    });
}

#[test]
fn a_cancellation_reaches_its_own_session_only() {
    let server = server();
    let (mine, other) = (server.open(None), server.open(None));
    std::thread::scope(|scope| {
        let running = scope.spawn(|| server.post(Some(&mine), &slow(1, 1, 600, false)).send().text());
        std::thread::sleep(Duration::from_millis(100));
        let cancel = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#;
        assert_eq!(server.post(Some(&other), cancel).send().status, 202);
        assert!(running.join().unwrap().contains("done"));
        let running = scope.spawn(|| {
            let mut answer = server.post(Some(&mine), &slow(1, 1, 5000, false)).send();
            (answer.status, answer.text())
        });
        std::thread::sleep(Duration::from_millis(100));
        assert_eq!(server.post(Some(&mine), cancel).send().status, 202);
        assert_eq!(running.join().unwrap(), (202, String::new()));
    });
}

#[test]
fn slow_and_many_connections_are_turned_away() {
    let server = with(|config| {
        config.header_timeout = Duration::from_millis(200);
        config.body_timeout = Duration::from_millis(200);
        config.connections = 4;
    });
    let mut slow_head = TcpStream::connect(server.address).unwrap();
    slow_head.write_all(b"POST /mcp HTTP/1.1\r\nHost: ").unwrap();
    slow_head.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut nothing = Vec::new();
    let _ = slow_head.read_to_end(&mut nothing);
    let answer = server.post(None, "{").only("Content-Length", &["50"]).send();
    assert_eq!((answer.status, answer.header("connection")), (408, Some("close")));
    std::thread::sleep(Duration::from_millis(300));
    let held: Vec<_> = (0..4).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    std::thread::sleep(Duration::from_millis(50));
    let mut refused = Answer::read(TcpStream::connect(server.address).unwrap());
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
    assert!(serde_json::from_str::<serde_json::Value>(&refused.text()).is_ok());
    drop(held);
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(server.post(None, INITIALIZE).send().status, 200);
}

#[test]
fn stopping_loses_no_running_call() {
    let mut server = server();
    let session = server.open(None);
    let mut general = server.get(&session).send();
    let running: Vec<_> = [false, true]
        .map(|token| {
            let call = server.post(Some(&session), &slow(u32::from(token), 1, 500, token));
            std::thread::spawn(move || call.send().text())
        })
        .into_iter()
        .collect();
    std::thread::sleep(Duration::from_millis(150));
    server.shutdown.start();
    assert!(general.text().starts_with(": open"), "open streams are closed");
    let late = server.post(Some(&session), PING).send();
    assert_eq!((late.status, late.header("retry-after")), (503, Some("1")));
    for call in running {
        assert!(call.join().unwrap().contains("done"));
    }
    server.join();
    assert!(TcpStream::connect(server.address).is_err());
}

#[test]
fn stopping_does_not_wait_for_ever() {
    let mut server = with(|config| config.drain = Duration::from_millis(200));
    let session = server.open(None);
    let call = server.post(Some(&session), &slow(1, 1, 3000, false));
    let stuck = std::thread::spawn(move || std::panic::catch_unwind(move || call.send().status).is_err());
    std::thread::sleep(Duration::from_millis(100));
    let start = Instant::now();
    server.shutdown.start();
    server.join();
    assert!(start.elapsed() < Duration::from_secs(2));
    assert!(stuck.join().unwrap(), "the connection was cut");
}
