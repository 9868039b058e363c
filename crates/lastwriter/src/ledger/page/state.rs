//! What the page's handlers share.

use std::sync::Arc;

use put_back::{Plan, Rule};
use tokio::sync::RwLock;

use super::super::put_back::Outcome;
use super::args::PageArgs;
use super::catalog::Catalog;
use super::memory::Kept;
use super::query::Search;
use super::regions::Regions;

/// How many searches, choices, plans and notices are remembered, of all tabs together.
const REMEMBERED: usize = 500;

/// What the page's handlers share.
#[derive(Debug)]
pub(super) struct PageState {
    pub(super) args: PageArgs,
    pub(super) regions: Arc<Regions>,
    pub(super) catalog: Arc<Catalog>,
    /// What every address of the page begins with: a slash, the token, a slash.
    pub(super) root: String,
    pub(super) searches: Kept<Search>,
    pub(super) choices: Kept<Choices>,
    pub(super) plans: Kept<ShownPlan>,
    pub(super) notices: Kept<Notice>,
    /// Held for reading by whatever writes, so that the end can wait for it.
    pub(super) writing: RwLock<()>,
}

impl PageState {
    pub(super) fn new(
        args: PageArgs,
        regions: Arc<Regions>,
        catalog: Arc<Catalog>,
        token: &str,
    ) -> Self {
        Self {
            args,
            regions,
            catalog,
            root: format!("/{token}/"),
            searches: Kept::new(REMEMBERED),
            choices: Kept::new(REMEMBERED),
            plans: Kept::new(REMEMBERED),
            notices: Kept::new(REMEMBERED),
            writing: RwLock::default(),
        }
    }
}

/// What one attribute is to become, where the plan alone does not decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// The lost value, whatever is there now.
    LostValue,
    /// What a rule makes of it.
    Rule(Rule),
}

/// What was chosen for one entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Choices {
    pub(super) attributes: Vec<(String, Choice)>,
    pub(super) untouched: bool,
    pub(super) recreate: bool,
}

impl Choices {
    pub(super) fn of(&self, attribute: &str) -> Option<Choice> {
        let chosen = self.attributes.iter().find(|(name, _)| name == attribute);
        chosen.map(|(_, choice)| *choice)
    }
}

/// A plan as it was shown: this is carried out, and no other.
#[derive(Debug)]
pub(super) struct ShownPlan {
    /// The name of its entry.
    pub(super) entry: String,
    pub(super) plan: Plan,
    pub(super) choices: Choices,
}

/// What came of a form, shown on the page that follows.
#[derive(Debug)]
pub(super) enum Notice {
    /// A put-back.
    PutBack(Outcome),
    /// Another status.
    Status(String),
    /// Nothing was done, for this reason.
    Refused(String),
    /// Nothing was written: other choices were made than the plan shows.
    ChoicesChanged,
    /// Nothing was written: the plan is not remembered any more.
    PlanForgotten,
}
