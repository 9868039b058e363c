//! Rules: what an attribute becomes where the lost write and the item disagree.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

/// What an attribute becomes.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Rule {
    /// The lost write's value.
    Lost,
    /// The winner's value.
    Won,
    /// Of two sets: what either holds.
    Union,
    /// Of two sets: what both hold.
    Intersection,
    /// The larger of two numbers, or the later of two texts.
    Max,
    /// The smaller of two numbers, or the earlier of two texts.
    Min,
    /// What the lost writes added to a number is added to it as it is now. The entry must know the number before them.
    Sum,
    /// What it is: nothing is done, and nobody is asked again.
    Keep,
}

impl Rule {
    /// Every rule.
    pub const ALL: &[Rule] = Rule::VARIANTS;

    /// The name on the command line and in files.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A rule that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// There is no equals sign, or nothing before it.
    #[error("give ATTRIBUTE=RULE, such as tags=union")]
    Form,
    /// There is no such rule.
    #[error("`{0}` is no rule: it is one of lost, won, union, intersection, max, min, sum, keep")]
    Unknown(String),
    /// The file is not what it should be.
    #[error(
        "no rules at line {line}, column {column}: {problem}. Expected {{\"orders\": {{\"tags\": \"union\", \"*\": \"keep\"}}}}: tables, and in each the rules of its attributes; \"*\" is every other one"
    )]
    File {
        /// Where.
        line: usize,
        /// Where.
        column: usize,
        /// What is wrong.
        problem: String,
    },
}

/// Every other table, or attribute.
const OTHERS: &str = "*";

/// The rules for the attributes of one table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rules(BTreeMap<String, Rule>);

impl Rules {
    /// The rule for an attribute, if there is one.
    pub fn get(&self, attribute: &str) -> Option<Rule> {
        let rule = self.0.get(attribute).or_else(|| self.0.get(OTHERS));
        rule.copied()
    }

    /// Sets the rule for an attribute, in place of an earlier one.
    pub fn set(&mut self, attribute: impl Into<String>, rule: Rule) {
        self.0.insert(attribute.into(), rule);
    }

    /// The attributes that have a rule by name, in order.
    pub fn named(&self) -> impl Iterator<Item = (&str, Rule)> {
        let rules = self.0.iter().filter(|(name, _)| *name != OTHERS);
        rules.map(|(name, rule)| (name.as_str(), *rule))
    }

    /// Reads `tags=union`. The name is what stands before the last equals sign.
    ///
    /// # Errors
    ///
    /// [`RuleError::Form`] and [`RuleError::Unknown`].
    pub fn parse_one(text: &str) -> Result<(String, Rule), RuleError> {
        let (name, rule) = text.rsplit_once('=').ok_or(RuleError::Form)?;
        if name.is_empty() {
            return Err(RuleError::Form);
        }
        let rule = rule
            .parse()
            .map_err(|_| RuleError::Unknown(rule.to_owned()))?;
        Ok((name.to_owned(), rule))
    }

    /// Reads the rules of one table from a file's text: those under the table's own name over those under `*`.
    ///
    /// # Errors
    ///
    /// [`RuleError::File`]
    pub fn of_table(text: &str, table: &str) -> Result<Self, RuleError> {
        let mut tables: BTreeMap<String, Self> =
            serde_json::from_str(text).map_err(|error| RuleError::File {
                line: error.line(),
                column: error.column(),
                problem: error.to_string(),
            })?;
        let own = tables.remove(table).unwrap_or_default();
        let mut rules = tables.remove(OTHERS).unwrap_or_default();
        if own.0.contains_key(OTHERS) {
            // The table has a rule for whatever it does not name, so the other tables' rules say nothing here.
            rules.0.clear();
        }
        rules.0.extend(own.0);
        Ok(rules)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_an_attribute_and_a_name() {
        for rule in Rule::ALL {
            let text = format!("a=b={}", rule.name());
            assert_eq!(Rules::parse_one(&text), Ok(("a=b".to_owned(), *rule)));
        }
        assert_eq!(Rules::parse_one("tags"), Err(RuleError::Form));
        assert_eq!(Rules::parse_one("=max"), Err(RuleError::Form));
        let unknown = Rules::parse_one("tags=newest").unwrap_err();
        assert!(
            unknown.to_string().contains("`newest` is no rule"),
            "{unknown}"
        );
        assert!(
            Rule::ALL
                .iter()
                .all(|rule| unknown.to_string().contains(rule.name()))
        );
    }

    #[test]
    fn a_file_has_rules_for_each_table_and_for_every_other() {
        let file = r#"{
            "orders": {"tags": "union", "stock": "sum"},
            "users": {"*": "keep"},
            "*": {"tags": "lost", "seen": "max"}
        }"#;
        let rules = |table| Rules::of_table(file, table).unwrap();
        let orders = rules("orders");
        assert_eq!(orders.get("tags"), Some(Rule::Union));
        assert_eq!(orders.get("seen"), Some(Rule::Max));
        assert_eq!(orders.get("name"), None);
        assert_eq!(rules("users").get("tags"), Some(Rule::Keep));
        assert_eq!(rules("users").get("name"), Some(Rule::Keep));
        assert_eq!(rules("users").named().count(), 0);
        assert_eq!(rules("carts").get("tags"), Some(Rule::Lost));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_told_with_the_place() {
        let error =
            Rules::of_table("{\"orders\":\n {\"tags\": \"newest\"}}", "orders").unwrap_err();
        let text = error.to_string();
        assert!(text.contains("line 2") && text.contains("newest"), "{text}");
        assert!(Rules::of_table("[]", "orders").is_err());
    }
}
