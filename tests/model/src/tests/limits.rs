//! What no rule over these stamps can do.

use super::{plan, reaching, update};
use crate::history::{History, Item, Record};
use crate::judges::{Judge, LastWriter};
use crate::plan::Write;
use crate::table;

/// The record of Region 0's stream with the last write, which is made in Region 2.
fn last_in_region_0(history: &History) -> &Record {
    let last = history.last.expect("something was written");
    let mut records = history.records.iter();
    records
        .find(|record| record.region == 0 && record.after == last)
        .expect("the last version reaches every Region")
}

fn images(history: &History) -> [Item; 2] {
    let record = last_in_region_0(history);
    let (old, new) = (history.before(record), history.after(record));
    [old, new].map(|item| Item {
        // Only the negative control reads the version number.
        number: 0,
        ..*item.expect("the record has both images")
    })
}

/// Region 0 writes twice, the second time by a clock that is behind. Region 1 builds on the first write, and wins in
/// Region 0; Region 2 builds on the second, and wins everywhere. It saw the first write: nothing of it is lost.
fn seen() -> History {
    let behind = Write {
        clock: -20_000,
        ..update(1_010, 0)
    };
    let writes = vec![
        reaching(update(1_000, 0), 1, 50),
        reaching(reaching(behind, 1, 900), 2, 50),
        reaching(reaching(update(1_100, 1), 0, 50), 2, 900),
        update(1_300, 2),
    ];
    table::run(&plan(3, writes))
}

/// Region 0 writes twice and loses both to Region 1, whose clock is ahead. At once it writes again, the count used
/// again; and that is lost to Region 2, which had built on the two lost writes.
fn lost() -> History {
    let ahead = Write {
        clock: 125_000,
        ..update(975, 1)
    };
    let writes = vec![
        reaching(reaching(update(900, 0), 1, 900), 2, 50),
        reaching(reaching(update(990, 0), 1, 900), 2, 50),
        // Its private clock is ahead too, or it would lose.
        reaching(reaching(ahead, 0, 20), 2, 900),
        reaching(reaching(update(1_000, 0), 1, 50), 2, 900),
        update(1_300, 2),
    ];
    let mut plan = plan(3, writes);
    plan.private_clocks[1] = 18_000;
    table::run(&plan)
}

#[test]
fn two_histories_show_region_0_the_same_images_and_in_one_of_them_a_write_is_lost() {
    let (seen, lost) = (seen(), lost());
    assert_eq!(images(&seen), images(&lost), "\n{seen}\n{lost}");
    assert!(seen.dropped(last_in_region_0(&seen)).is_empty(), "\n{seen}");
    assert_eq!(lost.dropped(last_in_region_0(&lost)), [3], "\n{lost}");
}

#[test]
fn the_judge_takes_the_doubt_for_seen() {
    let judge = LastWriter::IMAGES_ALONE;
    for history in [seen(), lost()] {
        let opinion = judge.opinion(&history, last_in_region_0(&history));
        assert!(!opinion.is_conflict(), "\n{history}");
    }
}

/// What came before in the same stream tells the two apart.
#[test]
fn the_judge_that_remembers_the_latest_jump_is_right_in_both() {
    let judge = LastWriter::default();
    for (history, is_conflict) in [(seen(), false), (lost(), true)] {
        let opinion = judge.opinion(&history, last_in_region_0(&history));
        assert_eq!(opinion.is_conflict(), is_conflict, "\n{history}");
    }
}
