//! Data stays data, and axes end where they should.

use super::axis::{Axis, nice};
use super::json;

#[test]
fn json_in_a_script_has_no_character_that_html_minds() {
    let evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)><!--'\"&";
    let text = json(&[evil]).unwrap();
    assert!(!text.contains(['<', '>', '&']));
    assert_eq!(serde_json::from_str::<[String; 1]>(&text).unwrap(), [evil]);
}

#[test]
fn ticks_are_round_numbers() {
    assert_eq!(
        [0.0, 1.0, 1.1, 3.0, 7.0, 12.0, 500.0].map(nice),
        [1.0, 1.0, 2.0, 5.0, 10.0, 20.0, 500.0]
    );
}

#[test]
fn a_linear_axis_ends_at_its_first_tick_that_holds_everything() {
    let axis = Axis::linear_to_tick(33.0, 4.0, (188.0, 18.0));
    assert_eq!(axis.ticks(), [0.0, 10.0, 20.0, 30.0, 40.0]);
    assert_eq!(
        [0.0, 20.0, 40.0, 99.0].map(|value| axis.at(value)),
        [188.0, 103.0, 18.0, 18.0]
    );
}

#[test]
fn a_logarithmic_axis_spans_whole_powers_of_ten() {
    let axis = Axis::logarithmic(15.0, 2_000.0, (100.0, 0.0));
    assert_eq!(axis.ticks(), [10.0, 100.0, 1_000.0, 10_000.0]);
    assert_eq!(
        [1.0, 10.0, 10_000.0].map(|value| axis.at(value)),
        [100.0, 100.0, 0.0]
    );
    // Without a value there is a scale all the same.
    assert_eq!(
        Axis::logarithmic(f64::INFINITY, 1_000.0, (1.0, 0.0)).ticks(),
        [1_000.0, 10_000.0]
    );
}
