use clap::Args;

use super::{Common, Failure, Outcome};

/// Write the inner tensors of a checkpoint's forward pass
#[derive(Debug, Args)]
pub(super) struct Arguments {}

pub(super) fn run(_arguments: &Arguments, _common: &Common) -> Result<Outcome, Failure> {
    Err(Failure::new("not written yet"))
}
