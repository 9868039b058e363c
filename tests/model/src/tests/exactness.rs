//! The bar, as properties of random histories.

use proptest::prelude::*;

use super::strategy::{inside_the_bar, of_any_kind};
use crate::judges::{Judge, LastWriter, Memory, VERDICTS};
use crate::table;
use crate::truth::{self, AnnotatedHistory};

const JUDGE: LastWriter = LastWriter {
    from_text: false,
    memory: Memory::All,
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn with_two_regions_each_lost_write_is_found_and_no_conflict_is_false(plan in inside_the_bar(2)) {
        let history = table::run(&plan);
        for judge in [JUDGE, LastWriter::IMAGES_ALONE] {
            let score = truth::score(&history, &judge);
            prop_assert!(score.is_exact(), "{}", AnnotatedHistory { history: &history, judge: &judge });
            prop_assert_eq!(score.look_ups, 0);
        }
    }

    /// From three Regions on, no rule over these stamps can be exact: `limits` shows why.
    #[test]
    fn with_more_regions_only_close_reuse_of_a_count_hides_a_lost_write(
        plan in (3usize..=5).prop_flat_map(inside_the_bar)
    ) {
        let history = table::run(&plan);
        let score = truth::score(&history, &JUDGE);
        prop_assert!(
            score.is_exact_but_for_close_reuse(),
            "{}", AnnotatedHistory { history: &history, judge: &JUDGE }
        );
    }

    #[test]
    fn the_verdicts_add_up_to_the_records(plan in (2usize..=5).prop_flat_map(of_any_kind)) {
        let history = table::run(&plan);
        let score = truth::score(&history, &JUDGE);
        prop_assert_eq!(score.verdicts.iter().sum::<u64>(), history.records.len() as u64);
        let conflict = VERDICTS.iter().position(|name| *name == "conflict").unwrap();
        prop_assert_eq!(score.verdicts[conflict], score.conflicts);
    }

    #[test]
    fn stamps_read_from_text_give_the_same_verdicts(plan in (2usize..=5).prop_flat_map(of_any_kind)) {
        let history = table::run(&plan);
        let from_text = LastWriter { from_text: true, ..JUDGE };
        for record in &history.records {
            prop_assert_eq!(
                JUDGE.opinion(&history, record),
                from_text.opinion(&history, record),
                "{}", history.line(record)
            );
        }
    }

    #[test]
    fn a_write_is_lost_in_its_own_region_or_not_at_all(plan in (2usize..=5).prop_flat_map(inside_the_bar)) {
        let history = table::run(&plan);
        for write in truth::lost(&history).iter() {
            let region = history.applied[write].region;
            let taken = history.records.iter().any(|record| {
                record.region == region && history.dropped(record).contains(&write)
            });
            prop_assert!(taken, "w{write} vanished without a record\n{history}");
        }
    }
}
