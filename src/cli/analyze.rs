use clap::Args;

use super::{Common, Failure, Outcome};

/// Measure a checkpoint's attention heads against null models
#[derive(Debug, Args)]
pub(super) struct Arguments {}

pub(super) fn run(_arguments: &Arguments, _common: &Common) -> Result<Outcome, Failure> {
    Err(Failure::new("not written yet"))
}
