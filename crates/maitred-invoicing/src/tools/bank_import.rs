//! `invoicing_bank_import`: a statement file of any of the formats, proved by its balances, each line stored once.
//!
//! The preview is the import itself, rolled back. A file is imported whole or refused whole; the lines that its format
//! cannot prove and that cannot be read are left out and named.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maitred_bank::{FaultKind, File, Options, Statement};
use maitred_core::prelude::*;
use maitred_kernel::{Currency, Day, Stamp, format_minor};
use maitred_party::org;
use sha2::{Digest, Sha256};

use crate::bank::classes::{ClassRule, Facts, classify};
use crate::bank::import::{is_same_account, known};
use crate::bank::model::{
    BankAccount, BankAccountId, BankFormat, BankLine, BankLineId, BankLineStatus, BankStatement,
    BankStatementId,
};
use crate::bank::settings::{BankSettings, SECTION};
use crate::bank::views::AccountName;
use crate::store::bank;

/// The tool.
pub struct BankImport;

/// A statement of three lines, for examples: `receipt`, `bare` and `fee`.
pub(crate) const IMPORTED: &str = r#"invoicing_bank_import {"new_account": "Main", "content": ":20:A\n:25:GB82WEST12345698765432\n:28C:1/1\n:60F:C260227EUR100,\n:61:260302C312,NTRFNONREF//B1\n:86:166?00CREDIT?20EREF+E7?21SVWZ+INV-2026-00042?32Alpine Lanterns\n:61:260302C2,50NTRFNONREF\n:61:260302D2,50NCHGNONREF\n:86:808?00CHARGE?20March?32West Bank\n:62F:C260302EUR412,\n-\n"};
    invoicing_bank_line_search {"q": "lanterns"} as receipt=lines.0.id;
    invoicing_bank_line_search {"q": "march"} as fee=lines.0.id;
    invoicing_bank_line_search {"min_amount": "2.50", "max_amount": "2.50"} as bare=lines.0.id"#;

/// Lines of one call at most: what a preview of all of them and its confirmation can be computed for within its time.
const MOST_LINES: usize = 5_000;
/// Lines between two notices of progress.
const EVERY: usize = 250;
/// Statements, warnings and rejected lines that are shown; all are counted.
const SHOWN: usize = 40;

impl Tool for BankImport {
    const NAME: &str = "invoicing_bank_import";
    const TITLE: &str = "Import bank statement";
    const ABOUT: &str =
        "Import a bank statement file: CSV, CAMT.053, MT940 or OFX. Dry-run parses and reports only.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Write = Write { long: true, ..Write::PREVIEWED };
    const EXAMPLE: Example = Example {
        given: "",
        args: r#"{"new_account": "Main", "content": ":20:A\n:25:GB82WEST12345698765432\n:60F:C260301EUR0,\n:61:260302C312,NTRFNONREF\n:86:INV-2026-00042\n:62F:C260302EUR312,\n-\n"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let bytes = args.bytes()?;
        let settings = BankSettings::of(cx)?;
        let named = args.account.as_deref().map(|text| bank::resolve(cx, text, "account")).transpose()?;
        let mut file =
            maitred_bank::read(&bytes, &args.options(cx, &settings, named.as_ref())?).map_err(refusal)?;
        let lines: usize = file.statements.iter().map(|statement| statement.lines.len()).sum();
        if lines > MOST_LINES {
            return Err(ToolError::new(
                Code::LimitExceeded,
                format!("the file has {lines} lines; {MOST_LINES} are the most at once"),
            )
            .field("content")
            .hint("export shorter periods from the bank; files may overlap"));
        }
        let accounts = accounts_of(cx, &file, named, args.new_account.as_deref())?;
        let names: Vec<String> = accounts.iter().map(|account| account.iban.clone()).collect();
        maitred_bank::fingerprints(&mut file.statements, &names);
        let sha256: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        let rules = settings.rules();
        let mut report = Output::of(&file, &accounts);
        for (position, (statement, account)) in file.statements.iter().zip(&accounts).enumerate() {
            let target = Target { account, sha256: &sha256, position: position as i64, rules: &rules };
            report.take(statement, store(cx, &target, statement, lines as u64)?);
        }
        Ok(report)
    }
}

/// Where a statement goes.
struct Target<'a> {
    account: &'a BankAccount,
    sha256: &'a str,
    position: i64,
    rules: &'a [ClassRule],
}

/// What became of the lines of a statement.
#[derive(Default)]
struct Taken {
    new: i64,
    known: i64,
    classified: i64,
}

/// Stores what is new of a statement; nothing at all when this file was imported before.
fn store(db: &Writer<'_>, target: &Target<'_>, statement: &Statement, total: u64) -> ToolResult<Taken> {
    let account = &target.account.id;
    let prints: Vec<String> = statement.lines.iter().map(|line| line.fingerprint.clone()).collect();
    let refs: Vec<String> = statement.lines.iter().filter_map(|line| line.bank_ref.clone()).collect();
    let stored = bank::fingerprints(db, account, &prints)?;
    let fate = known(statement.format, &statement.lines, &stored, &bank::by_ref(db, account, &refs)?);
    let mut taken = Taken { known: fate.iter().filter(|known| **known).count() as i64, ..Taken::default() };
    if bank::has_file(db, account, target.sha256, target.position)? {
        return Ok(taken);
    }
    let id = BankStatementId(db.fresh_id());
    db.insert(&mut BankStatement {
        id: id.clone(),
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        account_id: account.clone(),
        format: statement.format.into(),
        file_sha256: target.sha256.to_owned(),
        position: target.position,
        statement_no: statement.statement_no.clone(),
        from_on: statement.from,
        to_on: statement.to,
        opening_minor: statement.opening,
        closing_minor: statement.closing,
        line_count: statement.lines.len() as i64,
    })?;
    for (position, (line, known)) in statement.lines.iter().zip(&fate).enumerate() {
        if position % EVERY == 0 {
            db.progress(position as u64, Some(total), "lines");
            db.check_cancelled()?;
        }
        if *known {
            continue;
        }
        let mut line = record(db, target, &id, position, line);
        taken.new += 1;
        taken.classified += i64::from(line.class.is_some());
        bank::insert_line(db, &mut line)?;
    }
    Ok(taken)
}

fn record(
    db: &Writer<'_>,
    target: &Target<'_>,
    statement: &BankStatementId,
    position: usize,
    line: &maitred_bank::Line,
) -> BankLine {
    let class = classify(
        target.rules,
        Facts {
            amount: line.amount,
            iban: line.counterparty_iban.as_deref(),
            counterparty: line.counterparty_name.as_deref(),
            text: &line.text,
        },
    );
    BankLine {
        id: BankLineId(db.fresh_id()),
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        account_id: target.account.id.clone(),
        statement_id: statement.clone(),
        position: position as i64,
        booked_on: line.booked_on,
        value_on: line.value_on,
        amount_minor: line.amount,
        currency: target.account.currency,
        counterparty_name: line.counterparty_name.clone(),
        counterparty_iban: line.counterparty_iban.clone(),
        bank_ref: line.bank_ref.clone(),
        end_to_end_id: line.end_to_end_id.clone(),
        creditor_ref: line.creditor_ref.clone(),
        remittance: line.text.clone(),
        fingerprint: line.fingerprint.clone(),
        status: if class.is_some() { BankLineStatus::Classified } else { BankLineStatus::Unmatched },
        class,
        note: None,
    }
}

/// The account of each statement: the one named, else the one whose number the file states, else a new one.
fn accounts_of(
    db: &Writer<'_>,
    file: &File,
    named: Option<BankAccount>,
    new_account: Option<&str>,
) -> ToolResult<Vec<BankAccount>> {
    let mut there = bank::accounts(db)?;
    let mut accounts = Vec::with_capacity(file.statements.len());
    for statement in &file.statements {
        let stated = statement.account.as_deref();
        let account = match (&named, stated) {
            (Some(account), Some(stated)) if !is_same_account(stated, &account.iban) => {
                return Err(invalid(
                    "account",
                    format!("has the number `{}`, the file is of `{stated}`", account.iban),
                ));
            }
            (Some(account), _) => account.clone(),
            (None, Some(stated)) => match stated_account(&there, stated)? {
                Some(known) => known.clone(),
                None => {
                    let account = open(db, stated, statement.currency, new_account)?;
                    there.push(account.clone());
                    account
                }
            },
            (None, None) => {
                return Err(
                    missing("account").hint("the file states none: invoicing_bank_account_list shows ours")
                );
            }
        };
        if account.currency != statement.currency {
            let why = format!("is in {}, the file in {}", account.currency, statement.currency);
            return Err(invalid("account", why));
        }
        accounts.push(account);
    }
    Ok(accounts)
}

/// The account that a file states: the one with this number, else the only one whose IBAN ends with it.
fn stated_account<'a>(there: &'a [BankAccount], stated: &str) -> ToolResult<Option<&'a BankAccount>> {
    if let Some(same) = there.iter().find(|known| known.iban == stated) {
        return Ok(Some(same));
    }
    let mut fitting = there.iter().filter(|known| is_same_account(stated, &known.iban));
    let first = fitting.next();
    if fitting.next().is_some() {
        let text = format!("several accounts have a number that ends in `{stated}`");
        return Err(ToolError::new(Code::AmbiguousReference, text)
            .field("account")
            .hint("say in `account` which one it is; invoicing_bank_account_list shows them"));
    }
    Ok(first)
}

fn open(db: &Writer<'_>, stated: &str, currency: Currency, name: Option<&str>) -> ToolResult<BankAccount> {
    let name = name.ok_or_else(|| {
        not_found("bank account", stated).field("account").hint(format!(
            "name it in `new_account`, or add it with account_setting_update, section {SECTION}"
        ))
    })?;
    // A file of several unknown accounts would give them all one name.
    if bank::accounts(db)?.iter().any(|known| known.name == name.trim()) {
        return Err(invalid("new_account", "is the name of another account"));
    }
    let mut account = BankAccount {
        id: BankAccountId(db.fresh_id()),
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        name: name.trim().to_owned(),
        iban: stated.to_owned(),
        bic: None,
        currency,
    };
    db.insert(&mut account)?;
    Ok(account)
}

/// A file that is refused, in words that say where and what next.
fn refusal(fault: maitred_bank::Fault) -> ToolError {
    let (code, hint) = match fault.kind {
        FaultKind::TooLarge => (Code::LimitExceeded, "export a shorter period from the bank"),
        FaultKind::Profile => (
            Code::Invalid,
            "name a `csv_profile`; account_setting_update, section invoicing.bank, keeps them",
        ),
        FaultKind::Unbalanced => {
            (Code::Invalid, "nothing was stored; export the file again, whole and unchanged")
        }
        FaultKind::UnknownFormat | FaultKind::Unsupported => {
            (Code::Invalid, "export as CSV, CAMT.053, MT940 or OFX")
        }
        FaultKind::Empty | FaultKind::Malformed => {
            (Code::Invalid, "export the file again, whole and unchanged")
        }
    };
    ToolError::new(code, format!("`content`: {fault}")).field("content").hint(hint)
}

impl Args {
    fn bytes(&self) -> ToolResult<Vec<u8>> {
        match (&self.content, &self.base64) {
            (Some(text), None) => Ok(text.clone().into_bytes()),
            (None, Some(text)) => {
                let plain: String = text.split_whitespace().collect();
                STANDARD.decode(plain).map_err(|_| invalid("base64", "is not base64"))
            }
            (None, None) => {
                Err(missing("content").hint("give the file's text in `content`, or its bytes in `base64`"))
            }
            (Some(_), Some(_)) => Err(invalid("base64", "goes without `content`")),
        }
    }

    fn options(
        &self,
        db: &Reader<'_>,
        settings: &BankSettings,
        account: Option<&BankAccount>,
    ) -> ToolResult<Options> {
        let profile =
            self.csv_profile.as_deref().map(|name| settings.profile(name, "csv_profile")).transpose()?;
        let currency = match account {
            Some(account) => account.currency,
            None => org::settings_of(db)?.currency,
        };
        Ok(Options {
            format: self.format.map(Into::into),
            profile,
            account: account.map(|account| account.iban.clone()),
            currency: Some(currency),
        })
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// The file's text.
    #[arg(min = 1, max = 1_048_576)]
    content: Option<String>,
    /// Or its bytes.
    #[arg(min = 1, max = 1_400_000)]
    base64: Option<String>,
    /// Where detection errs.
    format: Option<BankFormat>,
    /// Where the file states none.
    #[arg(max = 200)]
    account: Option<String>,
    /// Name for an account not yet known.
    #[arg(min = 1, max = 80)]
    new_account: Option<String>,
    /// From settings invoicing.bank.
    #[arg(max = 80)]
    csv_profile: Option<String>,
}

/// A line of the file and a remark.
#[derive(ToolOutput)]
pub struct NoteView {
    /// Line of the file.
    line: i64,
    /// Remark.
    why: String,
}

/// One statement of the file.
#[derive(ToolOutput)]
pub struct StatementView {
    /// The bank's number.
    number: Option<String>,
    /// IBAN or number of the account.
    iban: String,
    /// First day.
    from: Option<Day>,
    /// Last day.
    to: Option<Day>,
    /// Opening balance.
    opening: Option<String>,
    /// Closing balance.
    closing: Option<String>,
    /// Currency.
    currency: Currency,
    /// Whether both balances are there and prove the lines.
    proved: bool,
    /// Lines stored now.
    new: i64,
    /// Lines stored before.
    known: i64,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Format found.
    format: BankFormat,
    /// Encoding found.
    encoding: String,
    /// Accounts of the file.
    accounts: Vec<AccountName>,
    /// Statements in the file.
    statement_count: i64,
    /// The first of them.
    statements: Vec<StatementView>,
    /// Lines stored now.
    new: i64,
    /// Lines that were stored before.
    known: i64,
    /// New lines that a rule classified.
    classified: i64,
    /// Lines left out.
    rejected_count: i64,
    /// The first of them.
    rejected: Vec<NoteView>,
    /// What was read with a grain of salt.
    warnings: Vec<NoteView>,
}

impl Output {
    fn of(file: &File, accounts: &[BankAccount]) -> Self {
        let mut names: Vec<AccountName> = Vec::new();
        for account in accounts {
            if names.iter().all(|known| known.id != account.id.0) {
                names.push(account.into());
            }
        }
        Self {
            format: file.statements.first().map_or(BankFormat::Csv, |statement| statement.format.into()),
            encoding: file.encoding.to_owned(),
            accounts: names,
            statement_count: file.statements.len() as i64,
            statements: Vec::new(),
            new: 0,
            known: 0,
            classified: 0,
            rejected_count: 0,
            rejected: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn take(&mut self, statement: &Statement, taken: Taken) {
        self.new += taken.new;
        self.known += taken.known;
        self.classified += taken.classified;
        self.rejected_count += statement.rejected.len() as i64;
        let notes = [(&mut self.rejected, &statement.rejected), (&mut self.warnings, &statement.warnings)];
        for (shown, notes) in notes {
            let room = SHOWN.saturating_sub(shown.len());
            let views = notes.iter().take(room);
            shown.extend(views.map(|note| NoteView { line: i64::from(note.line), why: note.text.clone() }));
        }
        if self.statements.len() < SHOWN {
            let money = |minor: i64| format_minor(minor, statement.currency);
            self.statements.push(StatementView {
                number: statement.statement_no.clone(),
                iban: statement.account.clone().unwrap_or_default(),
                from: statement.from,
                to: statement.to,
                opening: statement.opening.map(money),
                closing: statement.closing.map(money),
                currency: statement.currency,
                proved: statement.is_proved(),
                new: taken.new,
                known: taken.known,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_core::prelude::*;
    use maitred_party::sources::SettingSource;
    use maitred_testkit::{Fixture, check};
    use serde_json::{Value, json};

    use super::{IMPORTED, STANDARD};
    use crate::bank::settings::BankSection;
    use crate::bank::testing::import;
    use base64::Engine as _;

    const FILE: &str = ":20:A\n:25:GB82WEST12345698765432\n:60F:C260301EUR0,\n:61:260302C1,NTRFNONREF\n:86:coffee\n\
                        :61:260302C1,NTRFNONREF\n:86:coffee\n:62F:C260302EUR2,\n-\n";

    fn lines(fixture: &Fixture) -> usize {
        let shown = fixture.call("invoicing_bank_line_search", r#"{"limit": 100}"#).json();
        shown["lines"].as_array().expect("lines").len()
    }

    fn refused(fixture: &Fixture, args: Value) -> Value {
        let answer = fixture.call("invoicing_bank_import", &args.to_string());
        assert!(answer.failed, "{}", answer.raw);
        answer.json()["error"].take()
    }

    #[test]
    fn the_preview_shows_the_proof_and_stores_nothing() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "");
        let before = fixture.contents();
        let args = json!({ "content": FILE, "new_account": "Main", "dry_run": true }).to_string();
        let shown = fixture.call("invoicing_bank_import", &args).json();
        assert_eq!(shown["preview"]["new"], 2);
        assert_eq!(shown["preview"]["statements"][0]["proved"], true);
        assert_eq!(fixture.contents(), before);
    }

    #[test]
    fn two_equal_lines_stay_two_and_overlapping_files_add_nothing_known() {
        let fixture = Fixture::new(&[&crate::DOMAIN], IMPORTED);
        assert_eq!(import(&fixture, FILE)["new"], 2);
        assert_eq!(lines(&fixture), 5);
        let before = fixture.contents();
        let again = import(&fixture, FILE);
        assert_eq!((&again["new"], &again["known"]), (&json!(0), &json!(2)));
        assert_eq!(fixture.contents().len(), before.len());
        assert_eq!(lines(&fixture), 5);
        // The next file overlaps and has a third such line the day after.
        let longer =
            FILE.replace(":62F:C260302EUR2,", ":61:260303C1,NTRFNONREF\n:86:coffee\n:62F:C260303EUR3,");
        let report = import(&fixture, &longer);
        assert_eq!((&report["new"], &report["known"]), (&json!(1), &json!(2)));
        assert_eq!(lines(&fixture), 6);
    }

    #[test]
    fn what_does_not_come_out_is_refused_whole_with_its_line() {
        check(
            &crate::DOMAIN,
            IMPORTED,
            "invoicing_bank_import",
            &json!({ "content": FILE.replace("EUR2,", "EUR2,01") }).to_string(),
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`content`: line 8: the closing balance `2.01` is not the opening balance `0.00` plus the 2 lines (`2.00`); off by `0.01`","field":"content","hint":"nothing was stored; export the file again, whole and unchanged","retryable":false}}"#
            ]],
        );
        check(
            &crate::DOMAIN,
            IMPORTED,
            "invoicing_bank_import",
            &json!({ "content": FILE.replacen("C1,N", "C1,005N", 1) }).to_string(),
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`content`: line 4: `1,005` has more than 2 decimals, which is all that EUR has; without it the balances are not proved","field":"content","hint":"nothing was stored; export the file again, whole and unchanged","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn accounts_are_found_or_named() {
        let fixture = Fixture::new(&[&crate::DOMAIN], IMPORTED);
        let other = FILE.replace("GB82WEST12345698765432", "99999999");
        let fault = refused(&fixture, json!({ "content": other }));
        assert_eq!((&fault["code"], &fault["field"]), (&json!("not_found"), &json!("account")));
        let fault = refused(&fixture, json!({ "content": other, "account": "main" }));
        assert_eq!(fault["field"], "account");
        let fault = refused(&fixture, json!({ "content": other, "new_account": "Main" }));
        assert_eq!(fault["field"], "new_account");
        let fault = refused(&fixture, json!({ "content": FILE.replace("EUR", "USD") }));
        assert_eq!(fault["field"], "account");
        let national = FILE.replace("GB82WEST12345698765432", "WEST/0098765432");
        assert_eq!(import(&fixture, &national)["accounts"][0]["name"], "Main");
        let fault = refused(&fixture, json!({ "content": FILE, "base64": "QQ==" }));
        assert_eq!(fault["field"], "base64");
    }

    #[test]
    fn csv_is_read_by_a_profile_of_the_settings() {
        let fixture = Fixture::new(&[&crate::DOMAIN], IMPORTED);
        let csv = "Datum;Name;Zweck;Betrag;Saldo\n03.03.2026;Müller;INV-1;1.000,50;1.412,50\n";
        let (bytes, _) = (csv.chars().map(|letter| letter as u8).collect::<Vec<u8>>(), ());
        let args = json!({ "base64": STANDARD.encode(&bytes), "account": "main", "csv_profile": "House" });
        assert_eq!(refused(&fixture, args.clone())["field"], "csv_profile");
        let mut value: Value =
            serde_json::from_str(&fixture.read(|db| BankSection.get(db)).expect("a section")).expect("JSON");
        value["csv_profiles"] = json!([{ "name": "house", "delimiter": "semicolon", "decimal": "comma",
            "date_format": "DD.MM.YYYY", "booked_on": "datum", "amount": "betrag", "balance": "saldo",
            "counterparty": "name", "text": ["zweck"] }]);
        let text = value.to_string();
        fixture.write(move |db| BankSection.set(db, &text)).expect("a profile");
        let report = fixture.call_confirmed("invoicing_bank_import", &args.to_string()).json();
        assert_eq!(report["encoding"], "windows-1252");
        assert_eq!(report["statements"][0]["opening"], "412.00");
        let found = fixture.call("invoicing_bank_line_search", r#"{"q": "muller"}"#).json();
        assert_eq!(found["lines"][0]["amount"], "1000.50");
    }

    #[test]
    fn the_section_can_be_written_back_and_refuses_what_cannot_work() {
        let fixture = Fixture::new(&[&crate::DOMAIN], IMPORTED);
        let section = || -> Value {
            serde_json::from_str(&fixture.read(|db| BankSection.get(db)).expect("a section")).expect("JSON")
        };
        let set = |value: &Value| -> Result<Vec<String>, String> {
            let text = value.to_string();
            fixture
                .write(move |db: &Writer<'_>| BankSection.set(db, &text))
                .map_err(|error| error.to_string() + error.detail())
        };
        let whole = section();
        let before = fixture.contents();
        assert_eq!(set(&whole), Ok(Vec::new()));
        assert_eq!(fixture.contents(), before);
        let schema: Value = serde_json::from_str(BankSection.schema()).expect("a schema is JSON");
        assert_eq!(maitred_testkit::fits(&schema, &whole), Vec::<String>::new());
        for (path, value) in [
            ("/accounts", json!([])),
            ("/accounts/0/currency", json!("USD")),
            ("/accounts/0/iban", json!("GB83WEST12345698765432")),
            ("/rules", json!([{ "class": "fee", "direction": "out" }])),
            ("/tolerance", json!("-1")),
            (
                "/csv_profiles",
                json!([{ "name": "x", "delimiter": "comma", "decimal": "point",
                "date_format": "DD.MM.YYYY", "booked_on": "a" }]),
            ),
        ] {
            let mut faulty = whole.clone();
            *faulty.pointer_mut(path).expect("a member") = value;
            assert!(set(&faulty).is_err(), "{path}");
        }
    }
}
