//! What stops a global table from starting, and what is said then.

use super::support::*;
use crate::global_table::*;

async fn refusal(config: GlobalTableConfig) -> String {
    match GlobalTable::start(config).await {
        Ok(_) => panic!("it started"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn too_few_too_many_and_repeated_regions_are_refused() {
    assert!(refusal(config(&[EAST])).await.contains("2 to 5"));
    let six = [EAST, WEST, EU, "eu-north-1", "sa-east-1", "ca-central-1"];
    assert!(refusal(config(&six)).await.contains("not 6"));
    let twice = refusal(config(&[EAST, EU, EAST])).await;
    assert!(twice.contains("us-east-1 is named twice"), "{twice}");
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let taken = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = refusal(GlobalTableConfig {
        ports: vec![0, port],
        ..config(&[EAST, WEST])
    })
    .await;
    assert!(
        error.contains(&format!("port {port} for us-west-2 is taken")),
        "{error}"
    );
}

#[tokio::test]
async fn a_given_port_is_used() {
    // Found free and given back, so another program could take it in between; then the start says so.
    let free = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let config = GlobalTableConfig {
        ports: vec![port, 0],
        ..config(&[EAST, WEST])
    };
    match GlobalTable::start(config).await {
        Ok(table) => assert!(
            table
                .endpoint(region(EAST))
                .unwrap()
                .ends_with(&format!(":{port}"))
        ),
        Err(error) => assert!(
            matches!(error, GlobalTableError::PortTaken { .. }),
            "{error}"
        ),
    }
}

#[tokio::test]
async fn settings_out_of_range_are_refused() {
    let base = || config(&[EAST, WEST]);
    let wrong = [
        (
            GlobalTableConfig {
                ports: vec![0],
                ..base()
            },
            "1 ports for 2 Regions",
        ),
        (
            GlobalTableConfig {
                account: "12345".into(),
                ..base()
            },
            "12 digits",
        ),
        (
            GlobalTableConfig {
                combine: 1.5,
                ..base()
            },
            "from 0 to 1",
        ),
        (
            GlobalTableConfig {
                lag: Lag::LogNormal {
                    median: std::time::Duration::ZERO,
                    sigma: f64::NAN,
                },
                ..base()
            },
            "sigma",
        ),
        (
            GlobalTableConfig {
                tables: vec![TableDefinition::usual("no spaces")],
                ..base()
            },
            "the table no spaces cannot be made",
        ),
    ];
    for (config, expected) in wrong {
        let error = refusal(config).await;
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn a_region_without_a_replica_is_refused() {
    let world = World::start(config(&[EAST, WEST])).await;
    let error = world.table.cut(region(EU)).await.unwrap_err().to_string();
    assert!(error.contains("no replica in eu-west-1"), "{error}");
    assert!(world.table.endpoint(region(EU)).is_err());
}

#[tokio::test]
async fn five_regions_start() {
    let five = [EAST, WEST, EU, "ap-southeast-2", "sa-east-1"];
    let world = World::start(config(&five)).await;
    world.put("sa-east-1", "a", "1").await;
    world.table.wait_until_converged().await;
    assert_eq!(world.everywhere("a").await, vec![Some("1".to_owned()); 5]);
}
