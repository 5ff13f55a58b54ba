//! `crm_record_import`: companies, contacts or leads from a CSV text, all in one transaction.
//!
//! The preview is the import itself, rolled back, so it shows exactly what will be written. Bad rows are left out and
//! reported; everything else goes in together or not at all.

use std::collections::BTreeMap;

use maitred_core::args::JsonObject;
use maitred_core::prelude::*;
use maitred_core::words;
use maitred_party::org;
use maitred_store::change::json_string;

use crate::import::{self, Cells, Fault, ImportKind, Mapping};
use crate::import_rows::{self, Outcome, Setting, Stopped};

/// The tool.
pub struct RecordImport;

impl Tool for RecordImport {
    const NAME: &str = "crm_record_import";
    const TITLE: &str = "Import records";
    const ABOUT: &str = "Import companies, contacts or leads from CSV with a column mapping. \
                         Dry-run reports every bad row and duplicate before anything is written.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Office];
    const EFFECT: Write = Write { long: true, ..Write::PREVIEWED };
    const EXAMPLE: Example = Example {
        given: "",
        args: r#"{"kind": "company", "csv": "Firma;Website;PLZ;Ort\nMaison Mercier;mercier.example;75011;Paris\n;;;Lyon\n"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let table = import::read(&args.csv).map_err(|why| invalid("csv", why))?;
        let told = args.mapping.as_ref().map(told).transpose()?.unwrap_or_default();
        let mapping = import::mapping(args.kind, &table.headers, &told).map_err(|fault| {
            ToolError::new(Code::Invalid, fault.message)
                .field("mapping")
                .hint("name columns in `mapping`, as {\"column\": \"field\"}; `ignore` passes one over")
        })?;
        let on_duplicate = args.on_duplicate.unwrap_or(OnDuplicate::Skip);
        let settings = org::settings_of(cx)?;
        let setting = Setting {
            kind: args.kind,
            country: &settings.country,
            currency: settings.currency,
            update: on_duplicate == OnDuplicate::Update,
        };
        let mut report = Output::new(args.kind, &table.headers, &mapping);
        let total = table.rows.len() as u64;
        for (done, (line, cells)) in (1_u64..).zip(&table.rows) {
            let row = Cells::new(&mapping, cells).map_err(Stopped::from);
            match row.and_then(|cells| import_rows::take(cx, &setting, &cells)) {
                Ok(outcome) => report.count(*line, outcome),
                Err(Stopped::Row(fault)) => report.fault(*line, fault),
                Err(Stopped::Call(error)) => return Err(error),
            }
            if done % EVERY == 0 || done == total {
                cx.progress(done, Some(total), "rows");
                cx.check_cancelled()?;
            }
        }
        if on_duplicate == OnDuplicate::Fail && report.duplicates > 0 {
            return Err(report.refusal());
        }
        Ok(report)
    }
}

/// Rows between two notices of progress.
const EVERY: u64 = 200;
/// Rows of a kind that are shown; all are counted.
const SHOWN: usize = 100;

/// The mapping as it was told: texts to texts.
fn told(mapping: &JsonObject) -> ToolResult<BTreeMap<String, String>> {
    serde_json::from_str(&mapping.0)
        .map_err(|_| invalid("mapping", "must name a field for each column, as {\"column\": \"field\"}"))
}

words! {
    /// What to do with a row that repeats a record.
    pub enum OnDuplicate {
        /// Leave the record as it is.
        Skip = "skip",
        /// Let it take over what the row says.
        Update = "update",
        /// Import nothing at all.
        Fail = "fail",
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Kind.
    kind: ImportKind,
    /// With header, up to 1,000 rows.
    #[arg(min = 1, max = 1_048_576)]
    csv: String,
    /// Column to field, where the guess is wrong.
    mapping: Option<JsonObject>,
    /// By VAT id, domain, email, phone, name (skip).
    on_duplicate: Option<OnDuplicate>,
}

/// A column and what it means.
#[derive(ToolOutput)]
pub struct ColumnView {
    /// Column as written.
    column: String,
    /// Field; missing where the column is passed over.
    field: Option<&'static str>,
}

/// A row that was left out.
#[derive(ToolOutput)]
pub struct RowError {
    /// Line in the file.
    line: u64,
    /// Field.
    field: Option<String>,
    /// What is wrong.
    message: String,
}

/// A row that repeats a record.
#[derive(ToolOutput)]
pub struct RowDuplicate {
    /// Line in the file.
    line: u64,
    /// Id of the record.
    id: String,
    /// Its name.
    label: String,
    /// By what it was recognised.
    by: &'static str,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// What the rows are.
    kind: ImportKind,
    /// Rows below the header.
    rows: i64,
    /// New records.
    created: i64,
    /// Changed records.
    updated: i64,
    /// Records that said the same already.
    unchanged: i64,
    /// Rows that repeat a record and were skipped.
    duplicates: i64,
    /// Bad rows, left out.
    bad_rows: i64,
    /// What each column was taken for.
    mapping: Vec<ColumnView>,
    /// The first 100 bad rows.
    row_errors: Vec<RowError>,
    /// The first 100 rows that were skipped.
    duplicate_rows: Vec<RowDuplicate>,
}

impl Output {
    fn new(kind: ImportKind, headers: &[String], mapping: &Mapping) -> Self {
        let columns = headers.iter().zip(mapping);
        Self {
            kind,
            rows: 0,
            created: 0,
            updated: 0,
            unchanged: 0,
            duplicates: 0,
            bad_rows: 0,
            mapping: columns
                .map(|(column, field)| ColumnView { column: column.clone(), field: *field })
                .collect(),
            row_errors: Vec::new(),
            duplicate_rows: Vec::new(),
        }
    }

    fn count(&mut self, line: u64, outcome: Outcome) {
        self.rows += 1;
        match outcome {
            Outcome::Created => self.created += 1,
            Outcome::Updated => self.updated += 1,
            Outcome::Unchanged => self.unchanged += 1,
            Outcome::Repeats(same) => {
                self.duplicates += 1;
                if self.duplicate_rows.len() < SHOWN {
                    let (id, label, by) = (same.id, same.label, same.by);
                    self.duplicate_rows.push(RowDuplicate { line, id, label, by });
                }
            }
        }
    }

    fn fault(&mut self, line: u64, fault: Fault) {
        self.rows += 1;
        self.bad_rows += 1;
        if self.row_errors.len() < SHOWN {
            self.row_errors.push(RowError { line, field: fault.field, message: fault.message });
        }
    }

    /// The refusal of a file that may hold no duplicates.
    fn refusal(&self) -> ToolError {
        let mut list = String::from("[");
        for (index, row) in self.duplicate_rows.iter().enumerate() {
            list.push_str(if index > 0 { ",{\"line\":" } else { "{\"line\":" });
            list.push_str(&row.line.to_string());
            list.push_str(",\"label\":");
            json_string(&row.label, &mut list);
            list.push_str(",\"by\":");
            json_string(row.by, &mut list);
            list.push('}');
        }
        list.push(']');
        refused(
            Code::DuplicateSuspect,
            format!("{} rows repeat records that are there already, nothing was imported", self.duplicates),
        )
        .field("on_duplicate")
        .hint("use `skip` or `update`, or take those rows out")
        .with("duplicates", list)
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check};

    #[test]
    fn a_sheet_with_good_and_bad_rows() {
        check(
            &crate::DOMAIN,
            "company acme domain=acme.example",
            "crm_record_import",
            r#"{"kind": "company", "csv": "Firma;USt-IdNr.;Website;Land;Inhaber\nNeu GmbH;;https://www.neu.example/;Austria;x\nAndere;DE12;;;\nAcme Again;;acme.example;;\nNeu AG;;neu.example;;\n;;;;x\nZuviel;;;;;;\n"}"#,
            expect![[
                r##"{"kind":"company","rows":6,"created":1,"updated":0,"unchanged":0,"duplicates":2,"bad_rows":3,"mapping":[{"column":"Firma","field":"name"},{"column":"USt-IdNr.","field":"vat_id"},{"column":"Website","field":"domain"},{"column":"Land","field":"country"},{"column":"Inhaber"}],"row_errors":[{"line":3,"field":"vat_id","message":"`DE12` is not of the form DE and 9 digits"},{"line":6,"field":"name","message":"is empty"},{"line":7,"message":"has 7 cells, the header has 5"}],"duplicate_rows":[{"line":4,"id":"@acme","label":"Acme","by":"domain"},{"line":5,"id":"#1","label":"Neu GmbH","by":"domain"}]}"##
            ]],
        );
    }

    #[test]
    fn the_same_file_twice_changes_nothing() {
        for (kind, csv) in [
            (
                "company",
                r"name,vat_id,city,note,industry\nAcme,,Berlin,found at a fair,wine\nBolt SARL,FR40303265045,,,\n",
            ),
            (
                "contact",
                r"name,email,company,note\nAda Lovelace,ada@acme.example,Home,call before noon\nBob Builder,,Home,\nCy Twombly,,,\n",
            ),
            (
                "lead",
                r"name,email,company,value,need\nEve,eve@x.example,X,1200.50,wine for forty\nMallory,,Y,,\n",
            ),
        ] {
            let fixture = Fixture::new(&[&crate::DOMAIN], "company home");
            let skip = format!(r#"{{"kind": "{kind}", "csv": "{csv}"}}"#);
            let first = fixture.call_confirmed("crm_record_import", &skip).json();
            assert_eq!((&first["bad_rows"], &first["duplicates"]), (&0.into(), &0.into()), "{first}");
            assert_eq!(first["created"], first["rows"], "{first}");
            let before = fixture.contents();
            let again = fixture.call_confirmed("crm_record_import", &skip).json();
            let again = if again["error"].is_null() { again } else { again["error"]["preview"].clone() };
            assert_eq!((&again["created"], &again["duplicates"]), (&0.into(), &first["rows"]), "{again}");
            let update = format!(r#"{{"kind": "{kind}", "csv": "{csv}", "on_duplicate": "update"}}"#);
            let updated = fixture.call_confirmed("crm_record_import", &update).json();
            assert_eq!(updated["unchanged"], first["rows"], "{updated}");
            assert_eq!(fixture.contents(), before, "{kind}");
        }
    }

    #[test]
    fn the_preview_is_what_is_written() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "company home");
        let args = r#"{"kind": "contact", "csv": "first name,surname,mail,company,job\nAda,Lovelace,ADA@x.example,Home,CTO\nBob,B,wrong,Home,\nCy,C,,Nowhere,\n", "mapping": {"job": "title"}"#;
        let dry = fixture.call("crm_record_import", &format!(r#"{args}, "dry_run": true}}"#)).json();
        let confirm = dry["confirm"].as_str().unwrap();
        let real = fixture.call("crm_record_import", &format!(r#"{args}, "confirm": "{confirm}"}}"#));
        expect![[r#"{"kind":"contact","rows":3,"created":1,"updated":0,"unchanged":0,"duplicates":0,"bad_rows":2,"mapping":[{"column":"first name","field":"given_name"},{"column":"surname","field":"family_name"},{"column":"mail","field":"email"},{"column":"company","field":"company"},{"column":"job","field":"title"}],"row_errors":[{"line":3,"field":"email","message":"`wrong` is not an email address"},{"line":4,"field":"company","message":"no company fits `Nowhere`"}],"duplicate_rows":[]}"#]].assert_eq(&real.text);
        let mut preview = dry["preview"].clone();
        preview.as_object_mut().unwrap().remove("action");
        assert_eq!(preview, real.json());
        assert_eq!(fixture.call("crm_contact_get", r#"{"contact": "ada@x.example"}"#).json()["title"], "CTO");
    }

    #[test]
    fn updates_fill_what_the_file_says_and_nothing_else() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "company acme domain=acme.example phone=+493012345678");
        let args = r#"{"kind": "company", "csv": "name,domain,language,phone\nAcme SE,acme.example,de,\n", "on_duplicate": "update"}"#;
        let answer = fixture.call_confirmed("crm_record_import", args).json();
        assert_eq!(answer["updated"], 1, "{answer}");
        let acme = fixture.id("acme");
        let acme =
            fixture.read(move |db| Ok(db.get::<maitred_party::Company>(&acme)?.expect("acme"))).unwrap();
        assert_eq!(
            (acme.name.as_str(), acme.language.as_deref(), acme.phone.as_deref()),
            ("Acme SE", Some("de"), Some("+493012345678"))
        );
    }

    #[test]
    fn may_be_told_to_refuse_duplicates() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "contact ada email=ada@x.example");
        let before = fixture.contents();
        let answer = fixture.call(
            "crm_record_import",
            r#"{"kind": "lead", "csv": "name,email\nNew,new@x.example\nAda,ada@x.example\n", "on_duplicate": "fail"}"#,
        );
        expect![[r#"{"error":{"category":"domain","code":"duplicate_suspect","message":"1 rows repeat records that are there already, nothing was imported","field":"on_duplicate","hint":"use `skip` or `update`, or take those rows out","retryable":false,"duplicates":[{"line":3,"label":"Ada","by":"email of a contact"}]}}"#]].assert_eq(&answer.text);
        assert_eq!(fixture.contents(), before);
    }

    #[test]
    fn a_column_for_the_name_is_needed() {
        check(
            &crate::DOMAIN,
            "",
            "crm_record_import",
            r#"{"kind": "lead", "csv": "mail;tel\na@b.example;1\n"}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"no column means `name`; columns are mail, tel","field":"mapping","hint":"name columns in `mapping`, as {\"column\": \"field\"}; `ignore` passes one over","retryable":false}}"#
            ]],
        );
    }
}
