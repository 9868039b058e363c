//! Settings out of environment variables, read once at start: one message names every problem.

use std::fmt::Display;
use std::str::FromStr;

use strum::VariantArray;

/// A setting's name with its default, if it has one.
pub type Setting = (&'static str, Option<&'static str>);

/// Every problem of the settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the settings are wrong, the function does not start: {}", .0.join("; "))]
pub struct SettingsError(pub Vec<String>);

/// A rule for a setting's text; the error says what is expected.
pub type Rule = fn(&str) -> Result<(), &'static str>;

/// Reads one setting after the other and collects what is wrong. After a problem the value is never used.
#[derive(Debug)]
pub struct SettingsReader<V> {
    settings: &'static [Setting],
    variable: V,
    problems: Vec<String>,
}

impl<V: Fn(&str) -> Option<String>> SettingsReader<V> {
    /// Reads these settings from `variable`, which looks an environment variable up. An empty one counts as not set.
    pub fn new(settings: &'static [Setting], variable: V) -> Self {
        Self {
            settings,
            variable,
            problems: Vec::new(),
        }
    }

    /// What was read, if nothing was wrong.
    pub fn finish<S>(self, settings: S) -> Result<S, SettingsError> {
        match self.problems.is_empty() {
            true => Ok(settings),
            false => Err(SettingsError(self.problems)),
        }
    }

    /// A setting that has no default and must be set.
    pub fn required(&mut self, name: &str, rule: Rule) -> String {
        match self.value(name) {
            Some(value) => self.check(name, value, rule),
            None => self.missing(name),
        }
    }

    /// What Lambda sets for every function, so that it is in no list of settings.
    pub fn given_by_lambda(&mut self, name: &str) -> String {
        let value = (self.variable)(name).filter(|value| !value.is_empty());
        value.unwrap_or_else(|| self.missing(name))
    }

    /// A setting with a default.
    pub fn checked(&mut self, name: &str, rule: Rule) -> String {
        let value = self.value(name).unwrap_or_default();
        self.check(name, value, rule)
    }

    /// A setting that may be left out.
    pub fn optional(&mut self, name: &str, rule: Rule) -> Option<String> {
        let value = self.value(name)?;
        Some(self.check(name, value, rule))
    }

    /// A setting that names one of an enum's variants.
    pub fn one_of<T: VariantArray + Into<&'static str> + Copy>(&mut self, name: &str) -> T {
        let value = self.value(name).unwrap_or_default();
        let named = |choice: &T| Into::<&str>::into(*choice);
        let chosen = T::VARIANTS.iter().find(|choice| named(choice) == value);
        *chosen.unwrap_or_else(|| {
            let names: Vec<&str> = T::VARIANTS.iter().map(named).collect();
            self.problems.push(format!(
                "{name} is {value:?}, expected one of {}",
                names.join(", ")
            ));
            &T::VARIANTS[0]
        })
    }

    /// A whole number from `least` to `most`.
    pub fn number<T: FromStr + PartialOrd + Copy + Display>(
        &mut self,
        name: &str,
        least: T,
        most: T,
    ) -> T {
        let value = self.value(name).unwrap_or_default();
        match value.parse() {
            Ok(number) if number >= least && number <= most => number,
            _ => {
                self.problems.push(format!(
                    "{name} is {value:?}, expected a whole number from {least} to {most}"
                ));
                least
            }
        }
    }

    /// What is set, or else the default.
    fn value(&self, name: &str) -> Option<String> {
        let setting = self.settings.iter().find(|(setting, _)| *setting == name);
        debug_assert!(setting.is_some(), "{name} is not in the list of settings");
        let default = setting.and_then(|(_, default)| default.map(str::to_owned));
        let set = (self.variable)(name).filter(|value| !value.is_empty());
        set.or(default)
    }

    fn missing(&mut self, name: &str) -> String {
        self.problems.push(format!("{name} is missing"));
        String::new()
    }

    fn check(&mut self, name: &str, value: String, rule: Rule) -> String {
        if let Err(expected) = rule(&value) {
            self.problems
                .push(format!("{name} is {value:?}, expected {expected}"));
        }
        value
    }
}

/// The rule for a CloudWatch namespace.
///
/// Source: Amazon CloudWatch API Reference, "PutMetricData": 1 to 255 characters, and AWS/ is reserved.
pub fn namespace(value: &str) -> Result<(), &'static str> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b" .-_/#:".contains(&byte);
    if value.len() <= 255
        && value.bytes().all(allowed)
        && !value.starts_with(':')
        && !value.starts_with("AWS/")
    {
        return Ok(());
    }
    Err("a CloudWatch namespace that does not start with AWS/")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: &[Setting] = &[
        ("NEEDED", None),
        ("COLOUR", Some("red")),
        ("SIZE", Some("3")),
    ];

    #[derive(Debug, Clone, Copy, PartialEq, Eq, strum::VariantArray, strum::IntoStaticStr)]
    #[strum(serialize_all = "snake_case")]
    enum Colour {
        Blue,
        Red,
    }

    fn any(_: &str) -> Result<(), &'static str> {
        Ok(())
    }

    fn read(set: &[(&str, &str)]) -> Result<(String, Colour, u8), SettingsError> {
        let mut reader = SettingsReader::new(SETTINGS, |name: &str| {
            let found = set.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| value.to_string())
        });
        let settings = (
            reader.required("NEEDED", any),
            reader.one_of("COLOUR"),
            reader.number("SIZE", 1, 9),
        );
        reader.finish(settings)
    }

    #[test]
    fn what_is_not_set_or_empty_has_its_default() {
        let settings = read(&[("NEEDED", "x"), ("COLOUR", "")]).unwrap();
        assert_eq!(settings, ("x".to_owned(), Colour::Red, 3));
        assert_eq!(
            read(&[("NEEDED", "x"), ("COLOUR", "blue")]).unwrap().1,
            Colour::Blue
        );
    }

    #[test]
    fn every_problem_is_named() {
        let error = read(&[("COLOUR", "green"), ("SIZE", "10")]).unwrap_err();
        assert_eq!(
            error.0,
            [
                "NEEDED is missing",
                "COLOUR is \"green\", expected one of blue, red",
                "SIZE is \"10\", expected a whole number from 1 to 9",
            ]
        );
        assert_eq!(
            read(&[("NEEDED", "x"), ("SIZE", "0")]).unwrap_err().0.len(),
            1
        );
    }

    #[test]
    #[should_panic(expected = "OTHER is not in the list of settings")]
    fn a_setting_that_is_not_in_the_list_is_not_read() {
        SettingsReader::new(SETTINGS, |_: &str| None).required("OTHER", any);
    }

    #[test]
    fn a_namespace_is_not_awss_own() {
        assert_eq!(namespace("LastWriter/prod: eu #1"), Ok(()));
        for wrong in ["AWS/Lambda", ":x", "a\u{e9}", &"x".repeat(256)] {
            assert!(namespace(wrong).is_err(), "{wrong}");
        }
        assert_eq!(namespace(&"x".repeat(255)), Ok(()));
    }
}
