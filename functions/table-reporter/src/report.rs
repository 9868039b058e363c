//! From a table's description, and what is open in the ledger, to metrics. Pure.

use aws_sdk_dynamodb::types::{ReplicaStatus, TableDescription, TableStatus};

use chrono::{DateTime, Utc};

use crate::metric::{Datum, Metric};
use crate::source::OpenEntries;

/// What to publish of a table as `region` describes it.
///
/// A number that the description leaves out is left out here too: a zero would look like an empty table.
pub fn data(table: &TableDescription, region: &str) -> Vec<Datum> {
    let mut data = Vec::new();
    let mut add = |metric, dimension_value: Option<&str>, value: Option<i64>| {
        let dimension_value = dimension_value.map(str::to_owned);
        data.extend(value.map(|value| Datum {
            metric,
            dimension_value,
            value: value as f64,
        }));
    };
    add(Metric::ItemCount, None, table.item_count());
    add(Metric::TableSizeBytes, None, table.table_size_bytes());
    for (name, items, bytes) in indexes(table) {
        add(Metric::IndexItemCount, Some(name), items);
        add(Metric::IndexSizeBytes, Some(name), bytes);
    }
    for (region, healthy) in replicas(table, region) {
        add(
            Metric::ReplicaHealthy,
            Some(region),
            Some(i64::from(healthy)),
        );
    }
    data
}

/// What to publish of the entries that wait for an operator.
pub fn open_entries(open: OpenEntries, now: DateTime<Utc>) -> [Datum; 2] {
    let age = open.oldest.map_or(0, |oldest| (now - oldest).num_seconds());
    let datum = |metric, value| Datum {
        metric,
        dimension_value: None,
        value,
    };
    [
        datum(Metric::OpenEntries, open.count as f64),
        // Another clock may be a little ahead.
        datum(Metric::OldestOpenEntryAge, age.max(0) as f64),
    ]
}

/// Name, items and bytes of every index, global and local.
fn indexes(table: &TableDescription) -> impl Iterator<Item = (&str, Option<i64>, Option<i64>)> {
    let global = table.global_secondary_indexes().iter().filter_map(|index| {
        Some((
            index.index_name()?,
            index.item_count(),
            index.index_size_bytes(),
        ))
    });
    let local = table.local_secondary_indexes().iter().filter_map(|index| {
        Some((
            index.index_name()?,
            index.item_count(),
            index.index_size_bytes(),
        ))
    });
    global.chain(local)
}

/// Every replica's Region, and whether it is healthy.
///
/// DescribeTable's `Replicas` leaves out the Region that is asked, so `region`'s own state is the TableStatus.
fn replicas<'t>(table: &'t TableDescription, region: &'t str) -> Vec<(&'t str, bool)> {
    let own = table.table_status().is_some_and(table_is_healthy);
    let mut replicas = vec![(region, own)];
    replicas.extend(table.replicas().iter().filter_map(|replica| {
        let name = replica.region_name().filter(|name| *name != region)?;
        let healthy = replica.replica_status().is_some_and(replica_is_healthy);
        Some((name, healthy))
    }));
    replicas
}

/// Whether a table in this state serves requests and replicates. It does while it is being changed (UPDATING), and nobody
/// has to look at one that is being made.
/// Source: Amazon DynamoDB API Reference, "TableDescription", `TableStatus`.
fn table_is_healthy(status: &TableStatus) -> bool {
    match status {
        TableStatus::Active | TableStatus::Creating | TableStatus::Updating => true,
        TableStatus::Archived
        | TableStatus::Archiving
        | TableStatus::Deleting
        | TableStatus::InaccessibleEncryptionCredentials
        | TableStatus::ReplicationNotAuthorized => false,
        // One that AWS has added since has to be looked at.
        _ => false,
    }
}

/// The same of a replica as another Region sees it.
/// Source: Amazon DynamoDB API Reference, "ReplicaDescription", `ReplicaStatus`.
fn replica_is_healthy(status: &ReplicaStatus) -> bool {
    match status {
        ReplicaStatus::Active | ReplicaStatus::Creating | ReplicaStatus::Updating => true,
        ReplicaStatus::Archived
        | ReplicaStatus::Archiving
        | ReplicaStatus::CreationFailed
        | ReplicaStatus::Deleting
        | ReplicaStatus::InaccessibleEncryptionCredentials
        | ReplicaStatus::RegionDisabled
        | ReplicaStatus::ReplicationNotAuthorized => false,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::{
        GlobalSecondaryIndexDescription, LocalSecondaryIndexDescription, ReplicaDescription,
    };

    use super::*;

    fn datum(metric: Metric, dimension_value: Option<&str>, value: f64) -> Datum {
        Datum {
            metric,
            dimension_value: dimension_value.map(str::to_owned),
            value,
        }
    }

    fn replica(region: &str, status: ReplicaStatus) -> ReplicaDescription {
        ReplicaDescription::builder()
            .region_name(region)
            .replica_status(status)
            .build()
    }

    #[test]
    fn a_global_table_reports_its_sizes_its_indexes_and_every_replica() {
        let table = TableDescription::builder()
            .table_status(TableStatus::Active)
            .item_count(3)
            .table_size_bytes(900)
            .global_secondary_indexes(
                GlobalSecondaryIndexDescription::builder()
                    .index_name("GSI1")
                    .item_count(2)
                    .index_size_bytes(50)
                    .build(),
            )
            .local_secondary_indexes(
                LocalSecondaryIndexDescription::builder()
                    .index_name("ByDate")
                    .item_count(1)
                    .index_size_bytes(20)
                    .build(),
            )
            .replicas(replica("us-east-1", ReplicaStatus::Active))
            .replicas(replica("ap-south-1", ReplicaStatus::RegionDisabled))
            .build();
        let data = data(&table, "eu-west-1");
        let open = open_entries(OpenEntries::default(), DateTime::UNIX_EPOCH);
        for metric in Metric::ALL {
            assert!(
                data.iter()
                    .chain(&open)
                    .any(|datum| datum.metric == *metric),
                "{metric:?}"
            );
        }
        assert_eq!(
            data,
            [
                datum(Metric::ItemCount, None, 3.0),
                datum(Metric::TableSizeBytes, None, 900.0),
                datum(Metric::IndexItemCount, Some("GSI1"), 2.0),
                datum(Metric::IndexSizeBytes, Some("GSI1"), 50.0),
                datum(Metric::IndexItemCount, Some("ByDate"), 1.0),
                datum(Metric::IndexSizeBytes, Some("ByDate"), 20.0),
                datum(Metric::ReplicaHealthy, Some("eu-west-1"), 1.0),
                datum(Metric::ReplicaHealthy, Some("us-east-1"), 1.0),
                datum(Metric::ReplicaHealthy, Some("ap-south-1"), 0.0),
            ]
        );
    }

    #[test]
    fn the_region_that_is_asked_reports_its_own_table_status() {
        for (status, healthy) in [
            (TableStatus::Active, 1.0),
            (TableStatus::Creating, 1.0),
            (TableStatus::Updating, 1.0),
            (TableStatus::Deleting, 0.0),
            (TableStatus::InaccessibleEncryptionCredentials, 0.0),
            (TableStatus::ReplicationNotAuthorized, 0.0),
            (TableStatus::Archiving, 0.0),
            (TableStatus::Archived, 0.0),
            (TableStatus::from("EVAPORATED"), 0.0),
        ] {
            let table = TableDescription::builder().table_status(status).build();
            assert_eq!(
                data(&table, "eu-west-1"),
                [datum(Metric::ReplicaHealthy, Some("eu-west-1"), healthy)]
            );
        }
    }

    #[test]
    fn a_replica_that_is_being_changed_is_healthy_and_one_that_does_not_replicate_is_not() {
        for (status, healthy) in [
            (ReplicaStatus::Active, 1.0),
            (ReplicaStatus::Creating, 1.0),
            (ReplicaStatus::Updating, 1.0),
            (ReplicaStatus::CreationFailed, 0.0),
            (ReplicaStatus::Deleting, 0.0),
            (ReplicaStatus::RegionDisabled, 0.0),
            (ReplicaStatus::InaccessibleEncryptionCredentials, 0.0),
            (ReplicaStatus::ReplicationNotAuthorized, 0.0),
            (ReplicaStatus::Archiving, 0.0),
            (ReplicaStatus::Archived, 0.0),
            (ReplicaStatus::from("EVAPORATED"), 0.0),
        ] {
            let table = TableDescription::builder()
                .table_status(TableStatus::Active)
                .replicas(replica("us-east-1", status))
                .build();
            let other = data(&table, "eu-west-1").pop().unwrap();
            assert_eq!(
                other,
                datum(Metric::ReplicaHealthy, Some("us-east-1"), healthy)
            );
        }
    }

    #[test]
    fn open_entries_are_counted_and_the_oldest_has_an_age() {
        let now: DateTime<Utc> = "2026-11-26T12:00:10.900Z".parse().unwrap();
        let values = |count, oldest: Option<&str>| {
            let open = OpenEntries {
                count,
                more: false,
                oldest: oldest.map(|time| time.parse().unwrap()),
            };
            open_entries(open, now).map(|datum| datum.value)
        };
        assert_eq!(values(0, None), [0.0, 0.0]);
        assert_eq!(values(3, Some("2026-11-26T12:00:00.123Z")), [3.0, 10.0]);
        assert_eq!(values(1, Some("2026-11-26T12:00:11Z")), [1.0, 0.0]);
    }

    #[test]
    fn a_replica_that_is_named_twice_is_counted_once() {
        let table = TableDescription::builder()
            .table_status(TableStatus::Active)
            .replicas(replica("eu-west-1", ReplicaStatus::Creating))
            .build();
        assert_eq!(data(&table, "eu-west-1").len(), 1);
    }

    #[test]
    fn what_the_description_leaves_out_is_not_reported_as_zero() {
        let index = GlobalSecondaryIndexDescription::builder()
            .index_name("GSI1")
            .build();
        let table = TableDescription::builder()
            .table_status(TableStatus::Active)
            .global_secondary_indexes(index)
            .build();
        let metrics: Vec<Metric> = data(&table, "eu-west-1").iter().map(|d| d.metric).collect();
        assert_eq!(metrics, [Metric::ReplicaHealthy]);
    }
}
