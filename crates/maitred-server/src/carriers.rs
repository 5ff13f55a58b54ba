//! How acts leave the house: mail over SMTP, everything else as a signed webhook.

use std::time::Duration;

use anyhow::{Context, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart, header::ContentType};
use lettre::{Message, SmtpTransport, Transport as _};
use maitred_core::clock::Clock;
use maitred_store::ledger::Outgoing;
use serde::Deserialize;
use sha2::Sha256;
use std::sync::Arc;

use crate::config::Outward;
use crate::outbox::{Carrier, Failed};

/// Time for one delivery.
const PATIENCE: Duration = Duration::from_secs(20);

/// The carriers that the configuration asks for.
///
/// # Errors
/// Names what is wrong with an address or a secret, without showing it.
pub fn make(outward: &Outward, clock: Arc<dyn Clock>) -> anyhow::Result<Vec<Box<dyn Carrier>>> {
    let mut carriers: Vec<Box<dyn Carrier>> = Vec::new();
    if let Some(url) = &outward.mail_url {
        let from = outward.mail_from.as_deref().context("--mail-url needs --mail-from")?;
        carriers.push(Box::new(Mail::new(url, from)?));
    }
    if let Some(url) = &outward.webhook_url {
        let secret = outward.webhook_secret.as_deref().context("--webhook-url needs --webhook-secret")?;
        carriers.push(Box::new(Webhook::new(url, secret, clock)?));
    }
    Ok(carriers)
}

/// What the payload of the topic `mail` holds.
#[derive(Deserialize)]
struct Letter {
    to: Vec<String>,
    #[serde(default)]
    cc: Vec<String>,
    #[serde(default)]
    reply_to: Option<String>,
    subject: String,
    text: String,
    #[serde(default)]
    html: Option<String>,
    #[serde(default)]
    attachments: Vec<Enclosed>,
}

#[derive(Deserialize)]
struct Enclosed {
    name: String,
    mime: String,
    /// Text, or base64 where `encoding` says so.
    content: String,
    #[serde(default)]
    encoding: Option<String>,
}

struct Mail {
    transport: SmtpTransport,
    from: Mailbox,
}

impl Mail {
    fn new(url: &str, from: &str) -> anyhow::Result<Self> {
        let Ok(builder) = SmtpTransport::from_url(url) else {
            bail!(
                "--mail-url is not usable: it must be smtps://USER:PASSWORD@HOST or smtp://HOST?tls=required"
            );
        };
        let from = from
            .parse()
            .ok()
            .context("--mail-from is no mail address such as `Acme <office@acme.example>`")?;
        Ok(Self { transport: builder.timeout(Some(PATIENCE)).build(), from })
    }

    fn letter(&self, act: &Outgoing) -> Result<Message, Failed> {
        let letter: Letter = serde_json::from_str(&act.payload).map_err(Failed::for_good)?;
        let address = |text: &String| {
            text.parse::<Mailbox>().map_err(|_| Failed::for_good("a recipient's address is no mail address"))
        };
        let mut builder = Message::builder()
            .from(self.from.clone())
            .subject(letter.subject)
            .message_id(Some(format!("<{}@maitred>", act.id)));
        for to in &letter.to {
            builder = builder.to(address(to)?);
        }
        for cc in &letter.cc {
            builder = builder.cc(address(cc)?);
        }
        if let Some(reply_to) = &letter.reply_to {
            builder = builder.reply_to(address(reply_to)?);
        }
        let text = SinglePart::plain(letter.text);
        let body = match letter.html {
            Some(html) => MultiPart::alternative().singlepart(text).singlepart(SinglePart::html(html)),
            None => MultiPart::mixed().singlepart(text),
        };
        let mut whole = MultiPart::mixed().multipart(body);
        for enclosed in letter.attachments {
            let mime = ContentType::parse(&enclosed.mime).map_err(Failed::for_good)?;
            let content = match enclosed.encoding.as_deref() {
                Some("base64") => STANDARD.decode(&enclosed.content).map_err(Failed::for_good)?,
                _ => enclosed.content.into_bytes(),
            };
            whole = whole.singlepart(Attachment::new(enclosed.name).body(content, mime));
        }
        builder.multipart(whole).map_err(Failed::for_good)
    }
}

impl Carrier for Mail {
    fn takes(&self, topic: &str) -> bool {
        topic == "mail"
    }

    fn carry(&self, _: &str, act: &Outgoing) -> Result<(), Failed> {
        let letter = self.letter(act)?;
        match self.transport.send(&letter) {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() => Err(Failed::for_good(error)),
            Err(error) => Err(Failed::for_now(error)),
        }
    }
}

/// Posts acts as the Standard Webhooks specification has it: id, time and an HMAC-SHA256 over both and the body.
struct Webhook {
    url: reqwest::Url,
    #[expect(clippy::disallowed_types, reason = "this is the outbox worker")]
    client: reqwest::Client,
    runtime: tokio::runtime::Runtime,
    secret: Vec<u8>,
    clock: Arc<dyn Clock>,
}

impl Webhook {
    #[expect(clippy::disallowed_types, reason = "this is the outbox worker")]
    fn new(url: &str, secret: &str, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let url: reqwest::Url = url.parse().ok().context("--webhook-url is no URL")?;
        if url.scheme() != "https"
            && !url.host_str().is_some_and(|host| host == "localhost" || host == "127.0.0.1")
        {
            bail!("--webhook-url must be https://, or on this machine");
        }
        let secret = secret.strip_prefix("whsec_").unwrap_or(secret);
        let secret = STANDARD.decode(secret).ok().filter(|secret| secret.len() >= 24);
        let secret = secret.context("--webhook-secret must be `whsec_` and at least 24 bytes in base64")?;
        // Somebody else may have installed it before; it is the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("maitred/", env!("CARGO_PKG_VERSION")))
            .build()
            .context("no connection for webhooks can be made")?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { url, client, runtime, secret, clock })
    }

    fn sign(&self, id: &str, at: i64, body: &str) -> Result<String, Failed> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).map_err(Failed::for_now)?;
        mac.update(format!("{id}.{at}.{body}").as_bytes());
        Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
    }
}

impl Carrier for Webhook {
    fn takes(&self, topic: &str) -> bool {
        topic != "mail"
    }

    fn carry(&self, org: &str, act: &Outgoing) -> Result<(), Failed> {
        let data = serde_json::value::RawValue::from_string(act.payload.clone()).map_err(Failed::for_good)?;
        let body = serde_json::to_string(&serde_json::json!({
            "type": act.topic, "timestamp": act.created_at, "org": org, "data": data,
        }))
        .map_err(Failed::for_good)?;
        let at = self.clock.now().as_second();
        let request = self
            .client
            .post(self.url.clone())
            .header("content-type", "application/json")
            .header("webhook-id", &act.id)
            .header("webhook-timestamp", at.to_string())
            .header("webhook-signature", self.sign(&act.id, at, &body)?)
            .body(body);
        let answer = self
            .runtime
            .block_on(async { request.send().await })
            .map_err(|error| Failed::for_now(error.without_url()))?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            // The receiver says that it wants none of this, ever.
            status if status.as_u16() == 410 => Err(Failed::for_good("the receiver answered 410 Gone")),
            status => Err(Failed::for_now(format!("the receiver answered {status}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::mpsc::{Receiver, channel};

    use maitred_core::clock::SystemClock;

    use super::*;

    const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

    fn act(topic: &str, payload: &str) -> Outgoing {
        Outgoing {
            id: "0195".to_owned(),
            topic: topic.to_owned(),
            payload: payload.to_owned(),
            attempts: 1,
            created_at: "2026-03-02T10:00:00.000Z".to_owned(),
        }
    }

    fn only(outward: &Outward) -> Box<dyn Carrier> {
        let mut made = make(outward, Arc::new(SystemClock)).unwrap();
        assert_eq!(made.len(), 1);
        made.remove(0)
    }

    /// Serves each connection with `talk` and hands on what it answers.
    fn served(talk: fn(TcpStream, usize) -> String) -> (u16, Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, heard) = channel();
        std::thread::spawn(move || {
            for (number, socket) in listener.incoming().enumerate() {
                if sender.send(talk(socket.unwrap(), number)).is_err() {
                    return;
                }
            }
        });
        (port, heard)
    }

    fn receive(mut socket: TcpStream, number: usize) -> String {
        let mut reader = BufReader::new(socket.try_clone().unwrap());
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
            head.push_str(&line);
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let status = ["200 OK", "503 Busy", "410 Gone"][number];
        write!(socket, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
        format!("{head}\n{}", String::from_utf8(body).unwrap())
    }

    #[test]
    fn a_webhook_is_signed_and_its_answer_decides() {
        let (port, heard) = served(receive);
        let hook = only(&Outward {
            webhook_url: Some(format!("http://127.0.0.1:{port}/in?token=hidden")),
            webhook_secret: Some(SECRET.to_owned()),
            ..Outward::default()
        });
        assert!(hook.takes("quote.sent") && !hook.takes("mail"));
        let quote = act("quote.sent", r#"{"number": "Q-1"}"#);
        assert_eq!(hook.carry("acme", &quote), Ok(()));
        let heard_first = heard.recv().unwrap();
        let (head, body) = heard_first.split_once("\n\n").or(heard_first.split_once("\r\n\n")).unwrap();
        let value: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(value["data"]["number"], "Q-1");
        assert_eq!((&value["type"], &value["org"]), (&"quote.sent".into(), &"acme".into()));
        let field = |name: &str| {
            let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with(name)).unwrap();
            line.split_once(": ").unwrap().1.to_owned()
        };
        let mut mac = Hmac::<Sha256>::new_from_slice(&STANDARD.decode(&SECRET[6..]).unwrap()).unwrap();
        mac.update(format!("0195.{}.{body}", field("webhook-timestamp")).as_bytes());
        let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        assert_eq!((field("webhook-id"), field("webhook-signature")), ("0195".to_owned(), expected));
        let busy = hook.carry("acme", &quote).unwrap_err();
        assert!(!busy.for_good && busy.what.contains("503"), "{busy:?}");
        assert!(hook.carry("acme", &quote).unwrap_err().for_good);
    }

    #[test]
    fn a_receiver_that_is_away_is_tried_again_and_its_address_is_not_said() {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let hook = only(&Outward {
            webhook_url: Some(format!("http://127.0.0.1:{port}/in?token=hidden")),
            webhook_secret: Some(SECRET.to_owned()),
            ..Outward::default()
        });
        let failed = hook.carry("acme", &act("x", "{}")).unwrap_err();
        assert!(!failed.for_good && !failed.what.contains("hidden"), "{failed:?}");
    }

    fn post_office(mut socket: TcpStream, number: usize) -> String {
        let mut reader = BufReader::new(socket.try_clone().unwrap());
        let mut said = String::new();
        socket.write_all(b"220 office ESMTP\r\n").unwrap();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return said;
            }
            said.push_str(&line);
            let answer: &[u8] = match line.split([' ', '\r', ':']).next().unwrap_or_default() {
                "EHLO" => b"250-office\r\n250 8BITMIME\r\n",
                "RCPT" if number == 1 => b"550 no such mailbox\r\n",
                "RCPT" if number == 2 => b"451 try later\r\n",
                "DATA" => {
                    socket.write_all(b"354 go on\r\n").unwrap();
                    loop {
                        let mut line = String::new();
                        reader.read_line(&mut line).unwrap();
                        if line == ".\r\n" {
                            break;
                        }
                        said.push_str(&line);
                    }
                    b"250 taken\r\n"
                }
                "QUIT" => {
                    let _ = socket.write_all(b"221 bye\r\n");
                    return said;
                }
                _ => b"250 ok\r\n",
            };
            socket.write_all(answer).unwrap();
        }
    }

    #[test]
    fn a_mail_goes_out_whole_and_refusals_are_told_apart() {
        let (port, heard) = served(post_office);
        let mail = only(&Outward {
            mail_url: Some(format!("smtp://127.0.0.1:{port}")),
            mail_from: Some("Acme <office@acme.example>".to_owned()),
            ..Outward::default()
        });
        let letter = act(
            "mail",
            r#"{"to": ["Ada Berg <ada@berg.example>"], "subject": "Invoice INV-2026-00001", "text": "Dear Ada,\r\n.\r\nthanks",
                "attachments": [{"name": "invoice.html", "mime": "text/html", "content": "<p>312.00</p>"}]}"#,
        );
        assert_eq!(mail.carry("acme", &letter), Ok(()));
        let said = heard.recv().unwrap();
        for part in [
            "MAIL FROM:<office@acme.example>",
            "RCPT TO:<ada@berg.example>",
            "Message-ID: <0195@maitred>",
            "Subject: Invoice INV-2026-00001",
            "filename=\"invoice.html\"",
            "\r\n..\r\n",
        ] {
            assert!(said.contains(part), "{part} in {said}");
        }
        assert!(mail.carry("acme", &letter).unwrap_err().for_good, "no such mailbox");
        assert!(!mail.carry("acme", &letter).unwrap_err().for_good, "later");
        for bad in [
            "{}",
            r#"{"to": ["x\r\nBcc: y@z"], "subject": "s", "text": "t"}"#,
            r#"{"to": [], "subject": "s", "text": "t"}"#,
        ] {
            assert!(mail.carry("acme", &act("mail", bad)).unwrap_err().for_good, "{bad}");
        }
    }

    #[test]
    fn what_cannot_work_is_refused_at_the_start() {
        let refused =
            |outward: Outward| make(&outward, Arc::new(SystemClock)).map(drop).unwrap_err().to_string();
        let text = |text: &str| Some(text.to_owned());
        let hook = |url: &str, secret: Option<&str>| {
            refused(Outward {
                webhook_url: text(url),
                webhook_secret: secret.map(str::to_owned),
                ..Outward::default()
            })
        };
        assert!(hook("https://acme.example", None).contains("--webhook-secret"));
        assert!(hook("https://acme.example", Some("short")).contains("24 bytes"));
        assert!(hook("http://acme.example", Some(SECRET)).contains("https://"));
        assert!(hook("nowhere", Some(SECRET)).contains("no URL"));
        let mail = |url: &str, from: Option<&str>| {
            refused(Outward { mail_url: text(url), mail_from: from.map(str::to_owned), ..Outward::default() })
        };
        assert!(mail("smtp://mail.example", None).contains("--mail-from"));
        assert!(mail("http://user:hidden@mail.example", Some("a@b.example")).contains("smtps://"));
        assert!(mail("smtp://mail.example", Some("nobody")).contains("mail address"));
    }
}
