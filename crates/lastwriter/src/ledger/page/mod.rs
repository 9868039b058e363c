//! `lastwriter ledger page`: a page on loopback for the ledgers of all Regions, which gives lost writes back with `--write`.

mod actions;
mod args;
mod catalog;
mod entry;
mod guard;
mod html;
mod listed;
mod memory;
mod policy;
mod query;
mod regions;
mod server;
mod shell;
mod state;

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use local_aws::http::Server;
use tokio::net::TcpListener;

pub use args::PageArgs;
pub(crate) use regions::RegionUrl;

use self::catalog::Catalog;
use self::guard::Guard;
use self::memory::random_name;
use self::regions::Regions;
use self::state::PageState;
use crate::failure::CommandError;
use crate::signals::StopSignals;
use crate::terminal::{self, printable};

/// A port that cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("the page cannot listen on 127.0.0.1:{port}: {source}; give another --port, or none")]
struct PortError {
    port: u16,
    source: std::io::Error,
}

/// Serves the page until Ctrl-C.
pub(crate) async fn command(args: PageArgs) -> Result<(), CommandError> {
    if args.print_policy {
        return Ok(terminal::print_json(&policy::policy(&args))?);
    }
    let mut signals = StopSignals::listen()?;
    let regions = Arc::new(Regions::open(&args).await?);
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let refresh = Duration::from_secs(u64::from(args.refresh));
    let catalog = Arc::new(Catalog::new(
        Arc::clone(&regions),
        args.hours,
        limit,
        refresh,
    ));
    if std::io::stderr().is_terminal() {
        eprintln!(
            "Reading the last {} hours of {}.",
            args.hours,
            regions.names().join(", ")
        );
    }
    tokio::select! {
        opened = catalog.open() => opened.map_err(CommandError::failed)?,
        () = signals.received() => return Ok(()),
    }
    let token = random_name();
    let port_error = |source| {
        CommandError::bad_input(PortError {
            port: args.port,
            source,
        })
    };
    let listener = TcpListener::bind(("127.0.0.1", args.port))
        .await
        .map_err(port_error)?;
    let port = listener.local_addr().map_err(port_error)?.port();
    let guard = Guard::new(&token, port);
    let state = Arc::new(PageState::new(args.clone(), regions, catalog, &token));
    let server =
        Server::on(listener, server::router(Arc::clone(&state), guard)).map_err(port_error)?;
    terminal::print(&text(
        &state,
        &format!("http://{}{}", server.address(), state.root),
    ))?;
    signals.received().await;
    // What is being written is finished, unless somebody insists.
    tokio::select! {
        _all_written = state.writing.write() => {}
        () = signals.received() => {}
    }
    drop(server);
    Ok(())
}

/// What is printed when everything is ready.
fn text(state: &PageState, address: &str) -> String {
    let may = match state
        .regions
        .ledgers
        .iter()
        .find_map(|ledger| ledger.operator.as_ref())
    {
        Some(operator) => format!(
            "It may put back and resolve, as {}.",
            printable(&operator.by)
        ),
        None => "It only reads; --write lets it put back and resolve.".to_owned(),
    };
    format!(
        "The ledgers of {}:\n\n  {address}\n\n{may} Whoever has the address can do the same: do not pass it on.\nCtrl-C ends it.\n",
        state.regions.names().join(", ")
    )
}
