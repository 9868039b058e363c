//! Asking before anything is written.

use std::io::{BufRead, IsTerminal, Write};

/// What was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Yes,
    No,
    /// There is nobody to ask.
    NobodyThere,
}

/// Asks on the terminal. Whatever is no clear yes is a no.
pub(super) fn ask(question: &str) -> Answer {
    let (stdin, mut stderr) = (std::io::stdin(), std::io::stderr());
    if !stdin.is_terminal() || !stderr.is_terminal() {
        return Answer::NobodyThere;
    }
    let mut answer = String::new();
    let asked = write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush());
    match asked.and_then(|()| stdin.lock().read_line(&mut answer)) {
        Ok(_) => answer_of(&answer),
        Err(_) => Answer::No,
    }
}

fn answer_of(text: &str) -> Answer {
    match text.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Answer::Yes,
        _ => Answer::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_yes_is_one() {
        for yes in ["y\n", "Yes", " YES \n"] {
            assert_eq!(answer_of(yes), Answer::Yes);
        }
        for no in ["", "\n", "n", "yep", "yy"] {
            assert_eq!(answer_of(no), Answer::No);
        }
    }
}
