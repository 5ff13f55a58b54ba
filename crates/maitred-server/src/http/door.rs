//! Who may knock, and in which language: Host, Origin, Accept, Content-Type, Authorization.

use hyper::Uri;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};

/// The names under which this server may be addressed, and the web pages that may speak to it.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    hosts: Vec<String>,
    origins: Vec<String>,
}

/// Why a request is turned away before anybody looks at what it wants.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Foreign {
    /// No Host, two of them, or one that is no text (400).
    BadHost,
    /// Another server's name: what DNS rebinding looks like (403).
    Host,
    /// A web page that is not on the list (403).
    Origin,
}

impl Names {
    /// Host entries are `name` (any port) or `name:port`; origin entries are `scheme://name[:port]`. Loopback names
    /// with the bound port are added when `loopback` is set.
    pub(super) fn new(hosts: &[String], origins: &[String], port: u16, loopback: bool) -> Self {
        let lower = |list: &[String]| list.iter().map(|entry| entry.trim().to_ascii_lowercase()).collect();
        let mut names = Self { hosts: lower(hosts), origins: lower(origins) };
        for origin in &mut names.origins {
            *origin = without_default_port(origin).to_owned();
        }
        if loopback {
            for name in ["127.0.0.1", "localhost", "[::1]"] {
                names.hosts.push(format!("{name}:{port}"));
                if port == 80 {
                    names.hosts.push(name.to_owned());
                }
                names.origins.push(without_default_port(&format!("http://{name}:{port}")).to_owned());
            }
        }
        names
    }

    /// Checks Host, and Origin where there is one.
    pub(super) fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Foreign> {
        self.check_host(uri, headers)?;
        let mut origins = headers.get_all(header::ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (None, _) => Ok(()),
            (Some(origin), None) if self.knows_origin(origin) => Ok(()),
            _ => Err(Foreign::Origin),
        }
    }

    fn check_host(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Foreign> {
        let mut hosts = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else { return Err(Foreign::BadHost) };
        let host = host.to_str().map_err(|_| Foreign::BadHost)?;
        let absolute = uri.authority().is_none_or(|authority| self.knows_host(authority.as_str()));
        if absolute && self.knows_host(host) { Ok(()) } else { Err(Foreign::Host) }
    }

    fn knows_host(&self, host: &str) -> bool {
        let name = without_port(host);
        self.hosts.iter().any(|known| {
            known.eq_ignore_ascii_case(host)
                || (without_port(known).len() == known.len() && known.eq_ignore_ascii_case(name))
        })
    }

    fn knows_origin(&self, origin: &HeaderValue) -> bool {
        origin.to_str().is_ok_and(|origin| {
            let origin = without_default_port(origin);
            self.origins.iter().any(|known| known.eq_ignore_ascii_case(origin))
        })
    }
}

/// `name` of `name:port`; a bracketed IPv6 address keeps its brackets.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => {
            if name.contains(':') && !name.ends_with(']') { host } else { name }
        }
        _ => host,
    }
}

fn without_default_port(origin: &str) -> &str {
    let port = if origin.starts_with("https:") { ":443" } else { ":80" };
    origin.strip_suffix(port).unwrap_or(origin)
}

/// What the client can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Accepts {
    pub(super) json: bool,
    pub(super) events: bool,
    /// Event streams are named, not merely covered by a wildcard.
    pub(super) wants_events: bool,
}

impl Accepts {
    /// Reads the Accept header; a client that sends none reads everything.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        const USUAL: &[u8] = b"application/json, text/event-stream";
        let mut accepts = Self { json: false, events: false, wants_events: false };
        let mut any = false;
        for value in headers.get_all(header::ACCEPT) {
            any = true;
            if value.as_bytes() == USUAL {
                return Self { json: true, events: true, wants_events: true };
            }
            for range in value.to_str().unwrap_or_default().split(',') {
                accepts.add(range);
            }
        }
        if any { accepts } else { Self { json: true, events: true, wants_events: false } }
    }

    fn add(&mut self, range: &str) {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let refused = parts.any(|parameter| {
            parameter.split_once('=').is_some_and(|(name, value)| {
                name.trim().eq_ignore_ascii_case("q") && value.trim().parse() == Ok(0.0)
            })
        });
        if refused {
            return;
        }
        match kind.as_str() {
            "application/json" | "application/*" => self.json = true,
            "text/event-stream" | "text/*" => {
                self.events = true;
                self.wants_events = true;
            }
            "*/*" | "*" => {
                self.json = true;
                self.events = true;
            }
            _ => {}
        }
    }
}

/// True when the body is said to be JSON in UTF-8.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    if value.as_bytes() == b"application/json" {
        return true;
    }
    let Ok(value) = value.to_str() else { return false };
    let mut parts = value.split(';').map(str::trim);
    parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"))
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
                value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
            }
            _ => true,
        })
}

/// The bearer token; `Err` when there is a credential that is not one, because a visitor who shows something that
/// cannot be read is not the visitor who shows nothing.
pub(super) fn bearer(headers: &HeaderMap) -> Result<Option<&str>, ()> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = match (values.next(), values.next()) {
        (None, _) => return Ok(None),
        (Some(value), None) => value.to_str().map_err(|_| ())?,
        _ => return Err(()),
    };
    let (scheme, token) = value.trim().split_once(' ').ok_or(())?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(Some(token.trim())) } else { Err(()) }
}

/// The session header of 2025-03-26.
pub(super) const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");

/// The id of the last event received.
pub(super) const LAST_EVENT: HeaderName = HeaderName::from_static("last-event-id");

/// The one value of a header that may come once; `Err` when it comes twice or is no text.
pub(super) fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, ()> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| ()),
        _ => Err(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(&str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in list {
            map.append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        map
    }

    #[test]
    fn only_known_hosts_and_origins_pass() {
        let names = Names::new(
            &["Maitred.example".into(), "wine.example:8443".into()],
            &["https://app.example".into()],
            8080,
            true,
        );
        let check = |list: &[(&str, &str)]| names.check(&Uri::from_static("/mcp"), &headers(list));
        for host in [
            "127.0.0.1:8080",
            "LOCALHOST:8080",
            "[::1]:8080",
            "maitred.example",
            "maitred.example:1",
            "wine.example:8443",
        ] {
            assert_eq!(check(&[("host", host)]), Ok(()), "{host}");
        }
        for host in [
            "127.0.0.1",
            "127.0.0.1:8081",
            "evil.example",
            "localhost:8080.evil.example",
            "wine.example",
            "::1",
            "",
        ] {
            assert_eq!(check(&[("host", host)]), Err(Foreign::Host), "{host}");
        }
        assert_eq!(check(&[]), Err(Foreign::BadHost));
        assert_eq!(check(&[("host", "localhost:8080"), ("host", "localhost:8080")]), Err(Foreign::BadHost));
        for origin in [
            "http://localhost:8080",
            "HTTP://127.0.0.1:8080",
            "https://app.example",
            "https://app.example:443",
        ] {
            assert_eq!(check(&[("host", "localhost:8080"), ("origin", origin)]), Ok(()), "{origin}");
        }
        for origin in [
            "null",
            "http://localhost:8081",
            "https://localhost:8080",
            "http://app.example",
            "",
            "http://localhost:8080/",
        ] {
            assert_eq!(
                check(&[("host", "localhost:8080"), ("origin", origin)]),
                Err(Foreign::Origin),
                "{origin}"
            );
        }
        let absolute = Uri::from_static("http://evil.example/mcp");
        assert_eq!(names.check(&absolute, &headers(&[("host", "localhost:8080")])), Err(Foreign::Host));
    }

    #[test]
    fn accept_is_read_whatever_its_form() {
        let of = |value: &str| {
            let accepts = Accepts::of(&headers(&[("accept", value)]));
            (accepts.json, accepts.events, accepts.wants_events)
        };
        assert_eq!(of("text/event-stream, application/json"), (true, true, true));
        assert_eq!(of("Application/JSON;q=0.9"), (true, false, false));
        assert_eq!(of("text/event-stream;q=0, */*;q=0.1"), (true, true, false));
        assert_eq!(of("text/event-stream"), (false, true, true));
        assert_eq!(of("text/html"), (false, false, false));
        assert_eq!(Accepts::of(&HeaderMap::new()), Accepts { json: true, events: true, wants_events: false });
    }

    #[test]
    fn content_type_and_credentials() {
        let json = |value: &str| is_json(&headers(&[("content-type", value)]));
        assert!(json("application/json") && json("Application/Json; charset=\"UTF-8\""));
        assert!(
            !json("text/plain") && !json("application/json; charset=utf-16") && !is_json(&HeaderMap::new())
        );
        assert_eq!(bearer(&headers(&[("authorization", "bEARER  abc ")])), Ok(Some("abc")));
        assert_eq!(bearer(&headers(&[])), Ok(None));
        for bad in ["Basic abc", "abc", "Bearer"] {
            assert_eq!(bearer(&headers(&[("authorization", bad)])), Err(()), "{bad}");
        }
        assert_eq!(
            bearer(&headers(&[("authorization", "Bearer a"), ("authorization", "Bearer b")])),
            Err(())
        );
    }
}
