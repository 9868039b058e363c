//! The function's own log lines, read back: at level `debug` it says the verdict of each record.

use local_aws::cloudwatch::parse_emf;
use local_aws::lambda::LogLine;
use serde::Deserialize;

use crate::report::{Finding, Metric, RecordReport};

/// What the lines of one invocation say.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Said {
    /// The records that a line speaks of, in order.
    pub(super) records: Vec<RecordReport>,
    /// Metrics in embedded metric format.
    pub(super) metrics: Vec<Metric>,
}

/// The members of a line that matter here. Others are ignored.
#[derive(Debug, Deserialize)]
struct Line {
    message: String,
    record: usize,
    table: Option<String>,
    verdict: Option<String>,
    origin: Option<String>,
    conflict_id: Option<String>,
    kind: Option<String>,
    confidence: Option<String>,
    loser_region: Option<String>,
    winner_region: Option<String>,
    ledger: Option<String>,
}

impl Said {
    /// Reads the lines of an invocation of `records` records.
    ///
    /// A record that no line gives a verdict for is `unknown`.
    pub(super) fn in_lines(lines: &[LogLine], records: usize) -> Self {
        let mut said = Self {
            records: (0..records).map(unknown).collect(),
            metrics: Vec::new(),
        };
        for line in lines {
            if let Ok(line) = serde_json::from_str::<Line>(&line.text) {
                said.add(line);
            } else if let Ok(Some(points)) = parse_emf(&line.text) {
                said.metrics.extend(points.iter().map(Metric::of));
            }
        }
        said
    }

    fn add(&mut self, line: Line) {
        let Some(record) = self.records.get_mut(line.record) else {
            return;
        };
        match line.message.as_str() {
            "verdict" => {
                record.table = line.table;
                record.origin = line.origin;
                record.verdict = line.verdict.unwrap_or_default();
            }
            "conflict" | "finding" | "record quarantined" => {
                record.ledger = line.ledger;
                record.finding = Finding {
                    conflict_id: line.conflict_id,
                    kind: line.kind,
                    confidence: line.confidence,
                    loser_region: line.loser_region,
                    winner_region: line.winner_region,
                    ..Finding::default()
                };
            }
            _ => {}
        }
    }
}

fn unknown(record: usize) -> RecordReport {
    RecordReport {
        record,
        verdict: "unknown".to_owned(),
        ..RecordReport::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use local_aws::lambda::LogStream;

    fn line(text: &str) -> LogLine {
        LogLine {
            pid: 1,
            stream: LogStream::Stdout,
            text: text.to_owned(),
        }
    }

    #[test]
    fn verdict_and_finding_of_a_record_are_put_together() {
        let lines = [
            line("not JSON"),
            line(
                r#"{"level":"INFO","conflict_id":"id","kind":"update_update","confidence":"certain","loser_region":"us-east-1","winner_region":"eu-west-1","ledger":"written","message":"conflict","record":1,"span":{}}"#,
            ),
            line(
                r#"{"level":"DEBUG","message":"verdict","record":0,"table":"orders","verdict":"local"}"#,
            ),
            line(
                r#"{"level":"DEBUG","message":"verdict","record":1,"table":"orders","verdict":"conflict","origin":"eu-west-1"}"#,
            ),
            line(
                r#"{"level":"DEBUG","message":"verdict","record":9,"table":"orders","verdict":"local"}"#,
            ),
            line(r#"{"level":"INFO","message":"batch","records":3}"#),
        ];
        let said = Said::in_lines(&lines, 3);
        let verdicts: Vec<&str> = said.records.iter().map(|record| &*record.verdict).collect();
        assert_eq!(verdicts, ["local", "conflict", "unknown"]);
        assert_eq!(
            said.records[1].finding.kind.as_deref(),
            Some("update_update")
        );
        assert_eq!(said.records[1].origin.as_deref(), Some("eu-west-1"));
        assert_eq!(said.records[1].ledger.as_deref(), Some("written"));
        assert_eq!(said.records[0].finding, Finding::default());
    }

    #[test]
    fn metrics_in_embedded_metric_format_are_read() {
        let emf = r#"{"_aws":{"Timestamp":1795350787318,"CloudWatchMetrics":[{"Namespace":"LastWriter","Dimensions":[["TableName"]],"Metrics":[{"Name":"Records","Unit":"Count"}]}]},"TableName":"orders","Records":3}"#;
        let said = Said::in_lines(&[line(emf)], 0);
        assert_eq!(said.metrics.len(), 1);
        assert_eq!(
            (&*said.metrics[0].name, said.metrics[0].sum),
            ("Records", 3.0)
        );
    }
}
