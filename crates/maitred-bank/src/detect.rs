//! Which encoding the bytes are in and which format the text is.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use crate::fault::{Fault, FaultKind};
use crate::model::Format;

/// How much of a file is looked at for declarations.
const HEAD: usize = 2_048;

/// Bytes as text, with the name of the encoding: by byte order mark, else as declared (by the caller or the file
/// itself), else UTF-8, else Windows-1252.
///
/// # Errors
/// [`FaultKind::Unsupported`] when the caller names an encoding that there is not.
pub fn decode(bytes: &[u8], named: Option<&str>) -> Result<(String, &'static str), Fault> {
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        let (text, _) = encoding.decode_without_bom_handling(bytes.get(length..).unwrap_or_default());
        return Ok((text.into_owned(), encoding.name()));
    }
    let declared = match named {
        Some(name) => Some(Encoding::for_label(name.as_bytes()).ok_or_else(|| {
            let text = format!("`{}` is not an encoding", name.chars().take(40).collect::<String>());
            Fault::file(FaultKind::Unsupported, text)
        })?),
        None => declared(bytes),
    };
    // A declaration that the bytes contradict is worth less than the bytes.
    for encoding in [declared, Some(UTF_8)].into_iter().flatten() {
        if let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(bytes) {
            return Ok((text.into_owned(), encoding.name()));
        }
    }
    let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
    Ok((text.into_owned(), WINDOWS_1252.name()))
}

/// What the file declares: `encoding="..."` of XML, `ENCODING:` and `CHARSET:` of OFX 1.x.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes.get(..bytes.len().min(HEAD))?;
    let head: String =
        head.iter().map(|&byte| if byte.is_ascii() { char::from(byte) } else { '?' }).collect();
    if let Some(declaration) = head.trim_start().strip_prefix("<?xml") {
        let declaration = declaration.split("?>").next()?;
        let value = declaration.split("encoding").nth(1)?.trim_start().strip_prefix('=')?.trim_start();
        let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        let label = value.get(1..)?.split(quote).next()?;
        // Bytes that could be read as ASCII so far are not two bytes to a letter, whatever they declare.
        return Encoding::for_label(label.as_bytes()).filter(|encoding| encoding.is_ascii_compatible());
    }
    let field = |name: &str| {
        head.lines()
            .take(20)
            .find_map(|line| line.trim().strip_prefix(name).map(|value| value.trim().to_ascii_uppercase()))
    };
    field("OFXHEADER:")?;
    match (field("ENCODING:")?.as_str(), field("CHARSET:").as_deref()) {
        ("UTF-8" | "UNICODE", _) => Some(UTF_8),
        (_, Some("1252") | None) => None,
        (_, Some("8859-1" | "ISO-8859-1")) => Encoding::for_label(b"iso-8859-1"),
        (_, Some(code)) => Encoding::for_label(code.as_bytes())
            .or_else(|| Encoding::for_label(format!("windows-{code}").as_bytes())),
    }
}

/// The format of a text, by its content alone.
///
/// # Errors
/// [`FaultKind::Unsupported`] for other messages of the known families, [`FaultKind::UnknownFormat`] for other XML.
pub fn detect(text: &str) -> Result<Format, Fault> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let head = text.get(..floor(text, HEAD)).unwrap_or(text);
    let upper = head.to_ascii_uppercase();
    if upper.contains("OFXHEADER") || upper.contains("<OFX>") {
        return Ok(Format::Ofx);
    }
    if head.starts_with("<?xml") || head.starts_with('<') {
        if head.contains("camt.053.") {
            return Ok(Format::Camt053);
        }
        let text = match ["camt.052.", "camt.054.", "pain."].iter().find(|name| head.contains(**name)) {
            Some(name) => format!("this is a `{name}` message; a statement is `camt.053`"),
            None => "this XML is neither a CAMT.053 nor an OFX file".to_owned(),
        };
        let kind =
            if text.contains("a statement is") { FaultKind::Unsupported } else { FaultKind::UnknownFormat };
        return Err(Fault::at(1, kind, text));
    }
    let swift = |line: &str| line.starts_with(":20:") || line.contains("{4:") || line.starts_with("{1:F");
    if head.lines().take(40).any(swift) {
        return Ok(Format::Mt940);
    }
    Ok(Format::Csv)
}

/// The last place at or before `at` that is not inside a letter.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_found() {
        for (bytes, name, text) in [
            (&b"\xef\xbb\xbfM\xc3\xbcller"[..], "UTF-8", "Müller"),
            (b"\xff\xfeM\x00\xfc\x00", "UTF-16LE", "Mü"),
            (b"M\xc3\xbcller", "UTF-8", "Müller"),
            (b"M\xfcller \x80", "windows-1252", "Müller €"),
            (
                b"<?xml version='1.0' encoding='ISO-8859-2'?>\xb1",
                "ISO-8859-2",
                "<?xml version='1.0' encoding='ISO-8859-2'?>ą",
            ),
            (
                b"<?xml version='1.0' encoding='UTF-8'?>\xfc",
                "windows-1252",
                "<?xml version='1.0' encoding='UTF-8'?>ü",
            ),
        ] {
            assert_eq!(decode(bytes, None).unwrap(), (text.to_owned(), name));
        }
        assert_eq!(decode(b"\xb1", Some("iso-8859-2")).unwrap().0, "ą");
        assert!(decode(b"x", Some("klingon")).is_err());
    }

    #[test]
    fn formats_are_found() {
        for (text, format) in [
            ("\r\n\r\n<OFX>\r\n", Format::Ofx),
            ("OFXHEADER:100\nDATA:OFXSGML", Format::Ofx),
            ("<?xml version=\"1.0\"?><?OFX OFXHEADER=\"200\"?><OFX>", Format::Ofx),
            ("<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.04\">", Format::Camt053),
            ("BANK\n940\n:20:X", Format::Mt940),
            ("{1:F01XXXX}{2:O940}{4:\n:20:X", Format::Mt940),
            ("Date;Amount\n", Format::Csv),
        ] {
            assert_eq!(detect(text), Ok(format), "{text}");
        }
        assert!(detect("<html>").is_err());
        assert!(detect("<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.054.001.04\">").is_err());
    }
}
