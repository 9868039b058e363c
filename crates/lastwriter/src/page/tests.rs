//! Data stays data, and axes end where they should.

use super::axis::{Axis, TimeLabels, Timeline, nice};
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

#[test]
fn the_ticks_of_a_day_are_at_round_times() {
    let shown = |start: &str, step: f64, with_day| {
        let timeline = Timeline {
            step,
            steps: 49,
            labels: TimeLabels::Clock {
                start: start.parse().unwrap(),
                with_day,
            },
            band: None,
            line: None,
        };
        let markup = timeline.times(0.0).into_string();
        let labels = markup
            .split("</text>")
            .filter_map(|text| text.rsplit('>').next());
        let labels: Vec<String> = labels
            .filter(|label| !label.is_empty())
            .map(str::to_owned)
            .collect();
        (labels, timeline.span(1))
    };
    let (labels, span) = shown("2026-11-26T17:06:00Z", 2.0, false);
    assert_eq!(labels, ["17:20", "17:40", "18:00", "18:20", "18:40"]);
    assert_eq!(span, "17:08 to 17:10 UTC");
    let (labels, _) = shown("2026-11-26T17:30:00Z", 30.0, false);
    assert_eq!(labels, ["18:00", "00:00", "06:00", "12:00", "18:00"]);
    let (labels, _) = shown("2026-11-20T00:00:00Z", 240.0, true);
    assert_eq!(labels[..2], ["11-20 00:00", "11-22 00:00"]);
}
