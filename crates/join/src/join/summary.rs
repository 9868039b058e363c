//! What a join has judged, in numbers.

use serde::Serialize;

use crate::attributes::AttributeReport;
use crate::clocks::ClockCheck;
use crate::finding::Confidence;

/// What was judged so far.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// By Region, sorted by name.
    pub regions: Vec<RegionSummary>,
    /// Items that were judged and let go, each time counted.
    pub settled: u64,
    /// Times that a record's old image was not the version before it: records are missing.
    pub gaps: u64,
    /// Items on which the Regions did not agree when their time was over: a Region is behind by more than the window,
    /// or records are missing. Nothing is said of them.
    pub unsettled: u64,
    /// Records that were not judged: the first and the last seconds of the streams, and unsettled items.
    pub not_judged: u64,
    /// Whether the clocks of Regions can be trusted.
    pub clocks: ClockCheck,
    /// The attributes that changed, with what they could serve as.
    pub attributes: Vec<AttributeReport>,
}

/// One Region's writes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RegionSummary {
    /// The Region.
    pub region: String,
    /// Records that were read.
    pub records: u64,
    /// Writes judged that were made here. Where streams leave open which Region it was, each gets a part: so no whole
    /// number.
    pub writes: f64,
    /// Of these, the lost ones by confidence: certain, likely, possible.
    pub lost: [u64; 3],
}

impl RegionSummary {
    /// Lost writes of this confidence.
    pub fn lost(&self, confidence: Confidence) -> u64 {
        self.lost[confidence as usize]
    }
}

impl Summary {
    pub(super) fn new(regions: &[String]) -> Self {
        Self {
            regions: regions
                .iter()
                .map(|region| RegionSummary {
                    region: region.clone(),
                    records: 0,
                    writes: 0.0,
                    lost: [0; 3],
                })
                .collect(),
            settled: 0,
            gaps: 0,
            unsettled: 0,
            not_judged: 0,
            clocks: ClockCheck::default(),
            attributes: Vec::new(),
        }
    }
}
