//! The log of one invocation: at level `debug` the function says the verdict of each record.

use local_aws::cloudwatch::parse_emf;
use local_aws::lambda::LogLine;
use stream_processor::log_contract::{LogEvent, Message};

use crate::function_log::finding;
use crate::report::{Metric, RecordReport};

/// What the lines of one invocation come to.
#[derive(Debug, Default, PartialEq)]
pub(super) struct InvocationLog {
    /// The records that a line speaks of, in order.
    pub(super) records: Vec<RecordReport>,
    /// Metrics in embedded metric format.
    pub(super) metrics: Vec<Metric>,
}

impl InvocationLog {
    /// Reads the lines of an invocation of `records` records.
    ///
    /// A record that no line gives a verdict for is `unknown`.
    pub(super) fn from_lines(lines: &[LogLine], records: usize) -> Self {
        let mut log = Self {
            records: (0..records).map(unknown).collect(),
            metrics: Vec::new(),
        };
        for line in lines {
            if let Some(message) = LogEvent::parse(&line.text) {
                log.add(message);
            } else if let Ok(Some(points)) = parse_emf(&line.text) {
                log.metrics.extend(points.iter().map(Metric::from));
            }
        }
        log
    }

    fn add(&mut self, line: LogEvent) {
        let Some(record) = line.record.and_then(|at| self.records.get_mut(at)) else {
            return;
        };
        let message = line.own_message();
        if message == Some(Message::Verdict) {
            record.table = line.table;
            record.origin = line.origin;
            record.verdict = line.verdict.unwrap_or_default();
        } else if message.is_some_and(Message::is_of_entry) {
            record.ledger = line.ledger.map(|write| write.name().to_owned());
            record.finding = finding(line);
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
    use crate::report::Finding;
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
        let log = InvocationLog::from_lines(&lines, 3);
        let verdicts: Vec<&str> = log.records.iter().map(|record| &*record.verdict).collect();
        assert_eq!(verdicts, ["local", "conflict", "unknown"]);
        assert_eq!(
            log.records[1].finding.kind.as_deref(),
            Some("update_update")
        );
        assert_eq!(log.records[1].origin.as_deref(), Some("eu-west-1"));
        assert_eq!(log.records[1].ledger.as_deref(), Some("written"));
        assert_eq!(log.records[0].finding, Finding::default());
    }

    #[test]
    fn metrics_in_embedded_metric_format_are_read() {
        let emf = r#"{"_aws":{"Timestamp":1795350787318,"CloudWatchMetrics":[{"Namespace":"LastWriter","Dimensions":[["TableName"]],"Metrics":[{"Name":"Records","Unit":"Count"}]}]},"TableName":"orders","Records":3}"#;
        let log = InvocationLog::from_lines(&[line(emf)], 0);
        assert_eq!(log.metrics.len(), 1);
        assert_eq!(
            (&*log.metrics[0].name, log.metrics[0].sum),
            ("Records", 3.0)
        );
    }
}
