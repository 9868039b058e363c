//! Which shard is read next: parents before their children, the furthest behind first, none too far ahead of the others,
//! none too often. Pure: it is told the time and what each read gave.

use std::collections::HashMap;

/// Reads in flight, by Region.
const IN_FLIGHT: usize = 8;

/// An open shard is read to its end once so many reads in a row gave nothing. AWS does not say when a reader has caught up,
/// and an answer may be empty although there is more.
const EMPTY_READS: u32 = 4;

/// An empty answer says that there is no record up to so many seconds ago.
const SETTLING: u64 = 3;

/// A shard's place in the schedule.
pub(super) type ShardNumber = usize;

/// A shard as DescribeStream lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ListedShard {
    pub(super) id: String,
    pub(super) parent: Option<String>,
    /// It gets no more records.
    pub(super) closed: bool,
}

/// Where reading a shard begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// With its first record that has not been trimmed.
    TrimHorizon,
    /// With the next record that it gets.
    Latest,
}

/// How far to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::audit) enum Extent {
    /// All that the streams hold up to this second.
    Until(u64),
    /// From now on, until somebody ends it.
    Live,
}

/// How fast to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace {
    /// Milliseconds from one read of a shard to the next.
    pub(super) interval_ms: u64,
    /// How many seconds of a stream a shard may be ahead of the one that is furthest behind.
    pub(super) lead: u64,
}

/// What a read of a shard gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Page {
    /// The second of its last record; none if there was no record.
    pub(super) last_second: Option<u64>,
    /// The shard is closed, and this was the end of it.
    pub(super) ended: bool,
}

#[derive(Debug)]
pub(super) struct Schedule {
    extent: Extent,
    pace: Pace,
    regions: Vec<RegionState>,
    shards: Vec<Shard>,
}

#[derive(Debug, Default)]
struct RegionState {
    known: HashMap<String, ShardNumber>,
    /// It never goes back.
    position: u64,
}

#[derive(Debug)]
struct Shard {
    region: usize,
    listed: ListedShard,
    /// None for one whose parent is unknown, because all that it held has been trimmed.
    parent: Option<ShardNumber>,
    has_child: bool,
    start: Start,
    state: State,
    /// All records before this second have been read.
    position: u64,
    empty_reads: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It may be read from this time on.
    Idle {
        from_ms: u64,
    },
    Reading,
    Done,
}

impl Schedule {
    pub(super) fn new(regions: usize, extent: Extent, pace: Pace) -> Self {
        Self {
            extent,
            pace,
            regions: (0..regions).map(|_| RegionState::default()).collect(),
            shards: Vec::new(),
        }
    }

    /// Takes in a Region's shards, and gives the numbers of those that are new.
    pub(super) fn list(&mut self, region: usize, shards: Vec<ListedShard>) -> Vec<ShardNumber> {
        let first_time = self.regions[region].known.is_empty();
        let from_now_on = first_time && self.extent == Extent::Live;
        let first_new = self.shards.len();
        for listed in shards {
            let known = &mut self.regions[region].known;
            if known.contains_key(&listed.id) {
                continue;
            }
            known.insert(listed.id.clone(), self.shards.len());
            self.shards.push(Shard {
                region,
                parent: None,
                has_child: false,
                start: if from_now_on {
                    Start::Latest
                } else {
                    Start::TrimHorizon
                },
                state: match from_now_on && listed.closed {
                    true => State::Done,
                    false => State::Idle { from_ms: 0 },
                },
                position: 0,
                empty_reads: 0,
                listed,
            });
        }
        // A page may list children before their parents.
        let new = first_new..self.shards.len();
        for number in new.clone() {
            let parent = self.shards[number].listed.parent.as_ref();
            let Some(parent) = parent
                .and_then(|id| self.regions[region].known.get(id))
                .copied()
            else {
                continue;
            };
            self.shards[parent].has_child = true;
            self.shards[number].parent = Some(parent);
            self.shards[number].position = self.shards[parent].position;
        }
        new.collect()
    }

    fn is_ready(&self, shard: &Shard) -> bool {
        shard
            .parent
            .is_none_or(|parent| self.shards[parent].state == State::Done)
    }

    /// The shard to read now, which then counts as being read.
    pub(super) fn next(&mut self, now_ms: u64) -> Option<ShardNumber> {
        let is_due = |number: &ShardNumber| matches!(self.shards[*number].state, State::Idle { from_ms } if from_ms <= now_ms);
        let due = self.candidates().filter(is_due);
        let shard = due.min_by_key(|number| self.shards[*number].position)?;
        self.shards[shard].state = State::Reading;
        Some(shard)
    }

    /// When there may be something to read, if nothing else happens before.
    pub(super) fn next_at(&self) -> Option<u64> {
        let from = |number: ShardNumber| match self.shards[number].state {
            State::Idle { from_ms } => Some(from_ms),
            State::Reading | State::Done => None,
        };
        self.candidates().filter_map(from).min()
    }

    /// What may be read as soon as its time has come.
    fn candidates(&self) -> impl Iterator<Item = ShardNumber> {
        let mut in_flight = vec![0; self.regions.len()];
        for shard in &self.shards {
            in_flight[shard.region] += usize::from(shard.state == State::Reading);
        }
        let most = self.furthest_behind().saturating_add(self.pace.lead);
        (0..self.shards.len()).filter(move |number| {
            let shard = &self.shards[*number];
            matches!(shard.state, State::Idle { .. })
                && in_flight[shard.region] < IN_FLIGHT
                && shard.position <= most
                && self.is_ready(shard)
        })
    }

    /// A shard was read. `now_second`: when it was asked.
    pub(super) fn read(&mut self, number: ShardNumber, page: Page, now_ms: u64, now_second: u64) {
        let interval = self.pace.interval_ms;
        let shard = &mut self.shards[number];
        match page.last_second {
            Some(second) => {
                shard.position = shard.position.max(second);
                shard.empty_reads = 0;
            }
            None => shard.empty_reads += 1,
        }
        let caught_up = match self.extent {
            Extent::Until(second) => {
                shard.position > second || !shard.listed.closed && shard.empty_reads >= EMPTY_READS
            }
            Extent::Live => {
                if page.last_second.is_none() && !page.ended {
                    shard.position = shard.position.max(now_second.saturating_sub(SETTLING));
                }
                false
            }
        };
        shard.state = match page.ended || caught_up {
            true => State::Done,
            false => State::Idle {
                from_ms: now_ms + interval,
            },
        };
        if page.ended {
            self.end(number);
        }
    }

    /// A shard could not be read, and may be tried again.
    pub(super) fn postpone(&mut self, number: ShardNumber, until_ms: u64) {
        self.shards[number].state = State::Idle { from_ms: until_ms };
    }

    /// A shard is gone.
    pub(super) fn gone(&mut self, number: ShardNumber) {
        self.shards[number].state = State::Done;
        self.end(number);
    }

    /// What follows a shard does not begin before its end.
    fn end(&mut self, number: ShardNumber) {
        let position = self.shards[number].position;
        for shard in &mut self.shards {
            if shard.parent == Some(number) {
                shard.position = shard.position.max(position);
            }
        }
    }

    /// Whether a shard has ended and none is known that follows it: there may be new ones.
    pub(super) fn has_no_child(&self, number: ShardNumber) -> bool {
        let shard = &self.shards[number];
        shard.state == State::Done && !shard.has_child
    }

    /// Whether a Region has a shard that is still to be read.
    pub(super) fn is_open(&self, region: usize) -> bool {
        let mut shards = self.shards.iter();
        shards.any(|shard| shard.region == region && shard.state != State::Done)
    }

    /// Whether there is nothing left to read.
    pub(super) fn is_finished(&self) -> bool {
        match self.extent {
            Extent::Until(_) => self.shards.iter().all(|shard| shard.state == State::Done),
            Extent::Live => false,
        }
    }

    /// The second before which all of a Region's records have been read; none once all of it has.
    pub(super) fn position(&mut self, region: usize) -> Option<u64> {
        let positions = self
            .shards
            .iter()
            .filter(|shard| shard.region == region && shard.state != State::Done)
            .filter(|shard| self.is_ready(shard))
            .map(|shard| shard.position);
        match (positions.min(), self.extent) {
            (Some(position), _) => {
                let state = &mut self.regions[region];
                state.position = state.position.max(position);
                Some(state.position)
            }
            (None, Extent::Until(_)) => None,
            (None, Extent::Live) => Some(self.regions[region].position),
        }
    }

    /// The position of the shard that is furthest behind.
    fn furthest_behind(&self) -> u64 {
        let open = self
            .shards
            .iter()
            .filter(|shard| shard.state != State::Done);
        let ready = open.filter(|shard| self.is_ready(shard));
        ready.map(|shard| shard.position).min().unwrap_or(0)
    }

    pub(super) fn region(&self, number: ShardNumber) -> usize {
        self.shards[number].region
    }

    pub(super) fn id(&self, number: ShardNumber) -> &str {
        &self.shards[number].listed.id
    }

    pub(super) fn start(&self, number: ShardNumber) -> Start {
        self.shards[number].start
    }

    /// Whether something was there before this shard that may not have been read.
    pub(super) fn follows_another(&self, number: ShardNumber) -> bool {
        self.shards[number].parent.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace {
        interval_ms: 100,
        lead: 60,
    };

    fn listed(id: &str, parent: Option<&str>, closed: bool) -> ListedShard {
        ListedShard {
            id: id.to_owned(),
            parent: parent.map(str::to_owned),
            closed,
        }
    }

    fn schedule(extent: Extent) -> Schedule {
        Schedule::new(2, extent, PACE)
    }

    fn page(last_second: u64) -> Page {
        Page {
            last_second: Some(last_second),
            ended: false,
        }
    }

    const EMPTY: Page = Page {
        last_second: None,
        ended: false,
    };
    const END: Page = Page {
        last_second: None,
        ended: true,
    };

    /// The ids of all that can be read now.
    fn all(schedule: &mut Schedule, now_ms: u64) -> Vec<String> {
        let numbers: Vec<_> = std::iter::from_fn(|| schedule.next(now_ms)).collect();
        numbers.iter().map(|n| schedule.id(*n).to_owned()).collect()
    }

    #[test]
    fn a_child_waits_for_its_parent_and_one_whose_parent_is_trimmed_does_not() {
        let mut schedule = schedule(Extent::Until(10_000));
        schedule.list(
            0,
            vec![
                listed("child", Some("parent"), false),
                listed("parent", Some("trimmed"), true),
                listed("orphan", Some("trimmed"), false),
            ],
        );
        assert_eq!(all(&mut schedule, 0), ["parent", "orphan"]);
        schedule.read(1, page(500), 0, 0);
        schedule.read(2, END, 0, 0);
        assert_eq!(all(&mut schedule, 1_000), ["parent"]);
        schedule.read(1, END, 0, 0);
        assert_eq!(all(&mut schedule, 1_000), ["child"]);
    }

    #[test]
    fn the_furthest_behind_comes_first_and_none_gets_too_far_ahead() {
        let mut schedule = schedule(Extent::Until(10_000));
        schedule.list(0, vec![listed("a", None, false)]);
        schedule.list(1, vec![listed("b", None, false), listed("c", None, false)]);
        all(&mut schedule, 0);
        schedule.read(0, page(120), 0, 0);
        schedule.read(1, page(110), 0, 0);
        schedule.read(2, page(100), 0, 0);
        assert_eq!(all(&mut schedule, 100), ["c", "b", "a"]);
        schedule.read(0, page(161), 0, 0);
        schedule.read(1, page(160), 0, 0);
        // 61 seconds ahead of c, which is being read.
        assert_eq!(all(&mut schedule, 100), ["b"]);
        assert_eq!(
            (schedule.position(0), schedule.position(1)),
            (Some(161), Some(100))
        );
    }

    #[test]
    fn a_shard_rests_between_two_reads_and_a_region_has_a_few_reads_in_flight() {
        let mut schedule = schedule(Extent::Until(10_000));
        let ids: Vec<String> = (0..24).map(|n| format!("shard {n:02}")).collect();
        schedule.list(0, ids.iter().map(|id| listed(id, None, false)).collect());
        assert_eq!(all(&mut schedule, 0).len(), IN_FLIGHT);
        assert_eq!(schedule.next_at(), None);
        schedule.read(0, EMPTY, 50, 0);
        assert_eq!(schedule.next_at(), Some(0));
        assert_eq!(all(&mut schedule, 50), ["shard 08"]);
        schedule.postpone(1, 900);
        (2..9).for_each(|number| schedule.read(number, END, 50, 0));
        assert_eq!(all(&mut schedule, 50).len(), IN_FLIGHT);
    }

    #[test]
    fn an_open_shard_is_read_until_several_answers_are_empty_and_a_closed_one_to_its_end() {
        let mut schedule = schedule(Extent::Until(10_000));
        schedule.list(
            0,
            vec![listed("open", None, false), listed("closed", None, true)],
        );
        for read in 0..EMPTY_READS {
            assert!(!schedule.is_finished(), "{read}");
            all(&mut schedule, 100_000);
            schedule.read(0, EMPTY, 0, 0);
            schedule.read(1, EMPTY, 0, 0);
        }
        assert_eq!(all(&mut schedule, 100_000), ["closed"]);
        schedule.read(1, END, 0, 0);
        assert!(schedule.is_finished());
        assert_eq!(schedule.position(0), None);
    }

    #[test]
    fn what_is_written_after_the_audit_began_is_not_waited_for() {
        let mut schedule = schedule(Extent::Until(10_000));
        schedule.list(0, vec![listed("busy", None, false)]);
        all(&mut schedule, 0);
        schedule.read(0, page(10_000), 0, 0);
        assert!(!schedule.is_finished());
        all(&mut schedule, 100);
        schedule.read(0, page(10_001), 0, 0);
        assert!(schedule.is_finished());
    }

    #[test]
    fn live_begins_with_the_next_record_and_reads_new_shards_from_their_first() {
        let mut schedule = schedule(Extent::Live);
        schedule.list(
            0,
            vec![
                listed("closed", None, true),
                listed("open", Some("closed"), false),
            ],
        );
        assert_eq!(all(&mut schedule, 0), ["open"]);
        assert_eq!(schedule.start(1), Start::Latest);
        // It is read, and idle: the position goes on with the time.
        schedule.read(1, EMPTY, 0, 1_000);
        assert_eq!(schedule.position(0), Some(1_000 - SETTLING));
        all(&mut schedule, 1_000);
        schedule.read(1, END, 0, 1_005);
        assert!(schedule.has_no_child(1) && !schedule.is_open(0) && !schedule.is_finished());
        let new = schedule.list(
            0,
            vec![
                listed("open", None, true),
                listed("new", Some("open"), false),
            ],
        );
        assert_eq!((new, schedule.start(2)), (vec![2], Start::TrimHorizon));
        // It never goes back.
        assert_eq!(schedule.position(0), Some(1_000 - SETTLING));
        assert_eq!(all(&mut schedule, 2_000), ["new"]);
    }

    #[test]
    fn a_shard_that_is_gone_lets_its_children_go_on() {
        let mut schedule = schedule(Extent::Until(10_000));
        schedule.list(
            0,
            vec![
                listed("gone", None, true),
                listed("child", Some("gone"), true),
            ],
        );
        all(&mut schedule, 0);
        schedule.gone(0);
        assert_eq!(all(&mut schedule, 0), ["child"]);
        assert!(
            !schedule.has_no_child(0)
                && schedule.follows_another(1)
                && !schedule.follows_another(0)
        );
    }
}
