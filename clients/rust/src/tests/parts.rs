//! The small parts: numbers, clocks, settings, history.

use std::collections::HashMap;
use std::thread;

use aws_sdk_dynamodb::types::AttributeValue;

use super::support::{COUNT, RESET, TIME};
use crate::clock::Clock;
use crate::condition::must_not_exist;
use crate::part::read_part;
use crate::{SettingsError, Stamp, stamps, without_stamps};

fn part(text: &str) -> Option<u64> {
    read_part(Some(&AttributeValue::N(text.to_owned())))
}

#[test]
fn a_number_is_read_however_it_is_written() {
    for twelve in [
        "12", "+0012.0", "1.2E+1", "1200e-2", "0.12E2", "12.", "12E0",
    ] {
        assert_eq!(part(twelve), Some(12), "{twelve}");
    }
    for zero in ["0", "-0", "0.00", "0E999999999999"] {
        assert_eq!(part(zero), Some(0), "{zero}");
    }
    assert_eq!(part("253402300799999999"), Some(253_402_300_799_999_999));
}

#[test]
fn what_is_no_integer_in_range_is_none() {
    let wrong = [
        "",
        ".",
        "-1",
        "1.5",
        "12E-1",
        "253402300800000000",
        "1E18",
        "9999999999999999999999",
        "1E999999999",
        "1E9223372036854775807",
        "1E99999999999999999999",
        "NaN",
        "Infinity",
        "0x1",
        "1_0",
        "1e",
        "--1",
        "+-1",
        "1 ",
    ];
    for wrong in wrong {
        assert_eq!(part(wrong), None, "{wrong}");
    }
    assert_eq!(read_part(Some(&AttributeValue::S("12".into()))), None);
    assert_eq!(read_part(None), None);
}

#[test]
fn time_never_goes_back() {
    let readings = std::sync::Mutex::new([101, 99, 50, 100].to_vec());
    let clock = Clock::custom(move || readings.lock().unwrap().pop().unwrap());
    let read: Vec<u64> = (0..4).map(|_| clock.now().unwrap()).collect();
    assert_eq!(read, [100, 100, 100, 101]);
}

#[test]
fn time_never_goes_back_between_threads() {
    let readers: Vec<_> = (0..4)
        .map(|_| {
            thread::spawn(|| {
                (0..2000)
                    .map(|_| Clock::System.now().unwrap())
                    .collect::<Vec<u64>>()
            })
        })
        .collect();
    for reader in readers {
        let times = reader.join().unwrap();
        assert!(times.is_sorted());
        // From this decade to the end of the century: neither milliseconds nor nanoseconds fit.
        assert!((1_700_000_000_000_000..4_102_444_800_000_000).contains(&times[0]));
    }
}

#[test]
fn a_wrong_setting_is_told_at_once() {
    for region in ["us:east", "", "us east"] {
        let wrong = SettingsError::Region(region.to_owned());
        assert_eq!(Stamp::builder().region(region).build().unwrap_err(), wrong);
    }
    for prefix in ["", "a:b"] {
        let wrong = SettingsError::Prefix(prefix.to_owned());
        assert_eq!(Stamp::builder().prefix(prefix).build().unwrap_err(), wrong);
    }
}

#[test]
fn stamps_can_be_carried_to_a_new_item_or_left_behind() {
    let names = ["id", TIME, COUNT, RESET, "lw:deleted", "lwn"];
    let item: HashMap<String, usize> = names.map(str::to_owned).into_iter().zip(0..).collect();
    let sorted = |item: HashMap<String, usize>| {
        let mut names: Vec<String> = item.into_keys().collect();
        names.sort();
        names
    };
    assert_eq!(sorted(stamps(&item)), [COUNT, RESET, TIME]);
    assert_eq!(
        sorted(without_stamps(item.clone())),
        ["id", "lw:deleted", "lwn"]
    );
    let other = Stamp::builder().prefix("w").build().unwrap();
    assert_eq!(
        other
            .stamps(&HashMap::from([("w:n:eu-west-1".to_owned(), 1)]))
            .len(),
        1
    );
    assert!(other.stamps(&item).is_empty());
    assert_eq!(other.without_stamps(item.clone()), item);
}

#[test]
fn no_condition_exhausts_the_stack() {
    let is_key = |name: &str| name == "id";
    let nested = |depth: usize| {
        let open = "(".repeat(depth);
        let close = ")".repeat(depth);
        format!("{open}attribute_not_exists(id){close}")
    };
    assert!(must_not_exist(&nested(200), None, &is_key));
    assert!(!must_not_exist(&nested(1_000_000), None, &is_key));
    let calls = format!("{}id", "f(".repeat(1_000_000));
    assert!(!must_not_exist(&calls, None, &is_key));
    let negated = format!("{}attribute_exists(id)", "NOT ".repeat(999_999));
    assert!(must_not_exist(&negated, None, &is_key));
}

#[test]
fn debugging_a_stamp_shows_its_settings() {
    let stamp = Stamp::builder().tables(["orders"]).build().unwrap();
    let shown = format!("{stamp:?}");
    assert!(shown.contains("all_tables: false"), "{shown}");
}
