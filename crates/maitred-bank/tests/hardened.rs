//! Whatever the bytes are: a value or an error that names its line, in linear time.

use std::time::Instant;

use maitred_bank::{Amounts, Column, Columns, Decimal, Fault, File, Format, Options, Profile, read};
use maitred_kernel::Currency;
use proptest::prelude::*;

fn options(format: Option<Format>) -> Options {
    let at = Column::At;
    let profile = Profile {
        delimiter: b',',
        decimal: Decimal::Point,
        date_format: "YYYY-MM-DD".to_owned(),
        encoding: None,
        columns: Columns {
            booked_on: at(1),
            amount: Amounts::Signed(at(2)),
            value_on: None,
            balance: Some(at(3)),
            name: Some(at(4)),
            iban: None,
            text: vec![at(5)],
            bank_ref: None,
            end_to_end_id: None,
            creditor_ref: None,
            currency: None,
            account: None,
        },
    };
    Options { format, profile: Some(profile), currency: Some(Currency::EUR), account: Some("A".to_owned()) }
}

const FORMATS: [Option<Format>; 5] =
    [None, Some(Format::Csv), Some(Format::Camt053), Some(Format::Mt940), Some(Format::Ofx)];

const SAMPLES: [&str; 4] = [
    "2026-03-02,10.00,10.00,Ada,INV-1\n2026-03-03,-2.50,7.50,Bank,fee\n2026-03-03,-2.50,5.00,Bank,fee\n",
    "<?xml version=\"1.0\"?><Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.04\"><BkToCstmrStmt>\n<Stmt>\
     <Acct><Id><IBAN>GB82WEST12345698765432</IBAN></Id><Ccy>EUR</Ccy></Acct>\n<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd>\
     </CdOrPrtry></Tp><Amt Ccy=\"EUR\">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>\n<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd>\
     </CdOrPrtry></Tp><Amt Ccy=\"EUR\">3.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>\n<Ntry><Amt Ccy=\"EUR\">2.00</Amt>\
     <CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-03-02</Dt></BookgDt><NtryDtls><TxDtls><RmtInf>\
     <Ustrd>a &amp; b</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry></Stmt></BkToCstmrStmt></Document>",
    ":20:X\n:25:GB82WEST12345698765432\n:28C:1/1\n:60F:C260301EUR1,\n:61:2603020302CR2,50NTRFREF//B1\n\
     :86:166?00X?20EREF+7?21SVWZ+INV-1?32Ada\n:61:260302RD0,50NMSCNONREF\n:86:/EREF/1/REMI/USTD//x/\n:62F:C260302EUR4,\n-\n",
    "OFXHEADER:100\n\n<OFX><STMTRS><CURDEF>EUR<BANKACCTFROM><ACCTID>1</BANKACCTFROM><BANKTRANLIST><DTSTART>20260301\n\
     <STMTTRN><DTPOSTED>20260302<TRNAMT>1.00<FITID>1<NAME>a & b</STMTTRN></BANKTRANLIST>\
     <LEDGERBAL><BALAMT>1.00<DTASOF>20260302</LEDGERBAL></STMTRS></OFX>",
];

/// What must hold of every answer.
fn sound(bytes: &[u8], result: &Result<File, Fault>) {
    let breaks = bytes.iter().filter(|&&byte| byte == b'\n' || byte == b'\r').count();
    let lines = u32::try_from(breaks).unwrap_or(u32::MAX - 1) + 1;
    match result {
        Ok(file) => {
            assert!(!file.statements.is_empty());
            for statement in &file.statements {
                if let (Some(opening), Some(closing)) = (statement.opening, statement.closing) {
                    assert_eq!(i128::from(opening) + statement.total(), i128::from(closing));
                    assert!(statement.rejected.is_empty());
                }
                let notes = statement.warnings.iter().chain(&statement.rejected).map(|note| note.line);
                for line in statement.lines.iter().map(|line| line.line).chain(notes) {
                    assert!((1..=lines).contains(&line), "{line} of {lines}");
                }
                for line in &statement.lines {
                    assert!(statement.from <= Some(line.booked_on) && statement.to >= Some(line.booked_on));
                    assert!(!line.fingerprint.is_empty() && line.text.chars().count() <= 1_000);
                }
            }
        }
        Err(fault) => {
            assert!(fault.line.is_none_or(|line| (1..=lines).contains(&line)), "{fault} of {lines}");
            assert!(!fault.text.is_empty() && fault.text.len() < 4_000, "{fault}");
        }
    }
}

#[test]
fn the_samples_themselves_are_read() {
    for sample in SAMPLES {
        let format = sample.starts_with("2026").then_some(Format::Csv);
        let file =
            read(sample.as_bytes(), &options(format)).unwrap_or_else(|fault| panic!("{fault}\n{sample}"));
        assert!(!file.statements[0].lines.is_empty());
    }
}

proptest! {
    #[test]
    fn any_bytes_give_a_value_or_a_fault(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        format in prop::sample::select(&FORMATS[..]),
    ) {
        sound(&bytes, &read(&bytes, &options(format)));
    }

    #[test]
    fn any_letters_of_the_formats_give_a_value_or_a_fault(
        text in "[:<>/?A-C0-9,.&;\\-\"\n\u{e9} ]{0,200}",
        format in prop::sample::select(&FORMATS[..]),
    ) {
        sound(text.as_bytes(), &read(text.as_bytes(), &options(format)));
    }

    #[test]
    fn spoilt_samples_give_a_value_or_a_fault(
        sample in prop::sample::select(&SAMPLES[..]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..4, any::<u8>(), 1_usize..30), 1..6),
        format in prop::sample::select(&FORMATS[..]),
    ) {
        let mut bytes = sample.as_bytes().to_vec();
        for (at, kind, byte, length) in changes {
            if bytes.is_empty() { break; }
            let at = at.index(bytes.len());
            let end = (at + length).min(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => { bytes.drain(at..end); }
                2 => { let copy = bytes[at..end].to_vec(); bytes.splice(at..at, copy); }
                _ => bytes.insert(at, byte),
            }
        }
        sound(&bytes, &read(&bytes, &options(format)));
    }

    /// Lines of any amounts and their sum are read back as they were (invariant 14's first half), and one cent more
    /// or less in the closing balance is refused.
    #[test]
    fn closing_is_opening_plus_lines_or_the_file_is_refused(
        opening in -1_000_000_i64..1_000_000,
        amounts in prop::collection::vec(-1_000_000_i64..1_000_000, 0..20),
        off in prop::sample::select(vec![0_i64, 0, 1, -1, 100]),
    ) {
        let written = |minor: i64| format!("{},{:02}", minor.abs() / 100, minor.abs() % 100);
        let mark = |minor: i64| if minor < 0 { "D" } else { "C" };
        let closing = opening + amounts.iter().sum::<i64>() + off;
        let lines: String = amounts
            .iter()
            .map(|&minor| format!(":61:260302{}{}NTRFNONREF\n:86:x\n", mark(minor), written(minor)))
            .collect();
        let text = format!(
            ":20:X\n:25:1\n:60F:{}260301EUR{}\n{lines}:62F:{}260302EUR{}\n-\n",
            mark(opening), written(opening), mark(closing), written(closing)
        );
        let result = read(text.as_bytes(), &Options::default());
        if off == 0 {
            let file = result.unwrap();
            let read_back: Vec<i64> = file.statements[0].lines.iter().map(|line| line.amount).collect();
            prop_assert_eq!(read_back, amounts);
            let mut prints: Vec<&str> = file.statements[0].lines.iter().map(|line| line.fingerprint.as_str()).collect();
            prints.sort_unstable();
            prints.dedup();
            prop_assert_eq!(prints.len(), file.statements[0].lines.len());
        } else {
            prop_assert_eq!(result.unwrap_err().line, Some(u32::try_from(amounts.len()).unwrap() * 2 + 4));
        }
    }
}

/// Inputs that make careless parsers quadratic. Four times the input may take at most about ten times the time; a
/// quadratic parser takes sixteen, and at this size much longer than the second that is let pass in any case.
#[test]
fn time_grows_with_the_size_and_not_with_its_square() {
    type Shape = fn(usize) -> String;
    let shapes: [(&str, Shape); 12] = [
        ("open tags", |n| "<a>".repeat(n / 3)),
        ("ofx tags", |n| format!("<OFX>{}", "<A>1".repeat(n / 4))),
        ("ofx empty values", |n| format!("<OFX>{}</OFX>", "<A><B><C></A>".repeat(n / 13))),
        ("ofx ampersands", |n| format!("<OFX><A>{}</OFX>", "&".repeat(n))),
        ("ofx comments", |n| format!("<OFX>{}", "<!--".repeat(n / 4))),
        ("attributes", |n| {
            let attributes: String = (0..n / 8).map(|at| format!(" a{at}=''")).collect();
            format!("<Document{attributes} xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.04\"/>")
        }),
        ("entries", |n| {
            let entry =
                "<Ntry><Amt Ccy=\"EUR\">0.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts></Ntry>\n";
            format!(
                "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.04\"><BkToCstmrStmt><Stmt>{}</Stmt></BkToCstmrStmt></Document>",
                entry.repeat(n / entry.len())
            )
        }),
        ("text lines", |n| {
            format!(":20:X\n:60F:C260301EUR0,\n:61:260302C0,N\n:86:166?20{}\n", "?21x".repeat(n / 4))
        }),
        ("messages", |n| ":20:X\n:60F:C260301EUR0,\n:62F:C260301EUR0,\n".repeat(n / 48)),
        ("equal lines", |n| {
            format!(":20:X\n:60F:C260301EUR0,\n{}:62F:C260301EUR0,\n", ":61:260302C0,NTRFX\n".repeat(n / 19))
        }),
        ("quotes", |n| format!("2026-03-02,1.00,1.00,\"{}", "\"\",".repeat(n / 3))),
        ("slashes", |n| {
            format!(":20:X\n:60F:C260301EUR0,\n:61:260302C0,N\n:86:{}\n", "/REMI/".repeat(n / 6))
        }),
    ];
    for (name, shape) in shapes {
        let time = |size: usize| {
            let text = shape(size);
            let format = name.starts_with("quotes").then_some(Format::Csv);
            let start = Instant::now();
            let result = read(text.as_bytes(), &options(format));
            let taken = start.elapsed();
            sound(text.as_bytes(), &result);
            taken
        };
        let small = time(100_000);
        let large = time(400_000);
        assert!(large < small * 10 || large.as_millis() < 1_000, "{name}: {small:?} and {large:?}");
    }
}
