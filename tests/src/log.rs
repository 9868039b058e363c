//! What a function wrote: log lines in JSON, and metrics in embedded metric format among them.

use local_aws::cloudwatch::{DataPoint, parse_emf};
use local_aws::lambda::LogLine;
use serde_json::Value;
use stream_processor::log_contract::Message;

/// A function's output, sorted by what it is.
#[derive(Debug, Default)]
pub struct FunctionLog {
    /// Log lines that are JSON.
    pub lines: Vec<Value>,
    /// Data points out of embedded metric format.
    pub emf: Vec<DataPoint>,
    /// What is neither.
    pub others: Vec<String>,
}

impl FunctionLog {
    /// Reads what a function wrote.
    ///
    /// # Panics
    ///
    /// When an embedded metric document breaks a rule of its format.
    pub fn read(lines: &[LogLine]) -> Self {
        let mut log = Self::default();
        for line in lines {
            match parse_emf(&line.text) {
                Ok(Some(points)) => log.emf.extend(points),
                Ok(None) => match serde_json::from_str::<Value>(&line.text) {
                    Ok(value @ Value::Object(_)) => log.lines.push(value),
                    _ => log.others.push(line.text.clone()),
                },
                Err(error) => panic!(
                    "CloudWatch would not read this line: {error}: {}",
                    line.text
                ),
            }
        }
        log
    }

    /// The lines with this message.
    pub fn with_message(&self, message: Message) -> impl Iterator<Item = &Value> {
        self.lines
            .iter()
            .filter(move |line| line["message"] == message.text())
    }
}

/// A text member of a line.
pub fn text(line: &Value, name: &str) -> Option<String> {
    line[name].as_str().map(str::to_owned)
}

/// A number member of a line that counts something.
pub fn count(line: &Value, name: &str) -> Option<usize> {
    line[name]
        .as_u64()
        .and_then(|count| usize::try_from(count).ok())
}
