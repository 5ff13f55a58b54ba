//! `account_dataset_export`: the rows of a search, in a file.

use std::io::{self, Write as _};

use maitred_core::args::JsonObject;
use maitred_core::prelude::*;
use maitred_kernel::Stamp;
use maitred_kernel::wire::Moment;
use maitred_party::sources::{ExportFile, ExportSink, ExportSource, StoredExport};
use maitred_store::audit::hex;
use sha2::{Digest, Sha256};

use crate::cells::{Members, cells};

/// Rows that a file holds at most.
const MOST: u64 = 100_000;
/// Rows between two looks at whether the caller still waits.
const STEP: u64 = 500;

/// The tool. It reads the business and writes a file beside it, so it runs on the report lane, where there is no way
/// to the database but reading: that it was called stands in the log and in the meters, not in the audit trail.
pub struct DatasetExport;

impl Tool for DatasetExport {
    const NAME: &str = "account_dataset_export";
    const TITLE: &str = "Export to a file";
    const ABOUT: &str = "Write a large result to a CSV or JSONL file and return a resource link, instead of paging \
                         it through the conversation.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Service, Mode::Success, Mode::Office];
    const EFFECT: Read = Read::REPORT;
    const EXAMPLE: Example = Example {
        given: r#"member eve; account_member_update {"member": "@eve", "roles": ["service"]}"#,
        args: r#"{"dataset": "account_audit_search", "filter": {"entity": "@eve"}, "format": "csv"}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let source = dataset(cx, &args.dataset)?;
        let filter = args.filter.as_ref().map_or("{}", |filter| filter.0.as_str());
        let fields = args.fields.as_deref();
        let format = args.format.unwrap_or(Format::Csv);
        let Some(sink) = cx.port::<dyn ExportSink>() else {
            return Err(refused(Code::ModuleMissing, "this server has no place for exported files")
                .hint(format!("page through {} instead", source.dataset())));
        };
        let asked = Asked { source, filter, fields };
        let survey = asked.survey(cx, format).map_err(at_filter)?;
        let mut file = Hashed::new(sink.create(&cx.caller().org.slug)?);
        match format {
            Format::Csv => asked.csv(cx, &survey, &mut file)?,
            Format::Jsonl => asked.jsonl(cx, &survey, &mut file)?,
        }
        let (stored, sha256, bytes) = file.finish(&name(cx, source, format))?;
        let principal = cx.caller().principal.as_str();
        let (dataset, rows, org) = (source.dataset(), survey.rows, &*cx.caller().org.slug);
        tracing::info!(dataset, rows, principal, org, sha256, "exported");
        metrics::counter!("maitred_exports_total", "dataset" => dataset).increment(1);
        metrics::counter!("maitred_export_rows_total", "dataset" => dataset).increment(rows);
        Ok(Output { uri: stored.uri, format, rows, bytes, sha256, expires_at: stored.expires_at })
    }
}

/// The source behind a dataset, as far as the caller may call the search itself. One that is hidden reads like one
/// that does not exist.
fn dataset<'a>(db: &Reader<'a>, name: &str) -> ToolResult<&'a dyn ExportSource> {
    let open =
        || db.ports::<dyn ExportSource>().iter().filter(|source| db.menu().find(source.dataset()).is_some());
    match open().find(|source| source.dataset() == name) {
        Some(source) => Ok(source.as_ref()),
        None => {
            let mut names: Vec<&str> = open().map(|source| source.dataset()).collect();
            names.sort_unstable();
            Err(not_found("dataset", name).field("dataset").hint(format!("there are {}", names.join(", "))))
        }
    }
}

/// A fault of the search's own arguments, said to be inside `filter`.
fn at_filter(error: ToolError) -> ToolError {
    match error.field_name() {
        Some("fields" | "filter") | None => error,
        Some(_) => error.within("filter"),
    }
}

/// Equal contents get the same name, so asking twice leaves one file.
fn name(db: &Reader<'_>, source: &dyn ExportSource, format: Format) -> impl Fn(&str) -> String {
    let (dataset, day) = (source.dataset(), db.stamp().text()[..10].to_owned());
    move |sha256| format!("{dataset}-{day}-{}.{}", &sha256[..12], format.extension())
}

struct Asked<'a> {
    source: &'a dyn ExportSource,
    filter: &'a str,
    fields: Option<&'a [String]>,
}

/// What a first look at the rows shows: how many there are, and for CSV under which headings.
#[derive(Default)]
struct Survey {
    rows: u64,
    columns: Vec<String>,
}

impl Asked<'_> {
    fn each(&self, db: &Reader<'_>, mut row: impl FnMut(u64, &str) -> ToolResult<()>) -> ToolResult<u64> {
        let mut count = 0_u64;
        self.source.export(db, self.filter, self.fields, &mut |json| {
            if count.is_multiple_of(STEP) {
                db.check_cancelled()?;
            }
            count += 1;
            row(count, json)?;
            Ok(true)
        })?;
        Ok(count)
    }

    fn survey(&self, db: &Reader<'_>, format: Format) -> ToolResult<Survey> {
        let mut columns: Vec<String> = Vec::new();
        let rows = self.each(db, |number, json| {
            if number > MOST {
                return Err(refused(Code::LimitExceeded, format!("there are more than {MOST} rows"))
                    .field("filter")
                    .hint("narrow `filter`, for instance by time, and export in parts"));
            }
            if format == Format::Csv {
                for (name, _) in cells(&members(json)?) {
                    if !columns.contains(&name) {
                        columns.push(name);
                    }
                }
            }
            Ok(())
        })?;
        Ok(Survey { rows, columns })
    }

    fn csv(&self, db: &Reader<'_>, survey: &Survey, file: &mut Hashed) -> ToolResult<()> {
        if survey.columns.is_empty() {
            return Ok(());
        }
        let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(file);
        csv.write_record(&survey.columns).map_err(csv_failed)?;
        self.each(db, |number, json| {
            let row = cells(&members(json)?);
            let value = |name: &String| row.iter().find(|(known, _)| known == name).map_or("", |(_, v)| v);
            csv.write_record(survey.columns.iter().map(value)).map_err(csv_failed)?;
            told(db, number, survey.rows);
            Ok(())
        })?;
        csv.flush().map_err(failed)
    }

    fn jsonl(&self, db: &Reader<'_>, survey: &Survey, file: &mut Hashed) -> ToolResult<()> {
        self.each(db, |number, json| {
            file.write_all(json.as_bytes()).and_then(|()| file.write_all(b"\n")).map_err(failed)?;
            told(db, number, survey.rows);
            Ok(())
        })?;
        Ok(())
    }
}

fn told(db: &Reader<'_>, number: u64, rows: u64) {
    if number.is_multiple_of(STEP) || number == rows {
        db.progress(number, Some(rows), "rows written");
    }
}

fn members(json: &str) -> ToolResult<Members> {
    serde_json::from_str(json).map_err(ToolError::internal)
}

fn failed(error: io::Error) -> ToolError {
    if error.kind() == io::ErrorKind::StorageFull {
        return refused(Code::StorageFull, "the disk is full, no file was written");
    }
    ToolError::internal(error)
}

fn csv_failed(error: csv::Error) -> ToolError {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => failed(error),
        other => ToolError::internal(anyhow::anyhow!("csv: {other:?}")),
    }
}

/// A file that is hashed and counted as it is written.
struct Hashed {
    file: Box<dyn ExportFile>,
    hash: Sha256,
    bytes: u64,
}

impl Hashed {
    fn new(file: Box<dyn ExportFile>) -> Self {
        Self { file, hash: Sha256::new(), bytes: 0 }
    }

    fn finish(mut self, name: &dyn Fn(&str) -> String) -> ToolResult<(StoredExport, String, u64)> {
        self.file.flush().map_err(failed)?;
        let sha256 = hex(&self.hash.finalize());
        let stored = self.file.finish(&name(&sha256))?;
        Ok((stored, sha256, self.bytes))
    }
}

impl io::Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

maitred_core::words! {
    /// How a file is written.
    pub enum Format {
        /// Comma-separated values with a heading, for spreadsheets.
        Csv = "csv",
        /// One JSON object per line, each as the search answers it.
        Jsonl = "jsonl",
    }
}

impl Format {
    fn extension(self) -> &'static str {
        self.as_str()
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Search tool whose rows you want.
    #[arg(min = 1, max = 60)]
    dataset: String,
    /// Its arguments, without paging and fields.
    filter: Option<JsonObject>,
    /// * shows all.
    fields: Option<Vec<String>>,
    /// csv.
    format: Option<Format>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Where the file is.
    uri: String,
    /// How it is written.
    format: Format,
    /// Rows, the heading not counted.
    rows: u64,
    /// Size.
    bytes: u64,
    /// SHA-256 of the file.
    sha256: String,
    /// Until when it is kept.
    expires_at: Option<Stamp>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_core::mode::{CallerKind, Mode, ModeSet, Module, Rights};
    use maitred_testkit::{Answer, Fixture};

    use super::*;
    use crate::store::probe::PROBE;

    fn text(fixture: &Fixture, answer: &Answer) -> String {
        let json = answer.json();
        let uri = json["uri"].as_str().unwrap_or_else(|| panic!("{}", answer.raw));
        let bytes = fixture.sink().contents(uri).unwrap();
        assert_eq!(json["bytes"], bytes.len());
        assert_eq!(json["sha256"], hex(&Sha256::digest(&bytes)));
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_spreadsheet_runs_nothing() {
        let fixture = Fixture::new(&[&crate::DOMAIN, &PROBE], "");
        let answer = fixture
            .call("account_dataset_export", r#"{"dataset": "probe_gadget_search", "filter": {"rows": 6}}"#);
        expect![[r#"{"uri":"memory:acme-test/probe_gadget_search-2026-03-02-e645079e45dc.csv","format":"csv","rows":6,"bytes":280,"sha256":"e645079e45dc64b47089af71d29302b291a235c56a01a85adb1268856736f18f"}"#]].assert_eq(&answer.text);
        expect![[r#"
            amount,company.id,company.name,count,id,label,tags
            -12.50,c1,'=Acme,-3,g0,'=1+1,a; b
            -12.50,c1,'=Acme,-3,g1,'+cmd,a; b
            -12.50,c1,'=Acme,-3,g2,'-2+3,a; b
            -12.50,c1,'=Acme,-3,g3,'@sum,a; b
            -12.50,c1,'=Acme,-3,g4,'	x,a; b
            -12.50,c1,'=Acme,-3,g5,"plain, ""quoted""
            lines",a; b
        "#]]
        .assert_eq(&text(&fixture, &answer).replace("\r\n", "\n"));
    }

    #[test]
    fn lines_of_json_are_the_rows_as_they_are() {
        let fixture = Fixture::new(&[&crate::DOMAIN, &PROBE], "");
        let answer = fixture.call(
            "account_dataset_export",
            r#"{"dataset": "probe_gadget_search", "filter": {"rows": 2}, "format": "jsonl"}"#,
        );
        let text = text(&fixture, &answer);
        assert_eq!(text.lines().count(), 2);
        assert!(text.contains("\"label\":\"=1+1\""), "{text}");
    }

    #[test]
    fn the_rows_are_those_of_the_search() {
        let given = r#"member eve; account_member_update {"member": "@eve", "roles": ["service"]};
                       account_member_update {"member": "@eve", "roles": ["success"]}"#;
        let fixture = Fixture::new(&[&crate::DOMAIN], given);
        for (caller, rows) in [(fixture.owner(), 2), (fixture.caller(&[Mode::Sales], false), 0)] {
            for fields in ["", r#","fields":["*"]"#] {
                let args = format!(r#"{{"dataset":"account_audit_search","format":"jsonl"{fields}}}"#);
                let file = fixture.call_as(&caller, "account_dataset_export", &args).unwrap();
                let search = format!("{{\"limit\":100{fields}}}");
                let found = fixture.call_as(&caller, "account_audit_search", &search).unwrap().json();
                let lines: Vec<serde_json::Value> =
                    text(&fixture, &file).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
                assert_eq!(lines.len(), rows);
                assert_eq!(serde_json::Value::from(lines), found["events"]);
            }
        }
    }

    #[test]
    fn too_many_rows_leave_no_file() {
        let fixture = Fixture::new(&[&crate::DOMAIN, &PROBE], "");
        let whole = fixture.call(
            "account_dataset_export",
            r#"{"dataset": "probe_gadget_search", "filter": {"rows": 100000}, "format": "jsonl"}"#,
        );
        assert_eq!(whole.json()["rows"], 100_000);
        let files = fixture.sink().uris();
        let answer = fixture.call(
            "account_dataset_export",
            r#"{"dataset": "probe_gadget_search", "filter": {"rows": 100001}, "format": "jsonl"}"#,
        );
        expect![[r#"{"error":{"category":"validation","code":"limit_exceeded","message":"there are more than 100000 rows","field":"filter","hint":"narrow `filter`, for instance by time, and export in parts","retryable":false}}"#]].assert_eq(&answer.text);
        assert_eq!(fixture.sink().uris(), files);
    }

    /// A dataset whose search is hidden reads, byte for byte, like one that does not exist.
    #[test]
    fn a_hidden_dataset_is_none() {
        let fixture = Fixture::new(&[&crate::DOMAIN, &PROBE], "");
        let rights = Rights::none(CallerKind::Teammate).grant(
            &[Module::Account],
            ModeSet::of(&[Mode::Sales]),
            true,
            false,
        );
        let caller = fixture.caller_with("sales", rights);
        let ask = |name: &str| {
            let args = format!("{{\"dataset\":\"{name}\"}}");
            let answer = fixture.call_as(&caller, "account_dataset_export", &args).unwrap();
            answer.raw.replace(name, "#")
        };
        assert_eq!(ask("probe_gadget_search"), ask("probe_gizmos_search"));
        expect![[r#"{"error":{"category":"domain","code":"not_found","message":"no dataset fits `#`","field":"dataset","hint":"there are account_audit_search","retryable":false}}"#]].assert_eq(&ask("probe_gadget_search"));
    }

    #[test]
    fn faults_of_the_filter_say_where() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "");
        let answer = fixture.call(
            "account_dataset_export",
            r#"{"dataset": "account_audit_search", "filter": {"from": "yesterday"}}"#,
        );
        expect![[r#"{"error":{"category":"validation","code":"invalid","message":"must be a day such as 2026-03-01: `yesterday` is not a day; write `YYYY-MM-DD`","field":"filter.from","retryable":false}}"#]].assert_eq(&answer.text);
    }
}
