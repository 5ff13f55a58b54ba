//! The protocol core without any transport.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use bytes::Bytes;
use maitred_core::jsonrpc::Limits;
use maitred_core::mcp::{Link, Mcp, Outcome, Sink, Transport};

use crate::fixture::{Fixture, Shared};
use crate::transcript::{Peer, run_all};

pub struct Memory {
    mcp: Mcp<Shared>,
    guest: Arc<str>,
    opened: bool,
    sender: Sender<String>,
    receiver: Receiver<String>,
}

struct Pipe(Sender<String>);

impl Sink for Pipe {
    fn notify(&self, message: Bytes) {
        let _ = self.0.send(String::from_utf8(message.to_vec()).unwrap());
    }
    fn finish(&self, message: Option<Bytes>) {
        if let Some(message) = message {
            self.notify(message);
        }
    }
    fn streams(&self) -> bool {
        true
    }
}

impl Peer for Memory {
    const NAME: &'static str = "memory";

    fn connect(fixture: Arc<Fixture>) -> Self {
        let (sender, receiver) = channel();
        let mcp = Mcp::new(Arc::new(Shared(fixture)), Limits::default());
        Self { mcp, guest: "stranger".into(), opened: false, sender, receiver }
    }

    fn send(&mut self, message: &str) {
        let link = Link {
            guest: &self.guest,
            transport: Transport::Stdio,
            session: 0,
            may_initialize: !self.opened,
        };
        let mut out = Vec::new();
        let inbound = self.mcp.parse(message.as_bytes());
        let sender = self.sender.clone();
        let outcome = self
            .mcp
            .receive(&link, &inbound, &mut out, &mut |_| Arc::new(Pipe(sender.clone())) as Arc<dyn Sink>);
        self.opened |= outcome == Outcome::Opened;
        match outcome {
            Outcome::Answered | Outcome::Opened | Outcome::Malformed => {
                self.sender.send(String::from_utf8(out).unwrap()).unwrap();
            }
            Outcome::Silent | Outcome::Dropped | Outcome::Pending => assert!(out.is_empty()),
        }
    }

    fn receive(&mut self, wait: Duration) -> Option<String> {
        self.receiver.recv_timeout(wait).ok()
    }
}

#[test]
fn transcripts() {
    run_all::<Memory>();
}
