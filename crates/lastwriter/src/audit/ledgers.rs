//! Keeps findings in the ledgers of the Regions whose writes were lost, as the function keeps its own.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use futures::stream::{self, StreamExt};
use join::{Class, Confidence, Finding};
use ledger::{ConflictId, Entry, EntryKind, Evidence, Image, ItemKey, Key, Side, StoredEntry};

use super::analysis::{AnalysisError, Audited};
use super::args::Args;
use super::error::AuditError;
use super::images::Version;
use super::progress::say;
use super::reader;
use crate::aws::{self, Whom};
use crate::format::thousands;
use crate::ledger::{LedgerReadError, LedgerTable};

/// How long an entry is kept: the function's default.
const RETENTION_DAYS: u32 = 30;
/// Entries in memory at once, and requests in flight.
const CHUNK: usize = 64;
const CONCURRENCY: usize = 16;

/// Writes what the function cannot have. The inner error tells of findings that were not written.
pub(super) async fn write(
    args: &Args,
    name: &str,
    audited: &mut Audited,
) -> Result<Result<(), AuditError>, AuditError> {
    let endpoints = reader::ledger_endpoints(args.endpoints_file.as_deref())?;
    let Audited { outcome, versions } = audited;
    let mut by_region: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, finding) in outcome.findings.iter().enumerate() {
        if is_kept(finding) {
            by_region.entry(&finding.lost_in).or_default().push(at);
        }
    }
    // Where a file stands for AWS, a Region that it lacks must not be looked for on AWS.
    if let Some(endpoints) = &endpoints
        && let Some(region) = by_region
            .keys()
            .find(|region| !endpoints.contains_key(**region))
    {
        return Ok(Err(AuditError::NoLedgerEndpoint((*region).to_owned())));
    }
    let all: usize = by_region.values().map(Vec::len).sum();
    let (mut written, mut there, mut first) = (0, 0, None);
    for (region, places) in by_region {
        let whom = Whom {
            profile: args.profile.as_deref(),
            region: Some(region),
            endpoint_url: endpoints
                .as_ref()
                .and_then(|endpoints| endpoints.get(region))
                .map(String::as_str),
        };
        let table = match aws::config(whom).await {
            Ok(config) => {
                let client = aws_sdk_dynamodb::Client::new(&config);
                LedgerTable::new(client, name.to_owned(), region.to_owned())
            }
            Err(error) => {
                first.get_or_insert(LedgerReadError::from(error));
                continue;
            }
        };
        // What fails for one entry of a Region most likely fails for the others.
        'region: for places in places.chunks(CHUNK) {
            let mut entries = Vec::with_capacity(places.len());
            for at in places {
                let (lost, won) = match versions {
                    Some(versions) => versions.of(*at).map_err(AnalysisError::from)?,
                    None => (Version::Unknown, Version::Unknown),
                };
                entries.push(entry(&outcome.findings[*at], &lost, &won, Utc::now()));
            }
            let puts = entries.into_iter().map(|entry| put(&table, entry));
            let mut puts = stream::iter(puts).buffer_unordered(CONCURRENCY);
            while let Some(result) = puts.next().await {
                match result {
                    Ok(true) => written += 1,
                    Ok(false) => there += 1,
                    Err(error) => {
                        first.get_or_insert(error);
                        break 'region;
                    }
                }
            }
        }
    }
    let number = |count: usize| thousands(count as u64);
    say(&format!(
        "Ledger {name}: {} findings written, {} were there already; {} left out, of writers that stamp or possible ones.",
        number(written),
        number(there),
        number(outcome.findings.len() - all),
    ));
    Ok(match first {
        Some(first) => Err(AuditError::Ledger {
            failed: all - written - there,
            all,
            first: Box::new(first),
        }),
        None => Ok(()),
    })
}

/// Whether a finding belongs into a ledger: it counts, and the function has no entry of it.
fn is_kept(finding: &Finding) -> bool {
    match finding.confidence {
        Confidence::Certain | Confidence::Likely => !finding.stamped,
        Confidence::Possible => false,
    }
}

/// Writes an entry, its parts first, unless it is there.
async fn put(table: &LedgerTable, entry: StoredEntry) -> Result<bool, LedgerReadError> {
    for part in entry.parts {
        table.put_new(part).await?;
    }
    table.put_new(entry.main).await
}

/// A finding as an entry. Its id is the finding's own, so that it is written once.
fn entry(finding: &Finding, lost: &Version, won: &Version, now: DateTime<Utc>) -> StoredEntry {
    let key: Key = serde_json::from_str(&finding.key).unwrap_or_default();
    let written_at = finding.second * 1_000_000;
    let name = format!(
        "join-{}-{}",
        finding.lost.region, finding.lost.sequence_number
    );
    let kind = match finding.class {
        Class::LostWrite => EntryKind::from(finding.kind),
        // As where an old version is put back.
        Class::StalePut => EntryKind::StaleOverwrite,
    };
    let confidence = match finding.confidence {
        Confidence::Certain => conflict::Confidence::Certain,
        Confidence::Likely | Confidence::Possible => conflict::Confidence::Probable,
    };
    let side = |region: &str, written_at: Option<u64>, version: &Version| Side {
        region: Some(region.to_owned()),
        written_at,
        image: image(version),
        ..Side::default()
    };
    let entry = Entry {
        confidence: Some(confidence.into()),
        evidence: Some(Evidence::Join.into()),
        event_id: finding.won.event_id.clone(),
        sequence_number: Some(finding.won.sequence_number.clone()),
        differing_attributes: Some(finding.differing_attributes.clone()),
        identical: Some(finding.differing_attributes.is_empty()),
        lost_writes: Some(1),
        // By the stream's clock, and to the second.
        loser: Some(side(&finding.lost_in, Some(written_at), lost)),
        winner: Some(side(&finding.won_in, None, won)),
        key: Some(key.clone()),
        ..Entry::new(
            kind,
            ItemKey::from_key(&key),
            ConflictId::new(Some(written_at), &name),
            &finding.table,
            now,
            RETENTION_DAYS,
        )
    };
    entry.into_items()
}

/// The attributes of a version; none of one that was deleted or not seen.
fn image(version: &Version) -> Option<Image> {
    match version {
        Version::Image(text) => serde_json::from_str(text).ok(),
        Version::Deleted | Version::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::finding;
    use super::*;

    fn written(finding: &Finding, now: &str) -> Entry {
        let lost = Version::Image(r#"{"id":{"S":"a"},"x":{"N":"1"}}"#.to_owned());
        let stored = entry(finding, &lost, &Version::Deleted, now.parse().unwrap());
        Entry::read(stored.main, &stored.parts).unwrap()
    }

    #[test]
    fn an_entry_says_what_it_rests_on_and_has_the_findings_own_id() {
        let found = finding("a", 3_600, Confidence::Likely, &["x"]);
        let entry = written(&found, "2026-11-26T12:00:00Z");
        assert_eq!(entry.evidence, Some(Evidence::Join.into()));
        assert_eq!(
            entry.confidence,
            Some(conflict::Confidence::Probable.into())
        );
        assert_eq!(
            entry.differing_attributes.as_deref(),
            Some(&["x".to_owned()][..])
        );
        assert_eq!(entry.item_key.as_str(), r#"{"id":{"S":"a"}}"#);
        let loser = entry.loser.unwrap();
        assert_eq!(loser.written_at, Some(3_600_000_000));
        assert_eq!(loser.image.unwrap().len(), 2);
        assert_eq!(entry.winner.unwrap().image, None);
        let again = written(&found, "2026-11-27T12:00:00Z");
        assert_eq!(again.conflict_id, entry.conflict_id);
        assert_eq!(
            entry.conflict_id.written_at(),
            "1970-01-01T01:00:00Z".parse().ok()
        );
    }

    #[test]
    fn what_the_function_has_and_what_is_only_possible_is_left_out() {
        let kept = |confidence, stamped| {
            is_kept(&Finding {
                stamped,
                ..finding("a", 3_600, confidence, &[])
            })
        };
        assert!(kept(Confidence::Certain, false) && kept(Confidence::Likely, false));
        assert!(!kept(Confidence::Certain, true) && !kept(Confidence::Possible, false));
    }

    #[test]
    fn a_put_of_an_earlier_read_is_a_stale_overwrite() {
        let found = Finding {
            class: Class::StalePut,
            ..finding("a", 3_600, Confidence::Certain, &[])
        };
        let entry = written(&found, "2026-11-26T12:00:00Z");
        assert_eq!(entry.kind, EntryKind::StaleOverwrite.into());
        assert_eq!(entry.confidence, Some(conflict::Confidence::Certain.into()));
    }
}
