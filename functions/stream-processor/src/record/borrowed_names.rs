//! Which attributes of the application's own stand in for stamps.

use conflict::LEGACY_PREFIX;

/// The names of the attributes, as far as the settings give them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BorrowedNames {
    /// A number that each write increments.
    pub version: Option<String>,
    /// When the item was changed.
    pub updated_at: Option<String>,
    /// In which Region it was changed.
    pub origin: Option<String>,
}

/// What a borrowed attribute says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BorrowedPart {
    Version,
    UpdatedAt,
    Origin,
    Deleted,
}

impl BorrowedNames {
    /// What an attribute of this name says, if it is borrowed, and whether DynamoDB itself writes it.
    ///
    /// Tables of version 2017.11.29 have an origin and a time without a setting; one that is set comes first.
    ///
    /// It is asked of each attribute of each image, so what most names are not is told by their first letter.
    #[inline]
    pub(crate) fn part(&self, name: &str) -> Option<(Option<BorrowedPart>, bool)> {
        let may_be_legacy = name.as_bytes().first() == LEGACY_PREFIX.as_bytes().first();
        if !may_be_legacy && self.version.is_none() {
            return None;
        }
        self.part_of_any(name)
    }

    fn part_of_any(&self, name: &str) -> Option<(Option<BorrowedPart>, bool)> {
        if let Some(legacy) = name.strip_prefix(LEGACY_PREFIX) {
            let part = match legacy {
                "updateregion" if self.origin.is_none() => Some(BorrowedPart::Origin),
                "updatetime" if self.updated_at.is_none() => Some(BorrowedPart::UpdatedAt),
                "deleting" => Some(BorrowedPart::Deleted),
                _ => None,
            };
            return Some((part, true));
        }
        // Nothing is said without a version number.
        self.version.as_ref()?;
        let is = |setting: &Option<String>| setting.as_deref() == Some(name);
        let part = if is(&self.version) {
            BorrowedPart::Version
        } else if is(&self.updated_at) {
            BorrowedPart::UpdatedAt
        } else if is(&self.origin) {
            BorrowedPart::Origin
        } else {
            return None;
        };
        Some((Some(part), false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_comes_before_what_dynamodb_writes() {
        let none = BorrowedNames::default();
        assert_eq!(
            none.part("aws:rep:updateregion"),
            Some((Some(BorrowedPart::Origin), true))
        );
        assert_eq!(
            none.part("aws:rep:updatetime"),
            Some((Some(BorrowedPart::UpdatedAt), true))
        );
        let all = BorrowedNames {
            version: Some("v".to_owned()),
            updated_at: Some("at".to_owned()),
            origin: Some("where".to_owned()),
        };
        for name in ["aws:rep:updateregion", "aws:rep:updatetime", "aws:rep:x"] {
            assert_eq!(all.part(name), Some((None, true)), "{name}");
        }
        assert_eq!(
            all.part("aws:rep:deleting"),
            Some((Some(BorrowedPart::Deleted), true))
        );
        for (name, part) in [
            ("v", BorrowedPart::Version),
            ("at", BorrowedPart::UpdatedAt),
            ("where", BorrowedPart::Origin),
        ] {
            assert_eq!(all.part(name), Some((Some(part), false)));
            assert_eq!(none.part(name), None);
        }
        assert_eq!(all.part("V"), None);
    }
}
