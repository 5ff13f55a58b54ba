//! The settings section `invoicing.seller`: who issues the documents, and where to pay.

use maitred_core::prelude::*;
use maitred_kernel::{email, phone, vat};
use maitred_party::org;
use maitred_party::sources::SettingSource;
use maitred_party::store::settings;
use serde::{Deserialize, Serialize};

/// The section's name.
pub const SECTION: &str = "invoicing.seller";

/// Days to pay where nothing was agreed.
pub const NET_DAYS: i64 = 14;

/// Who issues the documents. The country is the organisation's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seller {
    /// Registered name (BT-27).
    pub name: String,
    /// Street lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub street: Vec<String>,
    /// City.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// Postcode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postcode: Option<String>,
    /// VAT identification number (BT-31).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vat_id: Option<String>,
    /// Number at the local tax office (BT-32).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_number: Option<String>,
    /// Number in the companies register (BT-30).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration_no: Option<String>,
    /// For questions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// For questions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Account to pay to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iban: Option<String>,
    /// Its bank.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bic: Option<String>,
    /// Participant id in the Peppol network, `scheme:id` (BT-34); the VAT id where it is not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peppol_id: Option<String>,
    /// Days to pay where nothing was agreed with the customer; 14 unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub net_days: Option<i64>,
}

/// The section, where somebody filled it in.
///
/// # Errors
/// When what is stored cannot be read.
pub fn seller_of(db: &Reader<'_>) -> ToolResult<Option<Seller>> {
    match settings::get(db, SECTION)? {
        Some(setting) => serde_json::from_str(&setting.value).map(Some).map_err(ToolError::internal),
        None => Ok(None),
    }
}

/// Days to pay where nothing was agreed with the customer.
pub fn usual_days(db: &Reader<'_>) -> ToolResult<i64> {
    Ok(seller_of(db)?.and_then(|seller| seller.net_days).unwrap_or(NET_DAYS))
}

/// True for an IBAN whose check digits are right (ISO 13616, modulo 97).
pub fn is_iban(text: &str) -> bool {
    let bytes = text.as_bytes();
    if !(15..=34).contains(&bytes.len())
        || !bytes[..2].iter().all(u8::is_ascii_uppercase)
        || !bytes.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    {
        return false;
    }
    let turned = bytes[4..].iter().chain(&bytes[..4]);
    let rest = turned.fold(0_u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        letter => (rest * 100 + u32::from(letter - b'A') + 10) % 97,
    });
    rest == 1
}

/// True for a participant id of the Peppol network: a scheme of the EAS code list, and what it identifies.
pub fn is_participant(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, id)| {
        scheme.len() == 4
            && scheme.bytes().all(|byte| byte.is_ascii_digit())
            && !id.is_empty()
            && id.bytes().all(|byte| byte.is_ascii_graphic())
    })
}

/// See the module.
pub struct SellerSection;

impl SettingSource for SellerSection {
    fn section(&self) -> &'static str {
        SECTION
    }

    fn about(&self) -> &'static str {
        "Who issues invoices: name, address, VAT id, bank account, usual days to pay."
    }

    fn schema(&self) -> &'static str {
        r#"{"type":"object","properties":{"name":{"type":"string","minLength":1,"maxLength":200},"street":{"type":"array","items":{"type":"string","maxLength":200},"maxItems":4},"city":{"type":"string","maxLength":100},"postcode":{"type":"string","maxLength":20},"vat_id":{"type":"string"},"tax_number":{"type":"string","maxLength":40},"registration_no":{"type":"string","maxLength":40},"email":{"type":"string"},"phone":{"type":"string"},"iban":{"type":"string"},"bic":{"type":"string","maxLength":11},"peppol_id":{"type":"string","maxLength":80,"description":"scheme:id"},"net_days":{"type":"integer","minimum":0,"maximum":365}},"required":["name"],"additionalProperties":false}"#
    }

    fn editors(&self) -> &'static [&'static str] {
        &["finance"]
    }

    fn get(&self, db: &Reader<'_>) -> ToolResult<String> {
        serde_json::to_string(&seller_of(db)?.unwrap_or_default()).map_err(ToolError::internal)
    }

    fn set(&self, db: &Writer<'_>, value: &str) -> ToolResult<Vec<String>> {
        let given: Seller = serde_json::from_str(value).map_err(|error| {
            let text = error.to_string();
            let short = text.split(" at line ").next().unwrap_or("malformed").to_owned();
            ToolError::new(Code::Invalid, format!("the value does not fit the section: {short}"))
        })?;
        let seller = tidied(db, given)?;
        if seller_of(db)?.as_ref() == Some(&seller) {
            return Ok(vec![]);
        }
        settings::put(db, SECTION, &serde_json::to_string(&seller).map_err(ToolError::internal)?)?;
        Ok(vec!["documents issued from now on; those issued keep what they show".to_owned()])
    }
}

fn tidied(db: &Reader<'_>, mut seller: Seller) -> ToolResult<Seller> {
    let country = org::settings_of(db)?.country.clone();
    seller.name = seller.name.trim().to_owned();
    if seller.name.is_empty() {
        return Err(invalid("name", "must not be empty"));
    }
    if let Some(raw) = &seller.vat_id {
        let checked = vat::check(raw).map_err(|fault| invalid("vat_id", fault))?;
        if checked.country() != country {
            return Err(invalid("vat_id", format!("is not one of {country}, the organisation's country"))
                .hint("the country is in the section `org`"));
        }
        seller.vat_id = Some(checked.as_str().to_owned());
    }
    if let Some(raw) = &seller.email {
        seller.email = Some(email::fold(raw).map_err(|fault| invalid("email", fault))?);
    }
    if let Some(raw) = &seller.phone {
        seller.phone = Some(phone::e164(raw, Some(&country)).map_err(|fault| invalid("phone", fault))?);
    }
    if let Some(raw) = &seller.iban {
        let iban = raw.split_whitespace().collect::<String>().to_uppercase();
        if !is_iban(&iban) {
            return Err(invalid("iban", "is no IBAN: its check digits are wrong"));
        }
        seller.iban = Some(iban);
    }
    if seller.peppol_id.as_deref().is_some_and(|id| !is_participant(id)) {
        return Err(invalid("peppol_id", "must be a scheme of four digits, `:` and the id in it"));
    }
    if seller.net_days.is_some_and(|days| !(0..=365).contains(&days)) {
        return Err(invalid("net_days", "must be from 0 to 365"));
    }
    Ok(seller)
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    use super::*;

    #[test]
    fn check_digits_of_accounts() {
        assert!(is_iban("DE89370400440532013000"));
        assert!(is_iban("GB82WEST12345698765432"));
        assert!(!is_iban("DE88370400440532013000"));
        assert!(!is_iban("de89370400440532013000"));
        assert!(!is_iban("DE89"));
    }

    #[test]
    fn what_is_wrong_is_refused_and_nothing_is_lost() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "");
        let set = |value: &'static str| {
            fixture.write(move |db| SellerSection.set(db, value)).map_err(|error| format!("{error:?}"))
        };
        assert!(set(r#"{"name": " "}"#).unwrap_err().contains("must not be empty"));
        assert!(set(r#"{"name": "Maison", "iban": "DE00"}"#).unwrap_err().contains("IBAN"));
        assert!(
            set(r#"{"name": "Maison", "peppol_id": "EM:a@b.example"}"#).unwrap_err().contains("peppol_id")
        );
        assert!(set(r#"{"name": "Maison", "colour": "red"}"#).unwrap_err().contains("does not fit"));
        let good = r#"{"name": "Maison GmbH", "iban": "de89 3704 0044 0532 0130 00", "net_days": 30}"#;
        assert_eq!(set(good).unwrap().len(), 1);
        assert_eq!(set(good).unwrap().len(), 0, "nothing new");
        let stored = fixture.read(|db| SellerSection.get(db)).unwrap();
        assert_eq!(stored, r#"{"name":"Maison GmbH","iban":"DE89370400440532013000","net_days":30}"#);
        assert_eq!(fixture.read(usual_days).unwrap(), 30);
    }
}
