//! Whether a put's condition says that the item must not exist.
//!
//! Only then does a put without stamps create an item, and not replace one whose history it never read. The answer is
//! conservative: true only if the condition as a whole cannot hold for an item that exists.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{ComparisonOperator, ConditionalOperator, ExpectedAttributeValue};

use crate::expression::tokens;

/// DynamoDB takes at most 300 operators ("Service, account, and table quotas"). A deeper nesting is not looked into, so
/// that no expression can exhaust the stack.
const MAX_DEPTH: usize = 300;

/// The expression does not follow the grammar; DynamoDB will say so.
#[derive(Debug)]
struct Malformed;

/// Whether "there is no item" follows if a condition holds, and if it does not.
#[derive(Debug, Clone, Copy, Default)]
struct Meaning {
    if_true: bool,
    if_false: bool,
}

/// Whether a condition expression can only hold where there is no item. `is_key` tells whether an attribute, by its real
/// name, is one of the key.
pub(crate) fn must_not_exist(
    expression: &str,
    names: Option<&HashMap<String, String>>,
    is_key: &dyn Fn(&str) -> bool,
) -> bool {
    let mut parser = Parser {
        tokens: tokens(expression).map(|token| token.text).collect(),
        at: 0,
        depth: 0,
        absent_key: &|name| {
            let written = names.and_then(|names| names.get(name));
            is_key(written.map_or(name, String::as_str))
        },
    };
    match parser.or() {
        Ok(meaning) => parser.at == parser.tokens.len() && meaning.if_true,
        Err(Malformed) => false,
    }
}

/// The same for `Expected`, the parameter that condition expressions replaced.
pub(crate) fn expected_not_to_exist(
    expected: &HashMap<String, ExpectedAttributeValue>,
    operator: Option<&ConditionalOperator>,
    is_key: &dyn Fn(&str) -> bool,
) -> bool {
    let absent = |(name, test): (&String, &ExpectedAttributeValue)| {
        is_key(name)
            && (test.exists == Some(false)
                || test.comparison_operator == Some(ComparisonOperator::Null))
    };
    match operator {
        Some(ConditionalOperator::Or) => !expected.is_empty() && expected.iter().all(absent),
        _ => expected.iter().any(absent),
    }
}

/// Recursive descent over the grammar of condition expressions: OR binds weakest, then AND, then NOT.
struct Parser<'a> {
    tokens: Vec<&'a str>,
    at: usize,
    depth: usize,
    absent_key: &'a dyn Fn(&str) -> bool,
}

impl<'a> Parser<'a> {
    fn peek(&self, ahead: usize) -> &'a str {
        self.tokens.get(self.at + ahead).copied().unwrap_or("")
    }

    fn is_next(&self, word: &str) -> bool {
        self.peek(0).eq_ignore_ascii_case(word)
    }

    fn next(&mut self) -> Result<&'a str, Malformed> {
        let token = self.tokens.get(self.at).copied().ok_or(Malformed)?;
        self.at += 1;
        Ok(token)
    }

    fn expect(&mut self, word: &str) -> Result<(), Malformed> {
        match self.next()?.eq_ignore_ascii_case(word) {
            true => Ok(()),
            false => Err(Malformed),
        }
    }

    fn deeper(&mut self) -> Result<(), Malformed> {
        self.depth += 1;
        match self.depth > MAX_DEPTH {
            true => Err(Malformed),
            false => Ok(()),
        }
    }

    fn or(&mut self) -> Result<Meaning, Malformed> {
        let mut left = self.and()?;
        while self.is_next("OR") {
            self.at += 1;
            let right = self.and()?;
            left = Meaning {
                if_true: left.if_true && right.if_true,
                if_false: left.if_false || right.if_false,
            };
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Meaning, Malformed> {
        let mut left = self.not()?;
        while self.is_next("AND") {
            self.at += 1;
            let right = self.not()?;
            left = Meaning {
                if_true: left.if_true || right.if_true,
                if_false: left.if_false && right.if_false,
            };
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Meaning, Malformed> {
        let mut negated = false;
        while self.is_next("NOT") {
            self.at += 1;
            negated = !negated;
        }
        let inner = self.primary()?;
        Ok(match negated {
            true => Meaning {
                if_true: inner.if_false,
                if_false: inner.if_true,
            },
            false => inner,
        })
    }

    fn primary(&mut self) -> Result<Meaning, Malformed> {
        if self.peek(0) == "(" {
            self.at += 1;
            self.deeper()?;
            let inner = self.or()?;
            self.depth -= 1;
            self.expect(")")?;
            return Ok(inner);
        }
        let function = (self.peek(1) == "(").then(|| self.peek(0));
        let name = self.operand()?;
        if is_comparator(self.peek(0)) {
            self.at += 1;
            self.operand()?;
        } else if self.is_next("BETWEEN") {
            self.at += 1;
            self.operand()?;
            self.expect("AND")?;
            self.operand()?;
        } else if self.is_next("IN") {
            self.at += 1;
            self.expect("(")?;
            self.arguments()?;
        } else {
            let key = name.is_some_and(self.absent_key);
            // Function names are the one thing here that DynamoDB takes in lower case only.
            return Ok(Meaning {
                if_true: key && function == Some("attribute_not_exists"),
                if_false: key && function == Some("attribute_exists"),
            });
        }
        Ok(Meaning::default())
    }

    /// A path, a placeholder or a function call. The name, if it is a bare one or has that as its one argument.
    fn operand(&mut self) -> Result<Option<&'a str>, Malformed> {
        let text = self.next()?;
        if is_comparator(text) || matches!(text, "," | "(" | ")" | "[" | "]" | "." | "+" | "-") {
            return Err(Malformed);
        }
        if self.peek(0) == "(" {
            self.at += 1;
            self.deeper()?;
            let name = self.arguments()?;
            self.depth -= 1;
            return Ok(name);
        }
        let mut bare = true;
        while matches!(self.peek(0), "." | "[") {
            bare = false;
            let opening = self.next()?;
            self.next()?;
            if opening == "[" {
                self.expect("]")?;
            }
        }
        Ok(bare.then_some(text))
    }

    fn arguments(&mut self) -> Result<Option<&'a str>, Malformed> {
        let name = self.operand()?;
        let mut alone = true;
        while self.peek(0) == "," {
            self.at += 1;
            alone = false;
            self.operand()?;
        }
        self.expect(")")?;
        Ok(name.filter(|_| alone))
    }
}

fn is_comparator(token: &str) -> bool {
    matches!(token, "=" | "<>" | "<" | "<=" | ">" | ">=")
}
