//! Account statements as a bank would send them: camt.053.001.02 of ISO 20022.

use maitred_kernel::Day;
use serde_json::{Value, json};

use super::dice::Dice;
use super::trade::{IBAN, decimal};

/// A line of the account.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When booked.
    pub day: Day,
    /// Cents; money out is negative.
    pub cents: i64,
    /// The other side.
    pub name: String,
    /// Its account; unset for the bank itself.
    pub iban: Option<String>,
    /// Remittance text.
    pub text: String,
}

/// Statements of one account in a row.
pub struct Account {
    /// Balance so far, cents.
    pub balance: i64,
    /// Number of the last statement.
    pub number: i64,
    /// Number of the last line.
    pub line: i64,
}

impl Account {
    /// The next statement: its entries prove its balances.
    pub fn statement(&mut self, from: Day, to: Day, entries: &[Entry]) -> String {
        let opening = self.balance;
        let mut lines = String::new();
        for entry in entries {
            self.line += 1;
            self.balance += entry.cents;
            lines.push_str(&line(self.line, entry));
        }
        self.number += 1;
        let number = self.number;
        let (opened, closed) = (balance("OPBD", opening, from), balance("CLBD", self.balance, to));
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02\">\n<BkToCstmrStmt>\n\
             <GrpHdr><MsgId>VALB-{number:05}</MsgId><CreDtTm>{to}T23:00:00</CreDtTm></GrpHdr>\n\
             <Stmt>\n<Id>VALB-{number:05}</Id><ElctrncSeqNb>{number}</ElctrncSeqNb>\
             <CreDtTm>{to}T23:00:00</CreDtTm>\n\
             <FrToDt><FrDtTm>{from}T00:00:00</FrDtTm><ToDtTm>{to}T23:00:00</ToDtTm></FrToDt>\n\
             <Acct><Id><IBAN>{IBAN}</IBAN></Id><Ccy>EUR</Ccy></Acct>\n{opened}{closed}{lines}\
             </Stmt>\n</BkToCstmrStmt>\n</Document>\n"
        )
    }
}

fn side(cents: i64) -> &'static str {
    if cents < 0 { "DBIT" } else { "CRDT" }
}

fn balance(kind: &str, cents: i64, day: Day) -> String {
    format!(
        "<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">{}</Amt>\
         <CdtDbtInd>{}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>\n",
        decimal(cents.abs()),
        side(cents),
    )
}

fn line(number: i64, entry: &Entry) -> String {
    let day = entry.day;
    // Who paid stands under the debtor when money came, who was paid under the creditor when it went.
    let other = if entry.cents < 0 { "Cdtr" } else { "Dbtr" };
    let account = entry
        .iban
        .as_ref()
        .map_or_else(String::new, |iban| format!("<{other}Acct><Id><IBAN>{iban}</IBAN></Id></{other}Acct>"));
    format!(
        "<Ntry><Amt Ccy=\"EUR\">{}</Amt><CdtDbtInd>{}</CdtDbtInd><Sts>BOOK</Sts>\
         <BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt>\
         <AcctSvcrRef>VB{number:08}</AcctSvcrRef><NtryDtls><TxDtls>\
         <RltdPties><{other}><Nm>{}</Nm></{other}>{account}</RltdPties>\
         <RmtInf><Ustrd>{}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>\n",
        decimal(entry.cents.abs()),
        side(entry.cents),
        escaped(&entry.name),
        escaped(&entry.text),
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Rules by which lines without an invoice are told apart, for the section `invoicing.bank`.
pub fn rules() -> Value {
    json!([
        {"class": "fee", "text": "account fee", "direction": "out"},
        {"class": "payroll", "text": "salaries", "direction": "out"},
        {"class": "supplier", "text": "our order", "direction": "out"},
        {"class": "tax", "counterparty": "Direction générale des finances publiques", "direction": "out"},
        {"class": "other", "text": "rent", "direction": "out"},
    ])
}

/// An account whose check digits are right and which no bank keeps: no bank has the code 99999.
pub fn account(dice: &mut Dice, country: &str) -> String {
    // Letters, digits and length of the account number by country, as the registry of IBANs gives them.
    let (code, length, head) = match country {
        "DE" => ("DE", 18, "99999999"),
        "IT" => ("IT", 23, "X9999999999"),
        "ES" => ("ES", 20, "99999999"),
        "GB" => ("GB", 18, "NONE999999"),
        "NL" => ("NL", 14, "NONE"),
        "BE" => ("BE", 12, "999"),
        "CH" => ("CH", 17, "99999"),
        _ => ("FR", 23, "9999999999"),
    };
    let mut body = head.to_owned();
    while body.len() < length {
        body.push(char::from(b'0' + u8::try_from(dice.between(0, 9)).unwrap_or(0)));
    }
    let rest = format!("{body}{code}00").bytes().fold(0_u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        letter => (rest * 100 + u32::from(letter - b'A') + 10) % 97,
    });
    format!("{code}{:02}{body}", 98 - rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn balances_go_on_and_accounts_check() {
        let day = |text| Day::parse(text).unwrap();
        let mut account = Account { balance: 1_000, number: 0, line: 0 };
        let entry = |cents| Entry {
            day: day("2026-03-02"),
            cents,
            name: "A & B".to_owned(),
            iban: None,
            text: "x".to_owned(),
        };
        let text = account.statement(day("2026-03-02"), day("2026-03-08"), &[entry(250), entry(-2_000)]);
        assert!(text.contains("A &amp; B") && text.contains(">10.00<") && text.contains(">7.50<"), "{text}");
        assert_eq!((account.balance, account.number, account.line), (-750, 1, 2));
        let mut dice = Dice::new(1);
        for country in ["FR", "DE", "IT", "ES", "GB", "NL", "BE", "CH"] {
            let iban = super::account(&mut dice, country);
            let turned = format!("{}{}", &iban[4..], &iban[..4]);
            let rest = turned.chars().fold(0, |rest, letter| {
                let value = letter.to_digit(36).unwrap();
                (rest * if value > 9 { 100 } else { 10 } + value) % 97
            });
            assert_eq!(rest, 1, "{iban}");
        }
    }
}
