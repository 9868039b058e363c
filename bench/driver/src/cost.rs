//! What a million records cost on Lambda, worked out from what was measured.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::scenarios::{Figures, Results};
use crate::table::table;

/// The memory sizes that are worked out, in MB. The templates' default is 256.
const MEMORY_MB: [u32; 5] = [128, 256, 512, 1_024, 1_769];

/// The memory that comes with one whole vCPU, in MB; less comes with less, in proportion.
/// Source: AWS Lambda Developer Guide, "Configure Lambda function memory".
const ONE_CPU_MB: f64 = 1_769.0;

/// What an invocation waits for one PutMetricData in its own Region. An assumption: nothing here can measure it.
const PUT_METRIC_DATA_MS: f64 = 10.0;

/// Prices by name, in US dollars.
#[derive(Debug, Deserialize)]
pub(crate) struct Prices {
    prices: BTreeMap<String, Price>,
}

#[derive(Debug, Deserialize)]
struct Price {
    price: f64,
}

impl Prices {
    /// Reads the file that the cost of a whole installation is worked out from, too.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text =
            std::fs::read(path).with_context(|| format!("no prices at {}", path.display()))?;
        let prices: Self = serde_json::from_slice(&text)
            .with_context(|| format!("{} holds no prices", path.display()))?;
        for name in [REQUESTS, GB_SECONDS, METRIC_REQUESTS, LOGS] {
            let known = prices.prices.contains_key(name);
            anyhow::ensure!(known, "{} has no {name}", path.display());
        }
        Ok(prices)
    }

    fn get(&self, name: &str) -> f64 {
        self.prices[name].price
    }
}

const REQUESTS: &str = "lambda_request_million";
const GB_SECONDS: &str = "lambda_gb_second";
const METRIC_REQUESTS: &str = "metric_request_thousand";
const LOGS: &str = "log_gb";

/// The cost by memory size, for both ways of sending metrics.
#[derive(Debug, Serialize)]
pub(crate) struct Costs {
    records_per_batch: usize,
    rows: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    memory_mb: u32,
    put_metric_data: Cost,
    emf: Cost,
}

#[derive(Debug, Serialize)]
struct Cost {
    /// Milliseconds that an invocation takes.
    invocation_ms: f64,
    /// US dollars for Lambda's time and requests, a million records.
    lambda: f64,
    /// US dollars for PutMetricData requests, or for the log lines in their place, a million records.
    metrics: f64,
}

impl Costs {
    /// Works the costs out.
    pub(crate) fn new(results: &Results, prices: &Prices) -> Self {
        let records = results.records_per_batch;
        let row = |memory_mb| Row {
            memory_mb,
            put_metric_data: Cost::new(&results.ours, records, memory_mb, prices),
            emf: Cost::new(&results.emf, records, memory_mb, prices),
        };
        Self {
            records_per_batch: records,
            rows: MEMORY_MB.map(row).into(),
        }
    }
}

impl Cost {
    fn new(figures: &Figures, records: usize, memory_mb: u32, prices: &Prices) -> Self {
        let invocations = 1e6 / records as f64;
        let cpu_ms = figures.cpu_us_per_record.median * records as f64 / 1e3;
        let share = (f64::from(memory_mb) / ONE_CPU_MB).min(1.0);
        let requests = figures.metric_requests_per_batch;
        let invocation_ms = cpu_ms / share + requests * PUT_METRIC_DATA_MS;
        // Lambda bills whole milliseconds.
        let gb_seconds = invocation_ms.ceil() / 1e3 * f64::from(memory_mb) / 1_024.0;
        Self {
            invocation_ms,
            lambda: invocations
                * (gb_seconds * prices.get(GB_SECONDS) + prices.get(REQUESTS) / 1e6),
            metrics: invocations
                * (requests * prices.get(METRIC_REQUESTS) / 1e3
                    + figures.log_bytes_per_batch * prices.get(LOGS) / 1e9),
        }
    }

    fn dollars(&self) -> f64 {
        self.lambda + self.metrics
    }
}

impl fmt::Display for Costs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut costs = table(&[
            "memory MB",
            "PutMetricData: ms a batch",
            "$ a million records",
            "EMF: ms a batch",
            "$ a million records",
        ]);
        for row in &self.rows {
            costs.add_row([
                row.memory_mb.to_string(),
                format!("{:.0}", row.put_metric_data.invocation_ms),
                format!("{:.4}", row.put_metric_data.dollars()),
                format!("{:.0}", row.emf.invocation_ms),
                format!("{:.4}", row.emf.dollars()),
            ]);
        }
        writeln!(
            formatter,
            "Worked out for batches of {} records on a CPU like this one, {PUT_METRIC_DATA_MS} ms for a PutMetricData (an \
             assumption) and the assumed prices of infra/dashboard/prices.json:",
            self.records_per_batch
        )?;
        write!(formatter, "{costs}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Measurement;

    fn figures(metric_requests_per_batch: f64, log_bytes_per_batch: f64) -> Figures {
        let measured = |value| Measurement::new(vec![value]);
        Figures {
            name: String::new(),
            cpu_us_per_record: measured(5.0),
            start_ms: measured(1.0),
            first_invocation_ms: measured(1.0),
            peak_memory_mb: 1.0,
            log_bytes_per_batch,
            metric_requests_per_batch,
        }
    }

    fn prices() -> Prices {
        Prices::read(Path::new("../../infra/dashboard/prices.json")).unwrap()
    }

    #[test]
    fn less_memory_is_less_cpu_and_waiting_is_paid_for() {
        let cost = |figures, memory| Cost::new(figures, 1_000, memory, &prices());
        let (requests, lines) = (&figures(1.0, 0.0), &figures(0.0, 2_000.0));
        // 5 ms of CPU at a quarter of 1,769 MB is 20 ms.
        assert!((cost(lines, 442).invocation_ms - 20.0).abs() < 0.1);
        assert!((cost(requests, 1_769).invocation_ms - 15.0).abs() < 1e-9);
        assert!((cost(lines, 3_538).invocation_ms - 5.0).abs() < 1e-9);
        // A thousand requests, and 2 MB of log.
        assert!((cost(requests, 128).metrics - prices().get(METRIC_REQUESTS)).abs() < 1e-9);
        assert!((cost(lines, 128).metrics - 2e-3 * prices().get(LOGS)).abs() < 1e-9);
        // 5 ms at 1,769 MB, a thousand times, and a thousandth of a million requests.
        let lambda =
            5.0 * 1_769.0 / 1_024.0 * prices().get(GB_SECONDS) + 1e-3 * prices().get(REQUESTS);
        assert!((cost(lines, 1_769).lambda - lambda).abs() < 1e-9);
    }

    #[test]
    fn a_file_without_a_price_is_refused_by_name() {
        let path = std::env::temp_dir().join(format!("prices-{}.json", std::process::id()));
        std::fs::write(&path, r#"{"prices": {"log_gb": {"price": 1}}}"#).unwrap();
        let error = Prices::read(&path).unwrap_err().to_string();
        std::fs::remove_file(&path).unwrap();
        assert!(error.contains(REQUESTS), "{error}");
    }
}
