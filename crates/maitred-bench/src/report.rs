//! What a run found: a table for people, JSON for scripts.

use std::fmt::Write;

use serde::Serialize;

use crate::targets::{Better, Judged, Target};

/// How a figure stands to its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As good as aimed for.
    Aim,
    /// As good as it must be.
    Must,
    /// Worse than it must be, or not measured.
    Missed,
    /// There is no target.
    Info,
}

/// One line of the report.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// What was measured.
    pub scenario: String,
    /// Unit of both figures.
    pub unit: String,
    /// What maitred is compared with.
    pub reference_name: String,
    /// The reference's median.
    pub reference: Option<f64>,
    /// maitred's median.
    pub maitred: Option<f64>,
    /// Median over the rounds of maitred's figure divided by the reference's.
    pub ratio: Option<f64>,
    /// The target.
    pub target: Option<Target>,
    /// How the figure stands to it.
    pub verdict: Verdict,
    /// Figures that explain it, or why there is none.
    pub note: String,
}

impl Row {
    /// A comparison: the figures of the rounds, reference and maitred in pairs.
    pub fn compared(
        scenario: &str,
        unit: &str,
        reference_name: &str,
        pairs: &[(f64, f64)],
        target: Target,
    ) -> Self {
        let reference = median(pairs.iter().map(|pair| pair.0));
        let maitred = median(pairs.iter().map(|pair| pair.1));
        let ratio = median(pairs.iter().filter(|pair| pair.0 > 0.0).map(|pair| pair.1 / pair.0));
        Self {
            scenario: scenario.to_owned(),
            unit: unit.to_owned(),
            reference_name: reference_name.to_owned(),
            reference,
            maitred,
            ratio,
            target: Some(target),
            verdict: verdict(target, ratio, maitred),
            note: String::new(),
        }
    }

    /// A figure of maitred alone.
    pub fn figure(scenario: &str, unit: &str, maitred: f64, target: Option<Target>) -> Self {
        Self {
            scenario: scenario.to_owned(),
            unit: unit.to_owned(),
            reference_name: String::new(),
            reference: None,
            maitred: Some(maitred),
            ratio: None,
            target,
            verdict: target.map_or(Verdict::Info, |target| verdict(target, None, Some(maitred))),
            note: String::new(),
        }
    }

    /// A scenario that could not be measured.
    pub fn failed(scenario: &str, error: &anyhow::Error) -> Self {
        Self {
            scenario: scenario.to_owned(),
            unit: String::new(),
            reference_name: String::new(),
            reference: None,
            maitred: None,
            ratio: None,
            target: None,
            verdict: Verdict::Missed,
            note: format!("not measured: {error:#}"),
        }
    }

    /// The same with a note.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }
}

fn verdict(target: Target, ratio: Option<f64>, figure: Option<f64>) -> Verdict {
    let judged = match target.judged {
        Judged::Ratio => ratio,
        Judged::Figure => figure,
    };
    let reaches = |wanted: f64| {
        judged.is_some_and(|found| match target.better {
            Better::Higher => found >= wanted,
            Better::Lower => found <= wanted,
        })
    };
    if reaches(target.aim) {
        Verdict::Aim
    } else if reaches(target.must) {
        Verdict::Must
    } else {
        Verdict::Missed
    }
}

/// The median; of an even number, the mean of the middle two. `None` of nothing.
pub fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    Some((values.get(middle.checked_sub(1)?)? + upper) / 2.0)
}

/// A whole run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Cores of the machine.
    pub cores: usize,
    /// Rounds of each comparison.
    pub rounds: usize,
    /// Seconds of each measurement.
    pub seconds: f64,
    /// Connections of the HTTP scenarios.
    pub connections: usize,
    /// The lines.
    pub rows: Vec<Row>,
    /// What makes a comparison doubtful.
    pub warnings: Vec<String>,
}

impl Report {
    /// Whether anything that must be reached was missed or not measured.
    pub fn missed(&self) -> bool {
        self.rows.iter().any(|row| row.verdict == Verdict::Missed)
    }

    /// The report as text in columns.
    pub fn table(&self) -> String {
        let head =
            ["scenario", "reference", "", "maitred", "ratio", "must", "aim", "", "note"].map(str::to_owned);
        let mut lines = vec![head];
        lines.extend(self.rows.iter().map(cells));
        let mut widths = [0usize; 9];
        for line in &lines {
            for (width, cell) in widths.iter_mut().zip(line) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let mut text = String::new();
        for line in &lines {
            let mut shown = String::new();
            for (column, (cell, width)) in line.iter().zip(widths).enumerate() {
                // Figures to the right, words to the left; writing to a string cannot fail.
                if matches!(column, 1 | 3..=6) {
                    write!(shown, "{cell:>width$}  ").ok();
                } else {
                    write!(shown, "{cell:<width$}  ").ok();
                }
            }
            text.push_str(shown.trim_end());
            text.push('\n');
        }
        for warning in &self.warnings {
            writeln!(text, "warning: {warning}").ok();
        }
        writeln!(
            text,
            "{} cores, {} rounds of {} s, {} connections; ratios are medians over rounds of one run",
            self.cores, self.rounds, self.seconds, self.connections
        )
        .ok();
        text
    }
}

fn cells(row: &Row) -> [String; 9] {
    let number = |value: Option<f64>| value.map_or_else(String::new, shown);
    let sign = match row.target.map(|target| target.better) {
        Some(Better::Lower) => "<= ",
        _ => "",
    };
    let target =
        |value: Option<f64>| value.map_or_else(String::new, |value| format!("{sign}{}", shown(value)));
    let verdict = match row.verdict {
        Verdict::Aim => "pass, aim",
        Verdict::Must => "pass",
        Verdict::Missed => "MISSED",
        Verdict::Info => "",
    };
    [
        row.scenario.clone(),
        number(row.reference),
        row.reference_name.clone(),
        format!("{} {}", number(row.maitred), row.unit).trim().to_owned(),
        number(row.ratio),
        target(row.target.map(|target| target.must)),
        target(row.target.map(|target| target.aim)),
        verdict.to_owned(),
        row.note.clone(),
    ]
}

fn shown(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size >= 1_000.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets;

    #[test]
    fn medians() {
        assert_eq!(median([]), None);
        assert_eq!(median([3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }

    #[test]
    fn a_ratio_is_taken_in_each_round_and_then_judged() {
        let pairs = [(100.0, 80.0), (50.0, 35.0), (200.0, 100.0)];
        let row = Row::compared("get", "/s", "hand", &pairs, targets::WHOAMI);
        assert_eq!((row.reference, row.maitred, row.ratio), (Some(100.0), Some(80.0), Some(0.7)));
        assert_eq!(row.verdict, Verdict::Must);
        assert_eq!(Row::compared("get", "/s", "hand", &[], targets::GET).verdict, Verdict::Missed);
        assert_eq!(Row::compared("get", "/s", "hand", &[(0.0, 9.0)], targets::GET).verdict, Verdict::Missed);
    }

    #[test]
    fn lower_is_better_for_memory() {
        for (figure, verdict) in [(1.0, Verdict::Aim), (3.0, Verdict::Must), (5.1, Verdict::Missed)] {
            assert_eq!(Row::figure("p99", "ms", figure, Some(targets::SCANS_P99)).verdict, verdict);
        }
        assert_eq!(Row::figure("x", "ms", 1.0, None).verdict, Verdict::Info);
    }

    #[test]
    fn what_was_not_measured_is_missed() {
        let report = Report {
            cores: 2,
            rounds: 3,
            seconds: 1.0,
            connections: 64,
            rows: vec![Row::failed("writes", &anyhow::anyhow!("no such tool"))],
            warnings: vec!["answers differ".into()],
        };
        assert!(report.missed());
        let table = report.table();
        assert!(
            table.contains("MISSED") && table.contains("no such tool") && table.contains("answers differ")
        );
    }
}
