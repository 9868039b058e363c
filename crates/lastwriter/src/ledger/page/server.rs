//! The addresses of the page, and what each of them does.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query as AddressQuery, Request, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use chrono::{SecondsFormat, TimeDelta, Utc};
use serde::Deserialize;

use super::actions;
use super::guard::{Guard, HEADERS, NO_PAGE_POLICY};
use super::html::{self, ListView, Rendered};
use super::query::{Query, Search, select};
use super::state::{Choices, PageState};

/// No form of this page is larger.
const MOST_OF_FORM: usize = 64 * 1024;

/// A page's state, shared by all requests.
pub(super) type Shared = State<Arc<PageState>>;

/// All addresses of the page.
pub(super) fn router(state: Arc<PageState>, guard: Guard) -> Router {
    Router::new()
        .route("/{token}/", get(list))
        .route("/{token}/live", get(live))
        .route("/{token}/list", post(search))
        .route("/{token}/entry/{name}", get(entry).post(actions::plan))
        .route("/{token}/entry/{name}/resolve", post(actions::resolve))
        .route("/{token}/entry/{name}/reopen", post(actions::reopen))
        .fallback(nothing_here)
        .with_state(state)
        .layer(DefaultBodyLimit::max(MOST_OF_FORM))
        .layer(from_fn_with_state(Arc::new(guard), let_in))
        .layer(from_fn(with_headers))
}

/// Lets a request in, or says why not.
async fn let_in(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    match guard.check(request.method(), request.uri().path(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => plain(StatusCode::FORBIDDEN, &format!("lastwriter: {refusal}.\n")),
    }
}

/// What every answer says to the browser, the refusals too.
async fn with_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(CONTENT_SECURITY_POLICY)
        .or_insert(NO_PAGE_POLICY);
    response
}

async fn nothing_here() -> Response {
    plain(
        StatusCode::NOT_FOUND,
        "lastwriter: there is nothing here.\n",
    )
}

fn plain(status: StatusCode, text: &str) -> Response {
    (
        status,
        [(CONTENT_TYPE, "text/plain; charset=utf-8")],
        text.to_owned(),
    )
        .into_response()
}

fn page(status: StatusCode, (body, policy): Rendered) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (CONTENT_SECURITY_POLICY, policy),
    ];
    (status, headers, body).into_response()
}

/// A page that says why there is no other.
pub(super) fn problem(
    state: &PageState,
    status: StatusCode,
    title: &str,
    message: &str,
) -> Response {
    page(status, html::problem(state, title, message))
}

/// Sends the browser on, so that going back or loading again sends no form twice.
pub(super) fn see_other(address: String) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, address)]).into_response()
}

/// The fields of a form; none where it is no form.
pub(super) fn fields(body: &Bytes) -> Vec<(String, String)> {
    serde_urlencoded::from_bytes(body).unwrap_or_default()
}

/// A field of a form, without blanks around it.
pub(super) fn field<'a>(fields: &'a [(String, String)], name: &str) -> &'a str {
    let found = fields.iter().find(|(other, _)| other == name);
    found.map_or("", |(_, value)| value.trim())
}

async fn list(State(state): Shared, AddressQuery(query): AddressQuery<Query>) -> Response {
    let view = list_view(&state, query).await;
    page(StatusCode::OK, html::list(&state, &view))
}

/// The part of the list that is read anew.
async fn live(State(state): Shared, AddressQuery(query): AddressQuery<Query>) -> Response {
    let view = list_view(&state, query).await;
    let body = html::live(&state, &view).into_string();
    (
        StatusCode::OK,
        [(CONTENT_TYPE, "text/html; charset=utf-8")],
        body,
    )
        .into_response()
}

async fn list_view(state: &PageState, query: Query) -> ListView {
    let search = query
        .search
        .as_deref()
        .and_then(|name| state.searches.get(name));
    let mut further = Vec::new();
    if let Some(item) = search.as_ref().and_then(|search| search.item.as_ref()) {
        further = state.catalog.of_item(item).await;
    }
    let now = Utc::now();
    let since = query.hours().map(|hours| {
        (now - TimeDelta::hours(i64::from(hours))).to_rfc3339_opts(SecondsFormat::Millis, true)
    });
    let hours = query
        .hours()
        .map_or(state.args.hours, |hours| hours.clamp(1, state.args.hours));
    let mut view = ListView {
        query,
        search,
        all: Vec::new(),
        shown: Vec::new(),
        hours,
        problems: Vec::new(),
        cut: Vec::new(),
        now,
    };
    // The second time with what others did to the entries that are shown.
    for is_read in [false, true] {
        let snapshot = state.catalog.snapshot().await;
        let selected = select(
            &snapshot,
            &view.query,
            view.search.as_deref(),
            further.clone(),
            since.as_deref(),
        );
        (view.all, view.shown) = (selected.all, selected.shown);
        (view.problems, view.cut) = (snapshot.problems, snapshot.cut);
        if !is_read {
            state.catalog.reread(view.rows()).await;
        }
    }
    view
}

/// Takes what is searched for out of the address, and gives it a name.
async fn search(State(state): Shared, body: Bytes) -> Response {
    let fields = fields(&body);
    let given =
        |name: &str| Some(field(&fields, name).to_owned()).filter(|value| !value.is_empty());
    let query = Query {
        status: given("status"),
        kind: given("kind"),
        region: given("region"),
        hours: given("hours"),
        page: None,
        search: Search::new(field(&fields, "text")).map(|search| state.searches.keep(search)),
    };
    see_other(format!("{}{}", state.root, query.address(1)))
}

/// What an entry's address may say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct EntryQuery {
    choices: Option<String>,
    notice: Option<String>,
}

async fn entry(
    State(state): Shared,
    Path((_, name)): Path<(String, String)>,
    AddressQuery(query): AddressQuery<EntryQuery>,
) -> Response {
    let Some(found) = state.catalog.named(&name).await else {
        return unknown_entry(&state);
    };
    let choices = query.choices.and_then(|name| state.choices.get(&name));
    let choices = choices.map_or_else(Choices::default, |choices| (*choices).clone());
    let notice = query.notice.and_then(|name| state.notices.get(&name));
    match state.view(&name, found, choices).await {
        Ok(view) => page(
            StatusCode::OK,
            html::entry(&state, &view, notice.as_deref()),
        ),
        Err(error) => problem(
            &state,
            StatusCode::BAD_GATEWAY,
            "The entry cannot be read",
            &error.to_string(),
        ),
    }
}

pub(super) fn unknown_entry(state: &PageState) -> Response {
    let message = "This address is of another run of the page, or of an entry that is not kept any more. Search for its key.";
    problem(state, StatusCode::NOT_FOUND, "No such entry", message)
}
