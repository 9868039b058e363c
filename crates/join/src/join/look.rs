//! Looking at an item: what is decided is judged and let go.

use conflict::Kind;

use super::Join;
use crate::entry::{Entry, NO_ITEM};
use crate::finding::{Finding, RecordReference};
use crate::judgement::{self, Judgement, Lost};
use crate::regions::RegionIndex;
use crate::segment::{Segment, VersionIndex};

impl Join {
    /// Takes a record into the window.
    pub(super) fn arrive(&mut self, number: usize, entry: Entry, second: u64) {
        let own_second = u64::from(entry.second);
        let item = &mut self.items[number];
        item.waiting -= 1;
        match item.insert(entry) {
            Some(entry) => self.known.attributes.learn(entry),
            None => {
                self.let_go(own_second);
                return;
            }
        }
        self.begin.get_or_insert(second);
        item.last = second;
        if item.due == 0 {
            item.due = second + u64::from(self.options.window);
            self.due.entry(item.due).or_default().push(number);
        }
    }

    /// Judges what of an item is decided at this second, and says when to look again.
    pub(super) fn look(&mut self, number: usize, now: u64) {
        let window = u64::from(self.options.window);
        let item = &self.items[number];
        let is_quiet = item.last + window <= now;
        let entries = std::mem::take(&mut self.items[number].entries);
        let base = self.items[number].base;
        let segment = Segment::new(&entries, self.regions.len(), base, &self.known.attributes);
        let kept = match is_quiet {
            true => {
                self.settle(number, &segment);
                Vec::new()
            }
            false => self.cut(number, &segment, now),
        };
        let mut kept = kept.into_iter().peekable();
        let mut left = Vec::new();
        for (index, entry) in entries.into_iter().enumerate() {
            if kept.peek() == Some(&index) {
                kept.next();
                left.push(entry);
            } else {
                self.let_go(u64::from(entry.second));
            }
        }
        let item = &mut self.items[number];
        item.entries = left;
        if !is_quiet {
            // A part of the window later, so that each record is looked at a few times and no more.
            item.due = (item.last + window).min(now + window.div_ceil(4).max(1));
            self.due.entry(item.due).or_default().push(number);
            return;
        }
        item.due = 0;
        item.base = None;
        if item.waiting == 0 {
            let item = self.items.remove(number);
            self.by_key.remove(&item.key);
        }
    }

    fn let_go(&mut self, second: u64) {
        if let Some(count) = self.held.get_mut(&second) {
            *count -= 1;
            if *count == 0 {
                self.held.remove(&second);
            }
        }
    }

    fn give_up(&mut self, entries: &[Entry]) {
        self.summary.unsettled += 1;
        self.summary.not_judged += entries.len() as u64;
    }

    /// Judges an item that has been quiet for the whole window.
    fn settle(&mut self, number: usize, segment: &Segment<'_>) {
        self.summary.gaps += segment.gaps;
        if !segment.is_settled() {
            self.give_up(segment.entries);
            return;
        }
        self.summary.settled += 1;
        let mut last: Vec<VersionIndex> = segment.tails().collect();
        last.sort_unstable();
        last.dedup();
        self.judge(number, segment, &last);
    }

    /// Judges the versions before the latest one that every Region has shown for the whole window, and gives the records
    /// that are left.
    ///
    /// Each later version was built on that one or on one after it: a Region that held a version made on an earlier one
    /// would have refused it. Only a put of an earlier read can bring an earlier version back, so there must be none.
    fn cut(&mut self, number: usize, segment: &Segment<'_>, now: u64) -> Vec<usize> {
        let window = u64::from(self.options.window);
        let all = || (0..segment.entries.len()).collect();
        let is_old = |entry: Option<usize>| {
            entry.is_none_or(|entry| u64::from(segment.entries[entry].second) + window <= now)
        };
        let is_cut = |version: &VersionIndex| {
            let seen = &segment.versions[*version].seen;
            seen.len() == segment.chains.len()
                && !segment.versions[*version].repeated
                && seen.iter().any(|(_, place)| *place > 0)
                && seen
                    .iter()
                    .all(|(region, place)| is_old(segment.link(*region, *place).entry))
        };
        let mut cuts = (0..segment.versions.len()).rev().filter(is_cut).peekable();
        if cuts.peek().is_none() {
            return all();
        }
        let judgement = Judgement::new(segment, &self.known);
        let Some(cut) = cuts.find(|cut| !judgement.is_bypassed(*cut)) else {
            return all();
        };
        self.judge(number, segment, &[cut]);
        self.items[number].base = Some(segment.versions[cut].digest);
        let mut kept: Vec<usize> = segment.versions[cut]
            .seen
            .iter()
            .flat_map(|(region, place)| {
                let chain = &segment.chains[usize::from(*region)];
                chain[*place as usize + 1..]
                    .iter()
                    .filter_map(|link| link.entry)
            })
            .collect();
        kept.sort_unstable();
        kept
    }

    /// Judges the versions up to the last ones, which have equal content.
    fn judge(&mut self, number: usize, segment: &Segment<'_>, last: &[VersionIndex]) {
        let Some(end) = last.iter().max().copied() else {
            return;
        };
        judgement::learn(segment, end, &mut self.known);
        let judgement = Judgement::new(segment, &self.known);
        for version in 0..=end {
            let is_somebodys = !is_expiry(segment, version);
            if is_somebodys && self.is_judged(segment, version) {
                for way in judgement.ways(version) {
                    self.summary.regions[usize::from(way.region)].writes += way.probability;
                }
            }
        }
        for lost in judgement.lost(last) {
            if !self.is_judged(segment, lost.version) {
                continue;
            }
            let finding = self.finding(number, segment, &judgement, &lost);
            let region = lost.regions.first().copied().unwrap_or_default();
            self.summary.regions[usize::from(region)].lost[lost.confidence as usize] += 1;
            self.findings.push(finding);
        }
    }

    /// Whether a version is not in the first seconds of the streams: what came before it may not have been shown.
    fn is_judged(&self, segment: &Segment<'_>, version: VersionIndex) -> bool {
        let begin = self.begin.unwrap_or(0) + u64::from(self.options.window);
        let first = segment.versions[version].first_second;
        self.options.whole || first.is_some_and(|second| u64::from(second) >= begin)
    }

    fn finding(
        &self,
        number: usize,
        segment: &Segment<'_>,
        judgement: &Judgement<'_, '_>,
        lost: &Lost,
    ) -> Finding {
        let lost_in = lost.regions.first().copied().unwrap_or_default();
        let record = |version: VersionIndex| {
            let seen = &segment.versions[version].seen;
            let (_, place) = seen.iter().find(|(region, _)| *region == lost_in)?;
            let entry = segment.link(lost_in, *place).entry?;
            Some(&segment.entries[entry])
        };
        let (loser, winner) = (record(lost.version), record(lost.won));
        let name = |region: RegionIndex| self.regions.name(region).to_owned();
        let reference = |entry: Option<&Entry>| RecordReference {
            region: name(lost_in),
            sequence_number: entry
                .map_or_else(String::new, |entry| entry.sequence_number.to_string()),
            event_id: entry.and_then(|entry| Some(entry.event_id.as_ref()?.to_string())),
        };
        let kind = |created: bool| match (
            loser.is_some_and(Entry::deletes),
            winner.is_some_and(Entry::deletes),
        ) {
            (true, true) => Kind::DeleteDelete,
            (true, false) => Kind::DeleteUpdate,
            (false, true) => Kind::UpdateDelete,
            (false, false) if created => Kind::InsertInsert,
            (false, false) => Kind::UpdateUpdate,
        };
        let created = |version: VersionIndex| {
            let ways = judgement.ways(version);
            ways.first()
                .is_some_and(|way| segment.versions[way.parent].digest == NO_ITEM)
        };
        let mut one_of: Vec<String> = lost.regions.iter().map(|region| name(*region)).collect();
        one_of.sort_unstable();
        one_of.truncate(if one_of.len() > 1 { one_of.len() } else { 0 });
        Finding {
            table: self.table.clone(),
            key: self.items[number].key.to_string(),
            lost_in: name(lost_in),
            won_in: name(lost.won_in),
            lost_in_one_of: one_of,
            confidence: lost.confidence,
            kind: kind(created(lost.version) && created(lost.won)),
            class: lost.class,
            lost: reference(loser),
            won: reference(winner),
            second: loser.map_or(0, |entry| u64::from(entry.second)),
            stamped: loser.is_some_and(|entry| {
                entry
                    .stamp
                    .is_some_and(|stamp| stamp.region == Some(lost_in))
            }),
            differing_attributes: self.differing(segment, lost_in, lost),
        }
    }

    /// The attributes in which two versions of one chain differ, by the changes between them.
    fn differing(&self, segment: &Segment<'_>, region: RegionIndex, lost: &Lost) -> Vec<String> {
        let place = |version: VersionIndex| {
            let seen = &segment.versions[version].seen;
            seen.iter()
                .find(|(seen, _)| *seen == region)
                .map(|(_, place)| *place)
        };
        let (Some(from), Some(to)) = (place(lost.version), place(lost.won)) else {
            return Vec::new();
        };
        let mut values = std::collections::BTreeMap::new();
        for place in from + 1..=to {
            let Some((entry, _)) = segment.record(region, place) else {
                continue;
            };
            for change in &entry.changes {
                values
                    .entry(change.name)
                    .or_insert((change.old, change.new))
                    .1 = change.new;
            }
        }
        let mut names: Vec<String> = values
            .into_iter()
            .filter(|(_, (old, new))| old != new)
            .map(|(name, _)| self.known.attributes.name(name).to_owned())
            .collect();
        names.sort_unstable();
        names
    }
}

fn is_expiry(segment: &Segment<'_>, version: VersionIndex) -> bool {
    let seen = &segment.versions[version].seen;
    let mut records = seen
        .iter()
        .filter_map(|(region, place)| segment.record(*region, *place));
    records.any(|(entry, _)| entry.by_time_to_live)
}
