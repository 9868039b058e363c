//! `demo --page`: the page of the ledgers, for what the demo lost.

use crate::failure::CommandError;
use crate::ledger::{PageArgs, RegionUrl, serve_page};
use crate::world::StoppedWorld;

/// Serves the page until Ctrl-C. The world has no functions any more, but its tables and ledgers answer.
pub(super) async fn serve(
    world: &StoppedWorld,
    stamp_prefix: &str,
    ttl_attribute: &str,
) -> Result<(), CommandError> {
    let (mut ledgers, mut items) = (Vec::new(), Vec::new());
    let mut table = String::new();
    for (region, stack) in &world.stacks {
        stack.ledger.table_name().clone_into(&mut table);
        let url = world
            .table
            .endpoint(*region)
            .map_err(CommandError::failed)?;
        ledgers.push(RegionUrl::new(region.name(), stack.ledger.endpoint()));
        items.push(RegionUrl::new(region.name(), url));
    }
    let args = PageArgs {
        stamp_prefix: stamp_prefix.to_owned(),
        ttl_attribute: Some(ttl_attribute.to_owned()),
        ..PageArgs::of_local(table, ledgers, items)
    };
    serve_page(args).await
}
