//! Domain names as the key of a company: one spelling, and which domains belong to no company at all.

use crate::fault::ContactFault;

/// The one spelling of a domain, taken from a domain, a host or an address of a web page: lower case, without
/// scheme, `www.`, port, path and trailing dot.
///
/// # Errors
/// [`ContactFault::NotADomain`].
pub fn fold(raw: &str) -> Result<String, ContactFault> {
    let fault = || ContactFault::NotADomain { text: raw.chars().take(80).collect() };
    let text = raw.trim().to_lowercase();
    let text = text.split_once("://").map_or(text.as_str(), |(_, rest)| rest);
    let host = text.split(['/', '?', '#']).next().unwrap_or_default();
    if host.contains('@') {
        return Err(fault());
    }
    let host = match host.split_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        Some(_) => return Err(fault()),
        None => host,
    };
    let host = host.strip_suffix('.').unwrap_or(host);
    let host = host.strip_prefix("www.").filter(|rest| rest.contains('.')).unwrap_or(host);
    if is_host(host) { Ok(host.to_owned()) } else { Err(fault()) }
}

/// Whether a text is a full host name: at least two labels, the last one no number.
pub(crate) fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|letter| letter == '-' || letter.is_alphanumeric())
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let top = host.rsplit('.').next().unwrap_or_default();
    let top_is_name =
        top.starts_with("xn--") || (top.chars().count() >= 2 && top.chars().all(char::is_alphabetic));
    host.len() <= 253 && host.contains('.') && top_is_name && host.split('.').all(label)
}

/// Whether a folded domain gives mailboxes to anybody, so that sharing it says nothing about a company.
pub fn is_free_mail(domain: &str) -> bool {
    FREE_MAIL.binary_search(&domain).is_ok()
}

// Sorted for the binary search.
static FREE_MAIL: &[&str] = &[
    "126.com",
    "163.com",
    "abv.bg",
    "alice.it",
    "aol.com",
    "aol.de",
    "aon.at",
    "arcor.de",
    "att.net",
    "bbox.fr",
    "bellsouth.net",
    "bigpond.com",
    "bk.ru",
    "bluewin.ch",
    "bol.com.br",
    "btinternet.com",
    "btopenworld.com",
    "centrum.cz",
    "chello.at",
    "citromail.hu",
    "comcast.net",
    "cox.net",
    "daum.net",
    "email.cz",
    "fastmail.com",
    "free.fr",
    "freemail.hu",
    "freenet.de",
    "gazeta.pl",
    "gmail.com",
    "gmx.at",
    "gmx.ch",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hey.com",
    "hotmail.co.uk",
    "hotmail.com",
    "hotmail.de",
    "hotmail.es",
    "hotmail.fr",
    "hotmail.it",
    "hotmail.nl",
    "hotmail.se",
    "hushmail.com",
    "icloud.com",
    "inbox.ru",
    "interia.pl",
    "kpnmail.nl",
    "laposte.net",
    "libero.it",
    "list.ru",
    "live.co.uk",
    "live.com",
    "live.de",
    "live.fr",
    "live.nl",
    "live.se",
    "mac.com",
    "mail.com",
    "mail.de",
    "mail.ru",
    "mailbox.org",
    "me.com",
    "msn.com",
    "naver.com",
    "neuf.fr",
    "ntlworld.com",
    "o2.pl",
    "onet.pl",
    "online.no",
    "op.pl",
    "optusnet.com.au",
    "orange.fr",
    "outlook.com",
    "outlook.de",
    "outlook.es",
    "outlook.fr",
    "outlook.it",
    "pm.me",
    "posteo.de",
    "proton.me",
    "protonmail.ch",
    "protonmail.com",
    "qq.com",
    "rambler.ru",
    "rediffmail.com",
    "rocketmail.com",
    "rogers.com",
    "sapo.pt",
    "sbcglobal.net",
    "seznam.cz",
    "sfr.fr",
    "shaw.ca",
    "sina.com",
    "sky.com",
    "skynet.be",
    "sunrise.ch",
    "t-online.de",
    "talktalk.net",
    "telenet.be",
    "telia.com",
    "terra.com.br",
    "tin.it",
    "tiscali.it",
    "tuta.com",
    "tuta.io",
    "tutanota.com",
    "ukr.net",
    "uol.com.br",
    "verizon.net",
    "virgilio.it",
    "virginmedia.com",
    "wanadoo.fr",
    "web.de",
    "wp.pl",
    "yahoo.ca",
    "yahoo.co.in",
    "yahoo.co.jp",
    "yahoo.co.uk",
    "yahoo.com",
    "yahoo.de",
    "yahoo.es",
    "yahoo.fr",
    "yahoo.it",
    "yandex.com",
    "yandex.ru",
    "ymail.com",
    "ziggo.nl",
    "zoho.com",
    "zohomail.eu",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn domains_have_one_spelling() {
        for (raw, folded) in [
            ("https://www.Example.com/contact?x=1", "example.com"),
            ("Example.COM.", "example.com"),
            ("shop.example.co.uk:8080", "shop.example.co.uk"),
            ("www.de", "www.de"),
            ("müller.example", "müller.example"),
            ("xn--mller-kva.example", "xn--mller-kva.example"),
        ] {
            assert_eq!(fold(raw).as_deref(), Ok(folded), "{raw}");
        }
        for raw in
            ["", "example", "a..b", "127.0.0.1", "-a.com", "a b.com", "ada@example.com", "http://", "S.A."]
        {
            assert!(fold(raw).is_err(), "{raw}");
        }
    }

    #[test]
    fn free_mail_is_known() {
        assert!(FREE_MAIL.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(is_free_mail("gmail.com") && is_free_mail("gmx.de") && !is_free_mail("example.com"));
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(raw in "(https?://)?(www\\.)?[a-zA-Z0-9.-]{1,20}\\.[a-zA-Z]{2,5}(/.{0,5})?") {
            if let Ok(folded) = fold(&raw) {
                let again = fold(&folded);
                // `www.www.com` loses one `www.` at a time.
                if !folded.starts_with("www.") {
                    prop_assert_eq!(again, Ok(folded));
                }
            }
        }
    }
}
