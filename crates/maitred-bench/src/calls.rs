//! Names of the tools, arguments and answer fields that the scenarios use: the one place to change with them.

use serde_json::{Value, json};

/// Revision of the protocol that the scenarios speak.
pub const PROTOCOL: &str = "2025-03-26";

/// The cheapest read: who am I.
pub const WHOAMI: &str = "account_whoami";
/// The keyed read.
pub const CONTACT_GET: &str = "crm_contact_get";
/// The search.
pub const CONTACT_SEARCH: &str = "crm_contact_search";
/// The durable write.
pub const ACTIVITY_LOG: &str = "crm_activity_log";
/// A read that looks at every contact: the scan beside which keyed reads must stay quick.
pub const HEAVY: &str = "crm_duplicate_search";

/// An order by its number.
pub const ORDER_GET: &str = "orders_order_get";
/// Prices for a basket.
pub const PRICE_QUOTE: &str = "catalog_price_quote";
/// Invoices of a customer.
pub const INVOICE_SEARCH: &str = "invoicing_invoice_search";
/// Sales of a span.
pub const SALES_REPORT: &str = "orders_sales_report";
/// Who owes how much for how long.
pub const RECEIVABLES_REPORT: &str = "invoicing_receivables_report";
/// The day on which prices are asked for: behind those of the Online Retail file.
pub const TODAY: &str = "2026-01-02";

/// Rows that a search is asked for.
pub const SEARCH_ROWS: usize = 20;
/// Rows of a page while contact ids are collected.
pub const LISTING_ROWS: usize = 100;
/// Field of a search's answer that holds the rows.
pub const CONTACTS_FIELD: &str = "contacts";
/// Field of a row that holds its id.
pub const ID_FIELD: &str = "id";
/// Field of a search's answer that holds the next page's cursor; its absence ends the listing.
pub const NEXT_CURSOR_FIELD: &str = "next_cursor";

/// Arguments of the keyed read of one contact.
pub fn contact_get(contact: &str) -> Value {
    json!({ "contact": contact })
}

/// Arguments of a search for a word.
pub fn contact_search(words: &str) -> Value {
    json!({ "q": words, "limit": SEARCH_ROWS })
}

/// Arguments of one page of all contacts.
pub fn contact_listing(cursor: Option<&str>) -> Value {
    match cursor {
        None => json!({ "limit": LISTING_ROWS }),
        Some(cursor) => json!({ "limit": LISTING_ROWS, "cursor": cursor }),
    }
}

/// Arguments of one durable write about a contact.
pub fn activity_log(contact: &str, number: usize) -> Value {
    json!({
        "kind": "note",
        "about": [contact],
        "summary": format!("asked for the spring list, note {number}"),
    })
}

/// Arguments of the scan.
pub fn heavy() -> Value {
    json!({ "kind": "contact" })
}

/// A `tools/call` request, one line without line feeds.
pub fn call(id: u64, tool: &str, arguments: &Value) -> String {
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": tool, "arguments": arguments } })
        .to_string()
}

/// A `tools/list` request for the first page.
pub fn list(id: u64) -> String {
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/list" }).to_string()
}

/// The `initialize` request.
pub fn initialize() -> String {
    json!({
        "jsonrpc": "2.0", "id": 0, "method": "initialize",
        "params": {
            "protocolVersion": PROTOCOL,
            "capabilities": {},
            "clientInfo": { "name": "maitred-bench", "version": env!("CARGO_PKG_VERSION") },
        },
    })
    .to_string()
}

/// The notification that ends the handshake.
pub fn initialized() -> String {
    json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_single_lines_of_json_rpc() {
        let requests = [
            initialize(),
            initialized(),
            list(1),
            call(2, CONTACT_GET, &contact_get("c1")),
            call(3, CONTACT_SEARCH, &contact_search("lee")),
            call(4, ACTIVITY_LOG, &activity_log("c1", 7)),
            call(5, HEAVY, &heavy()),
        ];
        for request in requests {
            assert!(!request.contains('\n'));
            let value: Value = serde_json::from_str(&request).unwrap();
            assert_eq!(value["jsonrpc"], "2.0");
            assert!(value["method"].is_string());
        }
    }
}
