//! What forms do: show a plan with other choices, carry it out, close an entry, open it again.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use ledger::{OperatorAction, Status};

use super::super::resolve::{Act, parse_why, set_status};
use super::super::show::EntryQuery;
use super::html::plan::choice_of;
use super::server::{Shared, field, fields, problem, see_other, unknown_entry};
use super::state::{Choices, Notice, PageState, ShownPlan};
use crate::ledger::put_back::Outcome;

/// The form below a plan.
pub(super) async fn plan(
    State(state): Shared,
    Path((_, name)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    let fields = fields(&body);
    let shown = state
        .plans
        .get(field(&fields, "plan"))
        .filter(|shown| shown.entry == name);
    let Some(shown) = shown else {
        return back_to(&state, &name, None, Some(Notice::PlanForgotten));
    };
    let choices = choices(&fields, &shown);
    if field(&fields, "do") != "put-back" {
        return back_to(&state, &name, Some(choices), None);
    }
    if !state.args.write {
        return read_only(&state);
    }
    if choices != shown.choices {
        return back_to(&state, &name, Some(choices), Some(Notice::ChoicesChanged));
    }
    let why = match why(&fields) {
        Ok(why) => why,
        Err(message) => {
            return back_to(&state, &name, Some(choices), Some(Notice::Refused(message)));
        }
    };
    let Some((ledger, _)) = state.catalog.named(&name).await else {
        return unknown_entry(&state);
    };
    let of_task = (Arc::clone(&state), Arc::clone(&shown));
    let outcome = to_its_end(async move {
        let (state, shown) = of_task;
        let _writing = state.writing.read().await;
        state.put_back(ledger, &shown, why).await
    })
    .await
    .unwrap_or(Outcome::NotReached);
    // What was refused is planned again with the same choices.
    let choices = match outcome {
        Outcome::ChangedMeanwhile { .. } | Outcome::Failed { .. } | Outcome::NotReached => {
            Some(choices)
        }
        Outcome::Restored { .. }
        | Outcome::Left { .. }
        | Outcome::Closed { .. }
        | Outcome::Impossible { .. } => None,
    };
    back_to(&state, &name, choices, Some(Notice::PutBack(outcome)))
}

pub(super) async fn resolve(state: Shared, path: Path<(String, String)>, body: Bytes) -> Response {
    change(
        state,
        path,
        &body,
        OperatorAction::Resolve,
        Status::Dismissed,
    )
    .await
}

pub(super) async fn reopen(state: Shared, path: Path<(String, String)>, body: Bytes) -> Response {
    change(state, path, &body, OperatorAction::Reopen, Status::Open).await
}

async fn change(
    State(state): Shared,
    Path((_, name)): Path<(String, String)>,
    body: &Bytes,
    action: OperatorAction,
    to: Status,
) -> Response {
    if !state.args.write {
        return read_only(&state);
    }
    let Some((ledger, key)) = state.catalog.named(&name).await else {
        return unknown_entry(&state);
    };
    let why = match why(&fields(body)) {
        Ok(None) if action == OperatorAction::Resolve => Err("say why in a few words".to_owned()),
        why => why,
    };
    let why = match why {
        Ok(why) => why,
        Err(message) => return back_to(&state, &name, None, Some(Notice::Refused(message))),
    };
    let of_task = Arc::clone(&state);
    let notice = to_its_end(async move {
        let state = of_task;
        let _writing = state.writing.read().await;
        let of = &state.regions.ledgers[ledger];
        let Some(operator) = &of.operator else {
            return Notice::Refused("the page is read-only".to_owned());
        };
        let query = EntryQuery {
            conflict_id: key.conflict_id,
            item: Some(key.item_key),
            hours: 0,
        };
        match set_status(&of.table, &query, &Act { action, to, why }, operator).await {
            Ok(told) => Notice::Status(told),
            Err(error) => Notice::Refused(error.to_string()),
        }
    })
    .await;
    let notice = notice.unwrap_or_else(|| Notice::Refused("the server was ending".to_owned()));
    back_to(&state, &name, None, Some(notice))
}

/// Runs what writes to its end, also where the browser goes away in the middle of it. None if it panicked.
async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Option<T> {
    tokio::spawn(work).await.ok()
}

/// The choices that a form sends: by the numbers of the attributes, whose names the plan knows.
fn choices(fields: &[(String, String)], shown: &ShownPlan) -> Choices {
    let numbered = shown.plan.attributes.iter().enumerate();
    let attributes = numbered.filter_map(|(number, attribute)| {
        let choice = choice_of(field(fields, &format!("choice-{number}")))?;
        Some((attribute.name.clone(), choice))
    });
    Choices {
        attributes: attributes.collect(),
        untouched: !field(fields, "untouched").is_empty(),
        recreate: !field(fields, "recreate").is_empty(),
    }
}

/// The reason that a form gives, if it gives one.
fn why(fields: &[(String, String)]) -> Result<Option<String>, String> {
    match field(fields, "why") {
        "" => Ok(None),
        text => parse_why(text).map(Some),
    }
}

fn read_only(state: &PageState) -> Response {
    let message = "This page only reads. End it and start it again with --write.";
    problem(state, StatusCode::FORBIDDEN, "Read-only", message)
}

/// Sends the browser to the entry, with what came of the form.
fn back_to(
    state: &PageState,
    name: &str,
    choices: Option<Choices>,
    notice: Option<Notice>,
) -> Response {
    let chosen = choices.filter(|choices| *choices != Choices::default());
    let chosen = chosen.map(|choices| format!("choices={}", state.choices.keep(choices)));
    let told = notice.map(|notice| format!("notice={}", state.notices.keep(notice)));
    let parts: Vec<String> = chosen.into_iter().chain(told).collect();
    let query = match parts.is_empty() {
        true => String::new(),
        false => format!("?{}", parts.join("&")),
    };
    // An entry's name is of its address already, so it is a word.
    let is_word = name.bytes().all(|byte| byte.is_ascii_hexdigit());
    match is_word {
        true => see_other(format!("{}entry/{name}{query}", state.root)),
        false => unknown_entry(state),
    }
}
