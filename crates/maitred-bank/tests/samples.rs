//! Statements written for these tests, one per rule of each format.

use expect_test::{Expect, expect};
use maitred_bank::{Amounts, Column, Columns, Decimal, Fault, File, Options, Profile, read};
use maitred_kernel::Currency;

fn plain(text: &str) -> Result<File, Fault> {
    read(text.as_bytes(), &Options::default())
}

/// The statements of a file as a few lines of text.
fn show(result: Result<File, Fault>) -> String {
    let file = match result {
        Ok(file) => file,
        Err(fault) => return format!("refused: {fault}\n"),
    };
    let mut out = String::new();
    for statement in &file.statements {
        let balance = |minor: Option<i64>| minor.map_or("?".to_owned(), |minor| minor.to_string());
        let day = |day: Option<maitred_kernel::Day>| day.map_or("?".to_owned(), |day| day.to_string());
        out.push_str(&format!(
            "{} {} no {} {}: {} -> {} ({} to {})\n",
            statement.format.name(),
            statement.account.as_deref().unwrap_or("-"),
            statement.statement_no.as_deref().unwrap_or("-"),
            statement.currency,
            balance(statement.opening),
            balance(statement.closing),
            day(statement.from),
            day(statement.to),
        ));
        for line in &statement.lines {
            let field = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
            out.push_str(&format!(
                "  {}: {} {}{} | {} | {} | bank {} | e2e {} | ref {} | {}\n",
                line.line,
                line.booked_on,
                line.amount,
                if line.reversal { " reversal" } else { "" },
                field(&line.counterparty_name),
                field(&line.counterparty_iban),
                field(&line.bank_ref),
                field(&line.end_to_end_id),
                field(&line.creditor_ref),
                line.text,
            ));
        }
        for note in &statement.warnings {
            out.push_str(&format!("  warning {}: {}\n", note.line, note.text));
        }
        for note in &statement.rejected {
            out.push_str(&format!("  rejected {}: {}\n", note.line, note.text));
        }
    }
    out
}

fn check(text: &str, expected: Expect) {
    expected.assert_eq(&show(plain(text)));
}

const MT940: &str = "\
{1:F01BANKXX22AXXX0000000000}{2:O940BANKXX22XXXXN}{4:
:20:STARTUMS
:25:GB82WEST12345698765432
:28C:00007/001
:60F:C260227EUR1000,00
:61:2603020302CR312,00NTRFNONREF//B-1
:86:166?00CREDIT?20EREF+ORDER 7?21SVWZ+INV-2026-00042?32Alpine Lan?33terns Ltd
:61:2602300302D12,5NMSCNONREF//B-2
:86:monthly fee
:61:260302RC12,00NTRFNONREF//B-3
:61:260302RD0,50NTRFNONREF//B-4
:62F:C260302EUR1288,00
-}
";

#[test]
fn mt940_reversals_clamped_days_and_subfields() {
    check(
        MT940,
        expect![[r#"
        mt940 GB82WEST12345698765432 no 00007/001 EUR: 100000 -> 128800 (2026-02-27 to 2026-03-02)
          6: 2026-03-02 31200 | Alpine Lanterns Ltd | - | bank B-1 | e2e ORDER 7 | ref - | INV-2026-00042
          8: 2026-03-02 -1250 | - | - | bank B-2 | e2e - | ref - | monthly fee
          10: 2026-03-02 -1200 reversal | - | - | bank B-3 | e2e - | ref - | 
          11: 2026-03-02 50 reversal | - | - | bank B-4 | e2e - | ref - | 
          warning 8: the date of the line is no day; taken as 2026-02-28
    "#]],
    );
}

#[test]
fn mt940_pages_are_put_together() {
    check(
        ":20:A\n:25:1\n:28C:5/1\n:60F:C260301EUR10,\n:61:260301C1,NTRFNONREF\n:62M:C260301EUR11,\n-\n\
         :20:A\n:25:1\n:28C:5/2\n:60M:C260301EUR11,\n:61:260302D2,NTRFNONREF\n:62F:C260302EUR9,\n-\n",
        expect![[r#"
            mt940 1 no 5/1 EUR: 1000 -> 900 (2026-03-01 to 2026-03-02)
              5: 2026-03-01 100 | - | - | bank - | e2e - | ref - | 
              12: 2026-03-02 -200 | - | - | bank - | e2e - | ref - | 
        "#]],
    );
}

#[test]
fn mt940_that_does_not_come_out_is_refused_where_it_is_seen() {
    check(
        &MT940.replace("1288,00", "1288,01"),
        expect![[r#"
        refused: line 12: the closing balance `1288.01` is not the opening balance `1000.00` plus the 4 lines (`288.00`); off by `0.01`
    "#]],
    );
    check(
        &MT940.replace("D12,5N", "D12,505N"),
        expect![[r#"
        refused: line 8: `12,505` has more than 2 decimals, which is all that EUR has; without it the balances are not proved
    "#]],
    );
    check(
        &MT940.replace(":62F:", ":XXX:"),
        expect![[r#"
        refused: line 2: the message has no closing balance (`:62F:`): the file is cut off
    "#]],
    );
    check(
        &MT940.replace("2602300302", "2613300302"),
        expect![[r#"
        refused: line 8: the line has no value date; without it the balances are not proved
    "#]],
    );
    check(
        &MT940.replace("C260302EUR", "C260302USD"),
        expect![[r#"
        refused: line 12: the closing balance is in USD, the opening in EUR
    "#]],
    );
}

const MT942: &str = "\
:20:INTRADAY
:25:12345678
:28C:1/1
:34F:EURD0,
:34F:EURC0,
:13D:2603021200+0100
:61:2603020302C10,NTRFNONREF
:86:first
:61:2603020302D3,NTRFNONREF
:61:260303EC5,NTRFNONREF
:90D:1EUR3,
:90C:1EUR10,
-
";

#[test]
fn mt942_sums_are_held_against_its_lines() {
    check(
        MT942,
        expect![[r#"
        mt942 12345678 no 1/1 EUR: ? -> ? (2026-03-02 to 2026-03-02)
          7: 2026-03-02 1000 | - | - | bank - | e2e - | ref - | first
          9: 2026-03-02 -300 | - | - | bank - | e2e - | ref - | 
          warning 10: the line is only expected, not booked, and was left out
          warning 1: an interim report has no balances to prove its lines
    "#]],
    );
    check(
        &MT942.replace(":90C:1EUR10,", ":90C:1EUR11,"),
        expect![[r#"
        refused: line 12: `:90C:` says 1 lines and `11.00`; the report has 1
    "#]],
    );
}

fn camt(version: &str, entries: &str, closing: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}\"><BkToCstmrStmt>\n\
         <Stmt><Id>S-1</Id><ElctrncSeqNb>9</ElctrncSeqNb><Acct><Id><IBAN>GB82WEST12345698765432</IBAN></Id><Ccy>EUR</Ccy></Acct>\n\
         <Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">100.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-03-01</Dt></Dt></Bal>\n\
         <Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">{closing}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-03-02</Dt></Dt></Bal>\n\
         {entries}</Stmt></BkToCstmrStmt></Document>\n"
    )
}

const BATCH: &str = "\
<Ntry><Amt Ccy=\"EUR\">30.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-03-02</Dt></BookgDt>
<AcctSvcrRef>BATCH-1</AcctSvcrRef><NtryDtls>
<TxDtls><Refs><EndToEndId>E-1</EndToEndId></Refs><AmtDtls><TxAmt><Amt Ccy=\"EUR\">10.00</Amt></TxAmt></AmtDtls>
<RltdPties><Dbtr><Nm>Ada &amp; Co</Nm></Dbtr><DbtrAcct><Id><IBAN>GB82 WEST 1234 5698 7654 32</IBAN></Id></DbtrAcct></RltdPties>
<RmtInf><Ustrd>INV-1</Ustrd><Ustrd>and more</Ustrd></RmtInf></TxDtls>
<TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs><AmtDtls><TxAmt><Amt Ccy=\"EUR\">20.000</Amt></TxAmt></AmtDtls>
<RmtInf><Strd><CdtrRefInf><Ref>RF18539007547034</Ref></CdtrRefInf></Strd></RmtInf></TxDtls>
</NtryDtls></Ntry>
";

#[test]
fn camt_entries_of_several_transactions_become_several_lines_that_sum() {
    check(
        &camt("02", BATCH, "130.00"),
        expect![[r#"
        camt053 GB82WEST12345698765432 no 9 EUR: 10000 -> 13000 (2026-03-01 to 2026-03-02)
          8: 2026-03-02 1000 | Ada & Co | GB82WEST12345698765432 | bank BATCH-1 | e2e E-1 | ref - | INV-1 and more
          11: 2026-03-02 2000 | - | - | bank BATCH-1 | e2e - | ref RF18539007547034 | 
    "#]],
    );
    check(
        &camt("02", &BATCH.replace("20.000", "20.01"), "130.00"),
        expect![[r#"
        refused: line 6: the 2 transactions of the entry sum to `30.01`, the entry is `30.00` (0 without an amount); without it the balances are not proved
    "#]],
    );
    check(
        &camt("02", &BATCH.replace("20.000", "20.001"), "130.00"),
        expect![[r#"
        refused: line 6: `20.001` has more than 2 decimals, which is all that EUR has; without it the balances are not proved
    "#]],
    );
}

#[test]
fn camt_takes_booked_entries_only_and_reversals_as_booked() {
    let entries = "\
<Ntry><Amt Ccy=\"EUR\">5.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><RvslInd>true</RvslInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><DtTm>2026-02-30T10:00:00</DtTm></BookgDt>
<NtryDtls><TxDtls><RltdPties><Cdtr><Pty><Nm>Carrier</Nm></Pty></Cdtr></RltdPties></TxDtls></NtryDtls><AddtlNtryInf>returned</AddtlNtryInf></Ntry>
<Ntry><Amt Ccy=\"EUR\">7.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>PDNG</Cd></Sts></Ntry>
<Ntry><Amt Ccy=\"EUR\">1.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><ValDt><Dt>2026-03-02</Dt></ValDt></Ntry>
";
    check(
        &camt("08", entries, "104.00"),
        expect![[r#"
        camt053 GB82WEST12345698765432 no 9 EUR: 10000 -> 10400 (2026-02-28 to 2026-03-02)
          6: 2026-02-28 500 reversal | Carrier | - | bank - | e2e - | ref - | returned
          9: 2026-03-02 -100 | - | - | bank - | e2e - | ref - | 
          warning 6: `2026-02-30T10:00:00` is no day; taken as 2026-02-28
          warning 9: the entry has no booking date; its value date 2026-03-02 was taken
          warning 3: 1 entries are not booked yet and were left out
    "#]],
    );
}

#[test]
fn camt_reversals_are_turned_where_the_balances_come_out_only_so() {
    let entry = |amount: &str, more: &str| {
        format!(
            "<Ntry><Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd>{more}<Sts>BOOK</Sts><BookgDt><Dt>2026-03-02</Dt></BookgDt>\n\
             <NtryDtls><TxDtls><RltdPties><Dbtr><Nm>Payer</Nm></Dbtr><Cdtr><Nm>Payee</Nm></Cdtr></RltdPties></TxDtls></NtryDtls></Ntry>\n"
        )
    };
    let entries = entry("9.00", "") + &entry("5.00", "<RvslInd>true</RvslInd>");
    check(
        &camt("06", &entries, "114.00"),
        expect![[r#"
        camt053 GB82WEST12345698765432 no 9 EUR: 10000 -> 11400 (2026-03-01 to 2026-03-02)
          6: 2026-03-02 900 | Payer | - | bank - | e2e - | ref - | 
          8: 2026-03-02 500 reversal | Payee | - | bank - | e2e - | ref - | 
    "#]],
    );
    check(
        &camt("06", &entries, "104.00"),
        expect![[r#"
        camt053 GB82WEST12345698765432 no 9 EUR: 10000 -> 10400 (2026-03-01 to 2026-03-02)
          6: 2026-03-02 900 | Payer | - | bank - | e2e - | ref - | 
          8: 2026-03-02 -500 reversal | Payer | - | bank - | e2e - | ref - | 
          warning 3: the bank states what its reversals take back; they were turned
    "#]],
    );
    check(
        &camt("06", &entries, "105.00"),
        expect![[r#"
        refused: line 5: the closing balance `105.00` is not the opening balance `100.00` plus the 2 lines (`14.00`); off by `-9.00`
    "#]],
    );
}

#[test]
fn camt_other_versions_and_document_types_are_refused() {
    check(
        &camt("13", "", "100.00"),
        expect![[r#"
        refused: line 2: camt.053 version `13` is not read; versions 02 to 08 are
    "#]],
    );
    check(
        &camt("04", "", "100.01"),
        expect![[r#"
        refused: line 5: the closing balance `100.01` is not the opening balance `100.00` plus the 0 lines (`0.00`); off by `0.01`
    "#]],
    );
    check(
        &camt("04", "<Ntry><Amt Ccy=\"EUR\">1", "100.00"),
        expect![[r#"
        refused: line 6: not well-formed XML: ill-formed document: expected `</Amt>`, but `</Stmt>` was found
    "#]],
    );
    let bomb = camt("04", "", "100.00")
        .replace("<Document", "<!DOCTYPE x [<!ENTITY e SYSTEM \"http://x\">]><Document");
    check(
        &bomb,
        expect![[r#"
        refused: line 2: document types are not read
    "#]],
    );
}

const OFX1: &str = "\
OFXHEADER:100
DATA:OFXSGML
VERSION:102
ENCODING:USASCII
CHARSET:1252

<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR<BANKACCTFROM><ACCTID>12 34</BANKACCTFROM>
<BANKTRANLIST><DTSTART>20260301<DTEND>20260331
<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20260302120000[-5:EST]<TRNAMT>+312.0000<FITID>F1<NAME>Caf\u{e9} & Co<MEMO>INV-2026-00042</STMTTRN>
<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20260231<TRNAMT>-1,5<FITID>F2<CHECKNUM><NAME>Fee</STMTTRN>
<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20260303<TRNAMT>-1.505<FITID>F3<NAME>Half a cent</STMTTRN>
</BANKTRANLIST><LEDGERBAL><BALAMT>400.00<DTASOF>20260315</LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>
";

#[test]
fn ofx_sgml_in_windows_1252() {
    let bytes: Vec<u8> = OFX1.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect();
    let file = read(&bytes, &Options::default()).unwrap();
    assert_eq!(file.encoding, "windows-1252");
    expect![[r#"
        ofx 1234 no - EUR: ? -> 40000 (2026-02-28 to 2026-03-31)
          9: 2026-03-02 31200 | Café & Co | - | bank F1 | e2e - | ref - | INV-2026-00042
          10: 2026-02-28 -150 | Fee | - | bank F2 | e2e - | ref - | Fee
          warning 10: `20260231` is no day; taken as 2026-02-28
          warning 12: the ledger balance is of 2026-03-15, before the last day 2026-03-31
          rejected 11: `-1.505` has more than 2 decimals, which is all that EUR has
    "#]]
    .assert_eq(&show(Ok(file)));
}

#[test]
fn ofx_xml_of_two_accounts() {
    let account = |number: &str, kind: &str, from: &str| {
        format!(
            "<{kind}>\n<CURDEF>EUR</CURDEF><{from}><ACCTID>{number}</ACCTID></{from}><BANKTRANLIST>\n\
             <STMTTRN><DTPOSTED>20260302</DTPOSTED><TRNAMT>-1.00</TRNAMT><FITID>1</FITID><NAME><![CDATA[A < B]]></NAME></STMTTRN>\n\
             </BANKTRANLIST></{kind}>\n"
        )
    };
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<?OFX OFXHEADER=\"200\" VERSION=\"211\"?>\n<OFX>\n{}{}</OFX>\n",
        account("1", "STMTRS", "BANKACCTFROM"),
        account("2", "CCSTMTRS", "CCACCTFROM")
    );
    check(
        &text,
        expect![[r#"
        ofx 1 no - EUR: ? -> ? (2026-03-02 to 2026-03-02)
          6: 2026-03-02 -100 | A < B | - | bank 1 | e2e - | ref - | A < B
        ofx 2 no - EUR: ? -> ? (2026-03-02 to 2026-03-02)
          10: 2026-03-02 -100 | A < B | - | bank 1 | e2e - | ref - | A < B
    "#]],
    );
    check(
        &text.replace("</OFX>", ""),
        expect![[r#"
        refused: line 3: `OFX` is never closed: the file is cut off
    "#]],
    );
    check(
        "<OFX></OFX>",
        expect![[r#"
        refused: line 1: the file holds no statement
    "#]],
    );
    check(
        "<OFX>\n<STATUS><CODE>15500<SEVERITY>ERROR</STATUS></OFX>",
        expect![[r#"
        refused: line 2: the bank answered with error `15500` instead of a statement
    "#]],
    );
}

fn profile() -> Profile {
    let named = |name: &str| Column::Named(name.to_owned());
    Profile {
        delimiter: b';',
        decimal: Decimal::Comma,
        date_format: "DD.MM.YYYY".to_owned(),
        encoding: None,
        columns: Columns {
            booked_on: named("Buchungstag"),
            amount: Amounts::Signed(named("betrag")),
            value_on: None,
            balance: Some(named("Saldo")),
            name: Some(named("Name")),
            iban: None,
            text: vec![named("Verwendungszweck")],
            bank_ref: None,
            end_to_end_id: None,
            creditor_ref: None,
            currency: None,
            account: None,
        },
    }
}

fn csv(text: &str, change: impl FnOnce(&mut Profile)) -> String {
    let mut profile = profile();
    change(&mut profile);
    let account = Some("gb82 west 1234 5698 7654 32".to_owned());
    let options =
        Options { profile: Some(profile), currency: Some(Currency::EUR), account, ..Options::default() };
    show(read(text.as_bytes(), &options))
}

const CSV: &str = "\
Umsatzanzeige;;

\"Buchungstag\";\"Name\";\"Verwendungszweck\";\"Betrag\";\"Saldo\"
04.03.2026;Bank;Fee;-12,50;1.299,50 EUR
\"02.03.2026\";\"Alpine; Lanterns\";\"INV-2026-00042
and \"\"more\"\"\";1.312,00;1.312,00
;;;;
";

#[test]
fn csv_newest_first_is_proved_by_its_running_balance() {
    expect![[r#"
        csv GB82WEST12345698765432 no - EUR: 0 -> 129950 (2026-03-02 to 2026-03-04)
          5: 2026-03-02 131200 | Alpine; Lanterns | - | bank - | e2e - | ref - | INV-2026-00042 and "more"
          4: 2026-03-04 -1250 | Bank | - | bank - | e2e - | ref - | Fee
    "#]]
    .assert_eq(&csv(CSV, |_| {}));
    expect![[r#"
        refused: line 4: the running balance `1299.60` is not the one before plus the line
    "#]]
    .assert_eq(&csv(&CSV.replace("1.299,50", "1.299,60"), |_| {}));
    expect![[r#"
        refused: line 4: `-12,505` has more than 2 decimals, which is all that EUR has; without it the running balance is not proved
    "#]].assert_eq(&csv(&CSV.replace("-12,50", "-12,505"), |_| {}));
}

#[test]
fn csv_without_balances_lists_what_it_rejects() {
    let text = CSV.replace("-12,50", "-12,505").replace("02.03.2026", "31.02.2026");
    expect![[r#"
        csv GB82WEST12345698765432 no - EUR: ? -> ? (2026-02-28 to 2026-02-28)
          5: 2026-02-28 131200 | Alpine; Lanterns | - | bank - | e2e - | ref - | INV-2026-00042 and "more"
          warning 5: `31.02.2026` is no day; taken as 2026-02-28
          warning 4: the file has no running balance to prove its lines
          rejected 4: `-12,505` has more than 2 decimals, which is all that EUR has
    "#]]
    .assert_eq(&csv(&text, |profile| profile.columns.balance = None));
}

#[test]
fn csv_needs_a_profile_that_fits() {
    expect![[r#"
        refused: line 1: no known statement format, and CSV needs a profile; it begins with `Umsatzanzeige;;`
    "#]]
    .assert_eq(&show(plain(CSV)));
    expect![[r#"
        refused: line 3: no row has all headings of the profile; missing in the nearest: `payee`
    "#]]
    .assert_eq(&csv(CSV, |profile| profile.columns.name = Some(Column::Named("Payee".to_owned()))));
    expect![[r#"
        refused: the date format must name year, month and day once each, such as `DD.MM.YYYY`
    "#]]
    .assert_eq(&csv(CSV, |profile| profile.date_format = "MM.YYYY".to_owned()));
    expect![[r#"
        refused: columns must all be headings or all be numbers
    "#]]
    .assert_eq(&csv(CSV, |profile| profile.columns.name = Some(Column::At(2))));
}

#[test]
fn csv_by_place_with_debit_and_credit_columns_or_a_mark() {
    let at = Column::At;
    let split = csv("02.03.2026;x;5,00;\n03.03.2026;y;;7,00\n04.03.2026;z;1,00;2,00\n", |profile| {
        profile.columns.booked_on = at(1);
        profile.columns.amount = Amounts::Split { debit: at(3), credit: at(4) };
        (profile.columns.name, profile.columns.balance, profile.columns.text) = (None, None, vec![at(2)]);
    });
    expect![[r#"
        csv GB82WEST12345698765432 no - EUR: ? -> ? (2026-03-02 to 2026-03-03)
          1: 2026-03-02 -500 | - | - | bank - | e2e - | ref - | x
          2: 2026-03-03 700 | - | - | bank - | e2e - | ref - | y
          warning 1: the file has no running balance to prove its lines
          rejected 3: the line has both a debit and a credit
    "#]]
    .assert_eq(&split);
    let marked = csv("02.03.2026;5,00;Af\n03.03.2026;7,00;Bij\n", |profile| {
        profile.columns.booked_on = at(1);
        profile.columns.amount =
            Amounts::Marked { amount: at(2), mark: at(3), credit: Some("bij".to_owned()) };
        (profile.columns.name, profile.columns.balance, profile.columns.text) = (None, None, vec![]);
    });
    expect![[r#"
        csv GB82WEST12345698765432 no - EUR: ? -> ? (2026-03-02 to 2026-03-03)
          1: 2026-03-02 -500 | - | - | bank - | e2e - | ref - | 
          2: 2026-03-03 700 | - | - | bank - | e2e - | ref - | 
          warning 1: the file has no running balance to prove its lines
    "#]]
    .assert_eq(&marked);
}

#[test]
fn two_equal_lines_stay_two_and_overlapping_files_give_the_same_prints() {
    let line = ":61:2603020302C1,NTRFNONREF\n:86:coffee\n";
    let one = format!(":20:A\n:25:1\n:60F:C260301EUR0,\n{line}{line}:62F:C260302EUR2,\n-\n");
    let more = format!(
        ":20:B\n:25:1\n:60F:C260301EUR0,\n{line}{line}:61:2603030303C2,NTRFNONREF\n:86:coffee\n:62F:C260303EUR4,\n-\n"
    );
    let prints = |text: &str| -> Vec<String> {
        let file = plain(text).unwrap();
        file.statements.iter().flat_map(|one| &one.lines).map(|line| line.fingerprint.clone()).collect()
    };
    let (one, more) = (prints(&one), prints(&more));
    assert_ne!(one[0], one[1]);
    assert_eq!(one, more[..2]);
    assert!(!one.contains(&more[2]));
    assert!(one[0].ends_with("-1") && one[1].ends_with("-2") && one[0].len() == 66);
}

#[test]
fn a_statement_that_is_in_the_file_twice_counts_once() {
    let one = ":20:A\n:25:1\n:28C:1/1\n:60F:C260301EUR0,\n:61:260302C1,NTRFNONREF\n:62F:C260302EUR1,\n-\n";
    check(
        &format!("{one}{one}"),
        expect![[r#"
        mt940 1 no 1/1 EUR: 0 -> 100 (2026-03-01 to 2026-03-02)
          5: 2026-03-02 100 | - | - | bank - | e2e - | ref - | 
          warning 8: the same statement once more; it was left out
    "#]],
    );
    let next = one.replace("EUR1,", "EUR2,").replace("EUR0,", "EUR1,");
    assert_eq!(plain(&format!("{one}{next}")).unwrap().statements.len(), 2);
}

#[test]
fn nothing_and_too_much_are_refused() {
    expect![[r#"
        refused: the file is empty
    "#]]
    .assert_eq(&show(plain(" \r\n")));
    expect![[r#"
        refused: the file has 8388609 bytes; at most 8388608 are read
    "#]]
    .assert_eq(&show(read(&vec![b' '; maitred_bank::MAX_BYTES + 1], &Options::default())));
    expect![[r#"
        refused: line 1: this XML is neither a CAMT.053 nor an OFX file
    "#]]
    .assert_eq(&show(plain("<html>")));
}
