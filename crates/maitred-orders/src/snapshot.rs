//! What a document remembers of its buyer: names, numbers and address as they were when it was made.

use maitred_core::prelude::*;
use maitred_party::model::{Address, AddressKind, Company};
use maitred_party::store::companies;
use serde::{Deserialize, Serialize as SerializeJson};

/// The buyer on a document. A later change or merge of the company never rewrites it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, SerializeJson)]
pub struct Buyer {
    /// The name it went by.
    pub name: String,
    /// Registered name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub legal_name: Option<String>,
    /// VAT id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vat_id: Option<String>,
    /// ISO 3166 alpha-2.
    pub country: String,
    /// Where invoices went.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// An address as one text, lines with line feeds between.
pub fn address_text(address: &Address) -> String {
    let town = [address.postcode.as_deref(), Some(address.city.as_str())];
    let town: Vec<&str> = town.into_iter().flatten().collect();
    let mut lines = vec![address.lines.clone(), town.join(" ")];
    lines.extend(address.region.clone());
    lines.push(address.country.clone());
    lines.join("\n")
}

fn folded(text: &str) -> String {
    maitred_kernel::fold(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn best(addresses: &[Address], kinds: &[AddressKind]) -> Option<Address> {
    kinds.iter().find_map(|kind| addresses.iter().find(|address| address.kind == *kind)).cloned()
}

impl Buyer {
    /// The company as it is now.
    pub fn of(db: &Reader<'_>, company: &Company) -> ToolResult<Self> {
        let addresses = companies::addresses(db, &company.id)?;
        let own = best(&addresses, &[AddressKind::Billing, AddressKind::Registered, AddressKind::Shipping]);
        Ok(Self {
            name: company.name.clone(),
            legal_name: company.legal_name.clone(),
            vat_id: company.vat_id.clone(),
            country: company.country.clone(),
            address: own.as_ref().map(address_text),
        })
    }

    /// As stored.
    pub fn json(&self) -> ToolResult<String> {
        serde_json::to_string(self).map_err(ToolError::internal)
    }

    /// Reads what is stored.
    pub fn parse(json: &str) -> ToolResult<Self> {
        serde_json::from_str(json).map_err(ToolError::internal)
    }
}

/// Where goods go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShipTo {
    /// The address on file.
    pub address_id: Option<String>,
    /// As a text.
    pub text: Option<String>,
}

impl ShipTo {
    /// True for an address that is not on file.
    pub fn is_new(&self) -> bool {
        self.address_id.is_none() && self.text.is_some()
    }
}

/// The address that a text means: the id of one on file, else the address itself; without a text the company's own.
pub fn ship_to(db: &Reader<'_>, company: &Company, text: Option<&str>) -> ToolResult<ShipTo> {
    let addresses = companies::addresses(db, &company.id)?;
    let on_file = |address: &Address| ShipTo {
        address_id: Some(address.id.0.clone()),
        text: Some(address_text(address)),
    };
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
        let own = best(&addresses, &[AddressKind::Shipping, AddressKind::Registered, AddressKind::Billing]);
        return Ok(own.as_ref().map(on_file).unwrap_or_default());
    };
    let same = |address: &&Address| address.id.0 == text || folded(&address_text(address)) == folded(text);
    if let Some(known) = addresses.iter().find(same) {
        return Ok(on_file(known));
    }
    if text.chars().count() < 10 {
        return Err(invalid("ship_to", "is neither the id of an address of this customer nor an address")
            .hint("give the whole address: street, postcode, city, country"));
    }
    Ok(ShipTo { address_id: None, text: Some(text.to_owned()) })
}
