//! The metrics, their units and dimensions. `contract.json` lists the same for the templates; a test compares them.

use strum::{IntoStaticStr, VariantArray};

/// The dimension of every metric: the table's name.
pub const TABLE_NAME: &str = "TableName";

/// A metric of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, VariantArray)]
pub enum Metric {
    /// Items in the table, as DynamoDB counted them last (about every six hours).
    ItemCount,
    /// The table's size, as of the same count.
    TableSizeBytes,
    /// Items in an index.
    IndexItemCount,
    /// An index's size.
    IndexSizeBytes,
    /// 1 where a replica works, while it is being updated too; 0 where it does not: see [`report`](crate::report).
    ReplicaHealthy,
    /// Entries of the Region's ledger that wait for an operator; at least so many, where they are very many.
    OpenEntries,
    /// How long ago the oldest of these was found; 0 without any.
    OldestOpenEntryAge,
}

impl Metric {
    /// All of them.
    pub const ALL: &[Metric] = Metric::VARIANTS;

    /// Its name in CloudWatch.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Its unit, as CloudWatch spells it.
    pub fn unit(self) -> &'static str {
        match self {
            Metric::ItemCount
            | Metric::IndexItemCount
            | Metric::ReplicaHealthy
            | Metric::OpenEntries => "Count",
            Metric::OldestOpenEntryAge => "Seconds",
            Metric::TableSizeBytes | Metric::IndexSizeBytes => "Bytes",
        }
    }

    /// The dimension that it has beside the table's name, if any.
    pub fn dimension(self) -> Option<&'static str> {
        match self {
            Metric::ItemCount
            | Metric::TableSizeBytes
            | Metric::OpenEntries
            | Metric::OldestOpenEntryAge => None,
            Metric::IndexItemCount | Metric::IndexSizeBytes => Some("IndexName"),
            Metric::ReplicaHealthy => Some("ReplicaRegion"),
        }
    }
}

/// One value of a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Datum {
    /// Which metric.
    pub metric: Metric,
    /// The value of its own dimension: an index's name or a Region. None exactly where [`Metric::dimension`] is.
    pub dimension_value: Option<String>,
    /// The value, in the metric's unit.
    pub value: f64,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;
    use crate::settings::SETTINGS;

    fn contract() -> Value {
        serde_json::from_str(include_str!("../contract.json")).expect("contract.json is JSON")
    }

    #[test]
    fn the_contract_names_every_metric_with_its_unit_and_dimensions() {
        let emitted: BTreeMap<&str, Value> = Metric::ALL
            .iter()
            .map(|metric| {
                let dimensions: Vec<&str> = [Some(TABLE_NAME), metric.dimension()]
                    .into_iter()
                    .flatten()
                    .collect();
                let entry = json!({"unit": metric.unit(), "dimension_sets": [dimensions]});
                (metric.name(), entry)
            })
            .collect();
        assert_eq!(contract()["metrics"], json!(emitted));
    }

    #[test]
    fn the_contract_names_every_setting_with_its_default() {
        let settings: BTreeMap<&str, Option<&str>> = SETTINGS.into();
        assert_eq!(contract()["settings"], json!(settings));
    }
}
