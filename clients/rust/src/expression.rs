//! Just enough of DynamoDB's update expression grammar to add clauses to one.
//!
//! An update expression is up to four sections, each begun by its keyword, in any order and case:
//!
//! ```text
//! SET path = value, ...   REMOVE path, ...   ADD path value, ...   DELETE path value, ...
//! ```
//!
//! Values never stand in the text (they are placeholders), so no quoting has to be understood. The grammar is in the
//! DynamoDB Developer Guide, "Update expressions".

use std::collections::HashMap;
use std::hash::BuildHasher;

/// DynamoDB rejects a longer expression string ("Service, account, and table quotas").
pub(crate) const MAX_EXPRESSION_BYTES: usize = 4096;

/// A section of an update expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Set,
    Remove,
    Add,
    Delete,
}

const SECTIONS: [(Section, &str); 4] = [
    (Section::Set, "SET"),
    (Section::Remove, "REMOVE"),
    (Section::Add, "ADD"),
    (Section::Delete, "DELETE"),
];

impl Section {
    fn from_word(word: &str) -> Option<Self> {
        let found = SECTIONS
            .iter()
            .find(|(_, keyword)| word.eq_ignore_ascii_case(keyword));
        found.map(|(section, _)| *section)
    }

    fn keyword(self) -> &'static str {
        SECTIONS[self as usize].1
    }
}

/// One token and where it ends in the expression.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token<'a> {
    pub(crate) text: &'a str,
    pub(crate) end: usize,
}

/// Splits an update or condition expression into words (keywords, attribute names, placeholders with their sign, function
/// names, indexes), comparators and punctuation. White space is dropped.
pub(crate) fn tokens(expression: &str) -> impl Iterator<Item = Token<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = expression[at..].trim_start();
        let start = expression.len() - rest.len();
        let first = rest.chars().next()?;
        let length = if !is_punctuation(first) {
            rest.find(|next: char| next.is_whitespace() || is_punctuation(next))
                .unwrap_or(rest.len())
        } else if ["<>", "<=", ">="].iter().any(|two| rest.starts_with(two)) {
            2
        } else {
            1
        };
        at = start + length;
        Some(Token {
            text: &expression[start..at],
            end: at,
        })
    })
}

fn is_punctuation(character: char) -> bool {
    matches!(
        character,
        ',' | '=' | '<' | '>' | '(' | ')' | '.' | '[' | ']' | '+' | '-'
    )
}

/// Whether an operand must follow, so that a word there is a name and not a section keyword.
fn expects_operand(token: &str) -> bool {
    matches!(token, "," | "=" | "+" | "-" | "." | "(" | "[")
}

/// One of a section's actions: where it stands in the expression.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Action<'a> {
    pub(crate) section: Section,
    /// The first token of the path that is written: a name or a `#placeholder`.
    pub(crate) target: &'a str,
    start: usize,
    end: usize,
}

/// What has to be known of an update expression to extend it.
#[derive(Debug)]
pub(crate) struct UpdateExpression<'a> {
    text: &'a str,
    /// For each section, the offset just behind its last token.
    ends: [Option<usize>; 4],
    /// The keywords as they are written.
    keywords: [&'a str; 4],
    pub(crate) actions: Vec<Action<'a>>,
    /// The offset just behind the last token.
    end: usize,
}

impl<'a> UpdateExpression<'a> {
    /// Finds the sections of an update expression.
    ///
    /// `None` if it is one that DynamoDB rejects anyway (empty, an empty or doubled section, a dangling comma): it must
    /// not become valid by what is added to it.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let mut found = Self {
            text,
            ends: [None; 4],
            keywords: [""; 4],
            actions: Vec::new(),
            end: 0,
        };
        let mut section: Option<Section> = None;
        let mut previous = "";
        let mut at_start_of_action = false;
        let mut depth = 0_i32;
        for Token { text: token, end } in tokens(text) {
            let keyword = Section::from_word(token);
            if let (Some(next), 0, false) = (keyword, depth, expects_operand(previous)) {
                if at_start_of_action || found.ends[next as usize].is_some() {
                    return None;
                }
                found.keywords[next as usize] = token;
                section = Some(next);
                at_start_of_action = true;
            } else if section.is_none() {
                return None;
            } else if at_start_of_action {
                if expects_operand(token) || matches!(token, ")" | "]") {
                    return None;
                }
                found.actions.push(Action {
                    section: section?,
                    target: token,
                    start: end - token.len(),
                    end,
                });
                at_start_of_action = false;
            } else {
                match token {
                    "," if depth == 0 => at_start_of_action = true,
                    "(" | "[" => depth += 1,
                    ")" | "]" => depth -= 1,
                    _ => {}
                }
                if let (Some(action), false) = (found.actions.last_mut(), at_start_of_action) {
                    action.end = end;
                }
            }
            found.ends[section? as usize] = Some(end);
            found.end = end;
            previous = token;
        }
        let whole =
            section.is_some() && !at_start_of_action && depth == 0 && !expects_operand(previous);
        whole.then_some(found)
    }

    /// The text of an action, without the comma behind it.
    pub(crate) fn text_of(&self, action: &Action<'_>) -> &'a str {
        &self.text[action.start..action.end]
    }

    /// The keyword of a section that it has, as it is written.
    pub(crate) fn keyword(&self, section: Section) -> &'a str {
        self.keywords[section as usize]
    }

    /// The expression with actions added, each to its section, or as a new section at the end. White space and case of
    /// what the caller wrote stay.
    pub(crate) fn extend(&self, additions: &[(Section, String)]) -> String {
        let mut insertions: Vec<(usize, &str)> = Vec::with_capacity(additions.len());
        let mut sections: Vec<&(Section, String)> = Vec::with_capacity(additions.len());
        for addition in additions {
            match self.ends[addition.0 as usize] {
                Some(end) => insertions.push((end, &addition.1)),
                None => sections.push(addition),
            }
        }
        insertions.sort_unstable();
        let added: usize = additions.iter().map(|(_, text)| text.len() + 9).sum();
        let mut result = String::with_capacity(self.text.len() + added);
        let mut copied = 0;
        for (end, actions) in insertions {
            result.push_str(&self.text[copied..end]);
            result.push_str(", ");
            result.push_str(actions);
            // A keyword may follow a bracket at once, but not a placeholder.
            if end < self.end && !self.text[end..].starts_with(char::is_whitespace) {
                result.push(' ');
            }
            copied = end;
        }
        result.push_str(&self.text[copied..self.end]);
        for (section, actions) in sections {
            result.push(' ');
            result.push_str(section.keyword());
            result.push(' ');
            result.push_str(actions);
        }
        result.push_str(&self.text[self.end..]);
        result
    }
}

/// The additions as an expression of their own.
pub(crate) fn from_additions(additions: &[(Section, String)]) -> String {
    let sections: Vec<String> = additions
        .iter()
        .map(|(section, actions)| format!("{} {actions}", section.keyword()))
        .collect();
    sections.join(" ")
}

/// The first of "", "1", "2", ... that keeps `#stem` and `:stem` apart from everything the caller uses.
///
/// A placeholder that the caller uses but forgot to define counts as used: defining it would hide the mistake.
pub(crate) fn placeholder_suffix<A, B, S: BuildHasher, T: BuildHasher>(
    stems: [&str; 2],
    texts: [&str; 2],
    names: Option<&HashMap<String, A, S>>,
    values: Option<&HashMap<String, B, T>>,
) -> String {
    let mut suffix = String::new();
    let mut number = 0_u32;
    loop {
        let taken = stems.iter().any(|stem| {
            let name = format!("#{stem}{suffix}");
            let value = format!(":{stem}{suffix}");
            names.is_some_and(|names| names.contains_key(&name))
                || values.is_some_and(|values| values.contains_key(&value))
                || texts
                    .iter()
                    .any(|text| text.contains(&name) || text.contains(&value))
        });
        if !taken {
            return suffix;
        }
        number += 1;
        suffix = number.to_string();
    }
}
