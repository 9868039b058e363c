//! Which entries a list shows, as its address says it: words from fixed lists, and nothing of an item.

use std::collections::BTreeSet;
use std::sync::Arc;

use ledger::{EntryKind, ItemKey, Status};
use serde::Deserialize;

use super::super::key::{KeyPart, item_key};
use super::super::list::Filter;
use super::listed::{Listed, Snapshot};

/// How many entries a list has on one page.
pub(super) const ROWS: usize = 50;

/// What is chosen where all is to be shown.
pub(super) const ANY: &str = "any";

/// The filters of an address. What they are not known to have is no filter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Query {
    /// A status, or `any`; open if none.
    pub(super) status: Option<String>,
    /// A kind.
    pub(super) kind: Option<String>,
    /// A Region that lost or won.
    pub(super) region: Option<String>,
    /// The last hours only.
    pub(super) hours: Option<String>,
    /// Which page of the list, from 1.
    pub(super) page: Option<String>,
    /// The name of a search that was sent.
    pub(super) search: Option<String>,
}

impl Query {
    /// The status that is shown; none is any.
    pub(super) fn status(&self) -> Option<&str> {
        let known = |status: &&Status| Some((**status).into()) == self.status.as_deref();
        match self.status.as_deref() {
            Some(ANY) => None,
            _ => Some(
                Status::ALL
                    .iter()
                    .find(known)
                    .map_or(Status::Open.into(), |status| (*status).into()),
            ),
        }
    }

    pub(super) fn kind(&self) -> Option<&'static str> {
        let mut kinds = EntryKind::ALL.iter().map(|kind| kind.name());
        kinds.find(|kind| Some(*kind) == self.kind.as_deref())
    }

    pub(super) fn hours(&self) -> Option<u32> {
        self.hours.as_ref()?.parse().ok()
    }

    pub(super) fn page(&self) -> usize {
        self.page
            .as_ref()
            .and_then(|page| page.parse().ok())
            .unwrap_or(1)
            .max(1)
    }

    /// The filters without the status: the charts show what became of each.
    pub(super) fn filter(&self) -> Filter {
        Filter {
            kinds: self.kind().map(str::to_owned).into_iter().collect(),
            region: self.region.clone().filter(|region| !region.is_empty()),
            status: None,
        }
    }

    /// The address of another page of the same list, from where the list is.
    pub(super) fn address(&self, page: usize) -> String {
        let known = |text: &Option<String>| {
            text.clone()
                .filter(|text| is_word(text))
                .unwrap_or_default()
        };
        let mut parts = vec![format!("status={}", self.status().unwrap_or(ANY))];
        let named = [
            ("kind", self.kind().unwrap_or_default().to_owned()),
            ("region", known(&self.region)),
            (
                "hours",
                self.hours()
                    .map_or(String::new(), |hours| hours.to_string()),
            ),
            ("search", known(&self.search)),
            (
                "page",
                if page > 1 {
                    page.to_string()
                } else {
                    String::new()
                },
            ),
        ];
        let given = named.iter().filter(|(_, value)| !value.is_empty());
        parts.extend(given.map(|(name, value)| format!("{name}={value}")));
        format!("?{}", parts.join("&"))
    }
}

/// A Region's name, or a random one: nothing that an address would have to escape.
fn is_word(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// What is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Search {
    /// As it was typed.
    pub(super) text: String,
    /// The item that it names, if it is a whole key.
    pub(super) item: Option<ItemKey>,
}

impl Search {
    /// A text that may be a key in any form that `--key` takes. None where nothing is searched for.
    pub(super) fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        let whole = KeyPart::parse(text).map(|part| vec![part]);
        let words = || {
            text.split_whitespace()
                .map(KeyPart::parse)
                .collect::<Result<Vec<_>, _>>()
        };
        // `PK=A B` may be two parts of a key or one value with a space: two parts are two equals signs.
        let parts = match text.starts_with('{') || text.matches('=').count() < 2 {
            true => whole,
            false => words().or(whole),
        };
        let item = parts.ok().and_then(|parts| item_key(&parts).ok().flatten());
        Some(Self {
            text: text.to_owned(),
            item,
        })
    }

    fn finds(&self, listed: &Listed, words: &[String]) -> bool {
        let is_item = self.item.as_ref() == Some(&listed.summary.item_key);
        is_item || words.iter().all(|word| listed.haystack.contains(word))
    }

    fn words(&self) -> Vec<String> {
        self.text
            .split_whitespace()
            .map(str::to_lowercase)
            .collect()
    }
}

/// The entries that filters and search leave.
#[derive(Debug)]
pub(super) struct Selected {
    /// Whatever their status, newest first.
    pub(super) all: Vec<Arc<Listed>>,
    /// Those with the status that is shown.
    pub(super) shown: Vec<Arc<Listed>>,
}

/// Selects entries. `since` is the earliest time of detection; `further` are entries of an item that the snapshot may not
/// have.
pub(super) fn select(
    snapshot: &Snapshot,
    query: &Query,
    search: Option<&Search>,
    further: Vec<Arc<Listed>>,
    since: Option<&str>,
) -> Selected {
    let filter = query.filter();
    let words = search.map(Search::words).unwrap_or_default();
    let known: BTreeSet<&str> = match further.is_empty() {
        true => BTreeSet::new(),
        false => further.iter().map(|listed| listed.name.as_str()).collect(),
    };
    let others = snapshot
        .entries
        .iter()
        .filter(|listed| !known.contains(listed.name.as_str()));
    let candidates = further.iter().chain(others);
    let all: Vec<Arc<Listed>> = candidates
        .filter(|listed| {
            filter.keeps(&listed.summary)
                && since.is_none_or(|since| listed.summary.detected_at.as_str() >= since)
                && search.is_none_or(|search| search.finds(listed, &words))
        })
        .cloned()
        .collect();
    let status = query.status();
    let has_status =
        |listed: &&Arc<Listed>| status.is_none_or(|status| listed.summary.status == status);
    let shown = all.iter().filter(has_status).cloned().collect();
    Selected { all, shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_shows_open_entries_unless_told_otherwise() {
        let of = |status: Option<&str>| Query {
            status: status.map(str::to_owned),
            ..Query::default()
        };
        for (given, shown) in [
            (None, Some("open")),
            (Some("restored"), Some("restored")),
            (Some("nonsense"), Some("open")),
            (Some("any"), None),
        ] {
            assert_eq!(of(given).status(), shown, "{given:?}");
        }
    }

    #[test]
    fn an_address_has_nothing_but_known_words() {
        let query = Query {
            status: Some("any".to_owned()),
            kind: Some("update_update".to_owned()),
            region: Some("us-east-1\"&x=".to_owned()),
            hours: Some("6".to_owned()),
            page: Some("x".to_owned()),
            search: Some("0f".to_owned()),
        };
        assert_eq!(
            query.address(1),
            "?status=any&kind=update_update&hours=6&search=0f"
        );
        assert_eq!(Query::default().address(3), "?status=open&page=3");
    }

    #[test]
    fn a_search_for_a_whole_key_names_the_item() {
        let item = |text| Search::new(text).unwrap().item.map(|item| item.to_string());
        let both = r#"{"PK":{"S":"USER#1"},"SK":{"S":"PROFILE"}}"#;
        assert_eq!(item("PK=USER#1 SK=PROFILE").as_deref(), Some(both));
        assert_eq!(item(both).as_deref(), Some(both));
        assert_eq!(item(" id:N=7 ").as_deref(), Some(r#"{"id":{"N":"7"}}"#));
        assert_eq!(
            item("name=two words").as_deref(),
            Some(r#"{"name":{"S":"two words"}}"#)
        );
        assert_eq!(item("USER#1"), None);
        assert_eq!(Search::new("  "), None);
    }
}
