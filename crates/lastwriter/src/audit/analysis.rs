//! The core of an audit: sightings of all Regions in, an [`Outcome`] out. Who reads the streams, and from where, is
//! another's work.

use std::io;

use join::{Confidence, EventName, Finding, Join, JoinError, Options, Sighting, Summary};

use super::images::ImageStore;
use super::outcome::{Facts, Gap, Incomplete, Outcome};
use super::tally::Tally;
use super::versions::FindingVersions;

/// What is audited, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup {
    /// The table.
    pub table: String,
    /// All of its Regions.
    pub regions: Vec<String>,
    /// How it is judged.
    pub options: Options,
    /// How many bytes of images are kept in memory, so that findings can be shown; none where no image is wanted.
    pub images: Option<u64>,
}

/// An audit under way.
///
/// Each Region's sightings are added in the order of its stream, per item, and [`Audit::advance`] says how far a Region
/// has been read. What is found does not depend on which Region was read first.
#[derive(Debug)]
pub struct Audit {
    join: Join,
    found: Found,
    facts: Facts,
}

/// What has been found so far.
#[derive(Debug)]
struct Found {
    tally: Tally,
    findings: Vec<Finding>,
    certain_or_likely: u64,
    images: Option<Images>,
}

#[derive(Debug)]
struct Images {
    undecided: ImageStore,
    of_findings: FindingVersions,
}

/// An audit that is over.
#[derive(Debug)]
pub struct Audited {
    /// What was found.
    pub outcome: Outcome,
    /// Both versions of each of its findings, where images were kept.
    pub versions: Option<FindingVersions>,
}

/// Why an audit cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum AnalysisError {
    /// The join refuses it.
    #[error(transparent)]
    Join(#[from] JoinError),
    /// Images cannot be kept.
    #[error(
        "the temporary file for images cannot be used: {0}. TMPDIR names the folder; --json without --report and --ledger \
         keeps no images"
    )]
    Images(#[from] io::Error),
}

impl Audit {
    /// An audit that has read nothing yet.
    ///
    /// # Errors
    ///
    /// [`JoinError::Regions`].
    pub fn new(setup: Setup) -> Result<Self, JoinError> {
        let images = setup.images.map(|memory| Images {
            undecided: ImageStore::new(&setup.regions, memory),
            of_findings: FindingVersions::new(memory / 8),
        });
        Ok(Self {
            join: Join::new(&setup.table, setup.regions, setup.options)?,
            found: Found {
                tally: Tally::default(),
                findings: Vec::new(),
                certain_or_likely: 0,
                images,
            },
            facts: Facts {
                table: setup.table,
                window: setup.options.window,
                whole: setup.options.whole,
                interrupted: false,
                seconds: None,
                incomplete: Incomplete::default(),
            },
        })
    }

    /// Whether it is worth while to hand in images.
    pub fn keeps_images(&self) -> bool {
        self.found.images.is_some()
    }

    /// Takes in a record, and the image that it left as DynamoDB JSON, where there is one.
    ///
    /// # Errors
    ///
    /// [`AnalysisError`]; a record of another Region is left out.
    pub fn add(&mut self, sighting: &Sighting, image: Option<&str>) -> Result<(), AnalysisError> {
        self.join.add(sighting)?;
        let second = sighting.second;
        let (first, last) = self.facts.seconds.unwrap_or((second, second));
        self.facts.seconds = Some((first.min(second), last.max(second)));
        if let Some(images) = &mut self.found.images {
            let is_delete = match sighting.event_name {
                EventName::Remove => true,
                EventName::Insert | EventName::Modify => false,
            };
            if is_delete || image.is_some() {
                images.undecided.keep(
                    &sighting.region,
                    &sighting.sequence_number,
                    second,
                    image.filter(|_| !is_delete),
                )?;
            }
        }
        Ok(())
    }

    /// Says that all records of a Region before this second have been added, and judges what can be judged then.
    ///
    /// # Errors
    ///
    /// [`AnalysisError`]
    pub fn advance(&mut self, region: &str, second: u64) -> Result<(), AnalysisError> {
        self.join.advance(region, second)?;
        let findings = self.join.take_findings();
        self.found.keep(findings)?;
        if let Some(images) = &mut self.found.images {
            images.undecided.let_go(self.join.oldest_held());
        }
        Ok(())
    }

    /// Findings so far that count: certain and likely ones.
    pub fn found(&self) -> u64 {
        self.found.certain_or_likely
    }

    /// Every finding so far, possible ones too.
    pub fn findings(&self) -> &[Finding] {
        &self.found.findings
    }

    /// Notes that everything up to a second was read, even where there was no record.
    pub fn note_read_until(&mut self, second: u64) {
        if let Some((_, last)) = &mut self.facts.seconds {
            *last = second.max(*last);
        }
    }

    /// Notes a stretch of a stream that could not be read.
    pub fn note_gap(&mut self, gap: Gap) {
        let gaps = &mut self.facts.incomplete.gaps;
        if !gaps.contains(&gap) {
            gaps.push(gap);
        }
    }

    /// Notes a record that could not be read.
    pub fn note_unreadable(&mut self) {
        self.facts.incomplete.unreadable += 1;
    }

    /// Notes a record of another table.
    pub fn note_other_table(&mut self) {
        self.facts.incomplete.other_tables += 1;
    }

    /// Ends it where all that there is has been added: judges what is left, and says what was found.
    ///
    /// # Errors
    ///
    /// [`AnalysisError::Images`]
    pub fn finish(self) -> Result<Audited, AnalysisError> {
        let (rest, summary) = self.join.finish();
        let mut found = self.found;
        found.keep(rest)?;
        Ok(found.audited(self.facts, summary))
    }

    /// Ends it in the middle: what could not be judged by [`Audit::advance`] is not judged. `interrupted`: more was to be
    /// read.
    pub fn stop(self, interrupted: bool) -> Audited {
        let mut summary = self.join.summary();
        summary.not_judged += self.join.records_held();
        let facts = Facts {
            interrupted,
            ..self.facts
        };
        self.found.audited(facts, summary)
    }
}

impl Found {
    fn audited(self, facts: Facts, summary: Summary) -> Audited {
        Audited {
            outcome: Outcome::new(facts, &self.tally, summary, self.findings),
            versions: self.images.map(|images| images.of_findings),
        }
    }

    fn keep(&mut self, findings: Vec<Finding>) -> Result<(), AnalysisError> {
        for finding in findings {
            self.tally.add(&finding);
            self.certain_or_likely += match finding.confidence {
                Confidence::Certain | Confidence::Likely => 1,
                Confidence::Possible => 0,
            };
            if let Some(images) = &mut self.images {
                let lost = images.undecided.version(&finding.lost)?;
                let won = images.undecided.version(&finding.won)?;
                images.of_findings.push(&lost, &won)?;
            }
            self.findings.push(finding);
        }
        Ok(())
    }
}
