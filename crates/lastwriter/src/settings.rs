//! The function's settings on the command line: `--set NAME=VALUE`.

use stream_processor::settings::{SETTINGS, Settings, SettingsError};

use crate::failure::CommandError;

/// The ledger table's name wherever the ledger is in memory.
pub const LEDGER_TABLE: &str = "ledger";

impl From<SettingsError> for CommandError {
    fn from(error: SettingsError) -> Self {
        Self::bad_input(error)
    }
}

/// One setting of the function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its name, such as `TTL_ATTRIBUTE`.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A `--set` that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ParseSettingError {
    /// It has no `=`.
    #[error("expected NAME=VALUE, with a NAME of {}", names())]
    Form,
    /// It is none of the function's settings, or the ledger's name, which is the tool's.
    #[error("{0} cannot be set here; what can is {names}", names = names())]
    Unknown(String),
}

fn settable() -> impl Iterator<Item = &'static str> {
    let names = SETTINGS.iter().map(|(name, _)| *name);
    names.filter(|name| *name != "LEDGER_TABLE")
}

fn names() -> String {
    settable().collect::<Vec<_>>().join(", ")
}

/// Reads `NAME=VALUE` where the name is a setting's.
///
/// # Errors
///
/// [`ParseSettingError`], with the names that can be set.
pub fn parse(text: &str) -> Result<Setting, ParseSettingError> {
    let (name, value) = text.split_once('=').ok_or(ParseSettingError::Form)?;
    if !settable().any(|setting| setting == name) {
        return Err(ParseSettingError::Unknown(name.to_owned()));
    }
    Ok(Setting {
        name: name.to_owned(),
        value: value.to_owned(),
    })
}

/// The function's settings with these changes, checked as the function itself checks them at its start.
///
/// # Errors
///
/// Every problem, in the function's words.
pub fn check(changes: &[Setting]) -> Result<Settings, SettingsError> {
    Settings::read(|name| {
        if name == "LEDGER_TABLE" {
            return Some(LEDGER_TABLE.to_owned());
        }
        let last = changes.iter().rev().find(|setting| setting.name == name);
        last.map(|setting| setting.value.clone())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_read() {
        let setting = parse("TTL_ATTRIBUTE=a=b").unwrap();
        assert_eq!((&*setting.name, &*setting.value), ("TTL_ATTRIBUTE", "a=b"));
    }

    #[test]
    fn what_is_no_setting_is_refused_with_the_names_that_are() {
        for wrong in ["TTL_ATTRIBUTE", "TTL=ttl", "LEDGER_TABLE=other", "=x"] {
            let message = parse(wrong).unwrap_err().to_string();
            assert!(message.contains("CLOCK_TOLERANCE_MS"), "{message}");
        }
    }

    #[test]
    fn the_last_of_two_values_counts_and_a_wrong_one_is_refused() {
        let setting = |text| parse(text).unwrap();
        let twice = [setting("LEDGER_IMAGES=none"), setting("LEDGER_IMAGES=some")];
        let message = check(&twice).unwrap_err().to_string();
        assert!(message.contains("LEDGER_IMAGES is \"some\""), "{message}");
        assert!(check(&twice[..1]).is_ok());
    }
}
