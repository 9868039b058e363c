//! What is read of options.

use std::time::Duration;

use local_aws::global_table::Lag;

use super::options::{parse_duration, parse_lag, parse_regions, parse_share};

#[test]
fn regions_are_named_or_counted() {
    let names = |text: &str| -> Vec<&str> {
        let regions = parse_regions(text).unwrap().0;
        regions.into_iter().map(|region| region.name()).collect()
    };
    assert_eq!(names("eu-west-1, us-east-2"), ["eu-west-1", "us-east-2"]);
    assert_eq!(names("2"), ["us-east-1", "eu-west-1"]);
    assert_eq!(names("5").len(), 5);
}

#[test]
fn a_wrong_region_and_a_wrong_number_of_regions_are_named() {
    let wrong = |text: &str| parse_regions(text).unwrap_err().to_string();
    assert!(wrong("us-east-1,mars-1").contains("`mars-1`"));
    assert!(wrong("").contains("`` is not a Region's name"));
    for count in ["0", "1", "6"] {
        assert!(wrong(count).contains(&format!("2 to 5 Regions, not {count}")));
    }
}

#[test]
fn durations_lags_and_shares_are_read() {
    assert_eq!(parse_duration("800ms"), Ok(Duration::from_millis(800)));
    assert_eq!(parse_duration("0.8s"), Ok(Duration::from_millis(800)));
    assert_eq!(parse_duration("3"), Ok(Duration::from_secs(3)));
    let median = Duration::from_secs(2);
    assert_eq!(
        parse_lag("2s:0.9"),
        Ok(Lag::LogNormal { median, sigma: 0.9 })
    );
    assert_eq!(parse_lag("2s:0"), Ok(Lag::Fixed(median)));
    assert_eq!(parse_lag("0"), Ok(Lag::NONE));
    assert_eq!(parse_share("0.25"), Ok(0.25));
}

#[test]
fn what_is_no_duration_lag_or_share_is_quoted() {
    for text in ["", "-1s", "soon", "1e400s", "NaN"] {
        let message = parse_duration(text).unwrap_err().to_string();
        assert!(message.contains(&format!("`{text}`")), "{message}");
    }
    let wrong = |text: &str| parse_lag(text).unwrap_err().to_string();
    assert!(wrong("1s:wide").contains("`wide`"));
    assert!(wrong("1s:9").contains("from 0 to 5, not 9"));
    for text in ["1.1", "-0.1", "NaN", "half"] {
        assert!(parse_share(text).unwrap_err().to_string().contains(text));
    }
}
