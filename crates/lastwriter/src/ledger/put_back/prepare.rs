//! From an entry to its plan: reads the entry, the item, and what has to be known of the table.

use conflict::StampNames;
use ledger::{Entry, EntryKey, EntryKind, Image, ItemKey, Name, Status};
use put_back::{NothingToPlan, Plan, Request, Rules, plan, saw_winner};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::super::change::status;
use super::super::{Connection, LedgerReadError, LedgerTable};
use super::args::PutBackArgs;
use super::item_table::{ItemRegion, ItemTableError, TtlAttributes};
use super::outcome::Outcome;
use crate::failure::CommandError;

/// A plan that could not be made or carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PutBackError {
    #[error(transparent)]
    Ledger(#[from] LedgerReadError),
    #[error(transparent)]
    Item(#[from] ItemTableError),
    #[error(transparent)]
    Nothing(#[from] NothingToPlan),
    #[error(transparent)]
    Write(#[from] put_back::WriteError),
    #[error(
        "the winner has not arrived in {region} yet: wait for replication, or choose the Region that lost the write"
    )]
    WinnerNotThere { region: String },
}

/// What can be done about an entry.
#[derive(Debug)]
pub(in super::super) enum Prepared {
    /// This.
    Plan(Box<Plan>),
    /// Nothing any more, or nothing at all.
    Done(Outcome),
}

/// Makes plans.
pub(in super::super) struct Planner<'a> {
    args: &'a PutBackArgs,
    rules_file: Option<String>,
    regions: BTreeMap<String, ItemRegion>,
    ttl: TtlAttributes,
    /// Items as the plans made so far leave them, by Region, table and key: of one item, the next plan goes on from there.
    planned: BTreeMap<(String, String, ItemKey), Option<Image>>,
}

/// A file of rules that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub(super) struct RulesFileError {
    path: PathBuf,
    problem: String,
}

impl<'a> Planner<'a> {
    /// Reads the file of rules, if there is one.
    pub(in super::super) fn new(args: &'a PutBackArgs) -> Result<Self, CommandError> {
        let read = |path: &PathBuf| {
            let refused = |problem: String| {
                let path = path.clone();
                CommandError::bad_input(RulesFileError { path, problem })
            };
            let text = std::fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
            // Whatever the table: what cannot be read is told before anything is done.
            Rules::of_table(&text, "").map_err(|error| refused(error.to_string()))?;
            Ok::<_, CommandError>(text)
        };
        Ok(Self {
            args,
            rules_file: args.rules.as_ref().map(read).transpose()?,
            regions: BTreeMap::new(),
            ttl: TtlAttributes::new(),
            planned: BTreeMap::new(),
        })
    }

    /// Takes tables that are open already.
    pub(in super::super) fn with_region(mut self, open: ItemRegion) -> Self {
        self.regions.insert(open.region.clone(), open);
        self
    }

    /// The tables of a Region; opened once.
    pub(super) async fn region(&mut self, region: &str) -> Result<ItemRegion, LedgerReadError> {
        if let Some(open) = self.regions.get(region) {
            return Ok(open.clone());
        }
        let connection: &Connection = &self.args.connection;
        let endpoint = self.args.item_endpoint_url.as_deref();
        let open = ItemRegion::open(connection, region, endpoint).await?;
        self.regions.insert(region.to_owned(), open.clone());
        Ok(open)
    }

    /// Reads an entry and its item, and makes the plan.
    pub(in super::super) async fn prepare(
        &mut self,
        ledger: &LedgerTable,
        key: &EntryKey,
    ) -> Result<Prepared, PutBackError> {
        let Some((entry, _)) = ledger.entry(key).await? else {
            return Err(LedgerReadError::NoSuchConflict(key.conflict_id.clone()).into());
        };
        if status(&entry) != Some(Status::Open) {
            return Ok(Prepared::Done(Outcome::of_entry(Some(&entry))));
        }
        match self.plan(&entry).await {
            Ok(plan) => Ok(Prepared::Plan(Box::new(plan))),
            Err(PutBackError::Nothing(nothing)) => Ok(Prepared::Done(Outcome::Impossible {
                message: nothing.to_string(),
            })),
            Err(error) => Err(error),
        }
    }

    async fn plan(&mut self, entry: &Entry) -> Result<Plan, PutBackError> {
        let stamps = StampNames::new(&self.args.stamp_prefix);
        let loser = entry.loser.as_ref().and_then(|loser| loser.region.clone());
        let region = self.args.item_region.clone().or(loser.clone());
        let (Some(region), Some(key)) = (region, &entry.key) else {
            // It says itself what it lacks.
            return Ok(plan(entry, None, &Request::default())?);
        };
        let items = self.region(&region).await?;
        let table = self
            .args
            .table
            .as_ref()
            .unwrap_or(&entry.table_name)
            .clone();
        let place = (region.clone(), table.clone(), entry.item_key.clone());
        let item = match self.planned.get(&place) {
            Some(planned) => planned.clone(),
            None => items.read(&table, key).await?,
        };
        if loser.as_ref() != Some(&region)
            && item
                .as_ref()
                .is_some_and(|item| !saw_winner(entry, item, &stamps))
        {
            return Err(PutBackError::WinnerNotThere { region });
        }
        let ttl_attribute = self
            .ttl_attribute(entry, item.as_ref(), &items, &table, &stamps)
            .await?;
        let mut rules = match &self.rules_file {
            Some(text) => Rules::of_table(text, &table).unwrap_or_default(),
            None => Rules::default(),
        };
        for (name, rule) in &self.args.rule {
            rules.set(name.clone(), *rule);
        }
        let request = Request {
            rules,
            named: self.args.attribute.iter().cloned().collect::<BTreeSet<_>>(),
            forced: self.args.forced.iter().cloned().collect(),
            untouched: self.args.untouched,
            recreate: self.args.recreate,
            table: Some(table),
            region: Some(region),
            stamps,
            ttl_attribute,
            now: u64::try_from(chrono::Utc::now().timestamp()).unwrap_or(0),
        };
        let plan = plan(entry, item.as_ref(), &request)?;
        if plan.writes() {
            let after = plan.after(item.as_ref(), &request.stamps);
            self.planned.insert(place, after);
        }
        Ok(plan)
    }

    /// The table's TTL attribute, where a delete mark makes it matter.
    async fn ttl_attribute(
        &mut self,
        entry: &Entry,
        item: Option<&Image>,
        items: &ItemRegion,
        table: &str,
        stamps: &StampNames,
    ) -> Result<Option<String>, ItemTableError> {
        if self.args.ttl_attribute.is_some() {
            return Ok(self.args.ttl_attribute.clone());
        }
        let marked = item.is_some_and(|item| item.contains_key(&stamps.deleted()));
        let is_delete = matches!(
            entry.kind,
            Name::Known(EntryKind::UpdateDelete | EntryKind::DeleteUpdate)
        );
        if !marked && !is_delete {
            return Ok(None);
        }
        let key = (items.region.clone(), table.to_owned());
        if let Some(known) = self.ttl.get(&key) {
            return Ok(known.clone());
        }
        let ttl = items.ttl_attribute(table).await?;
        self.ttl.insert(key, ttl.clone());
        Ok(ttl)
    }
}
