use clap::Args;

use super::{Common, Failure, Outcome};

/// Say what a statement means, and why it holds or fails
#[derive(Debug, Args)]
pub(super) struct Arguments {}

pub(super) fn run(_arguments: &Arguments, _common: &Common) -> Result<Outcome, Failure> {
    Err(Failure::new("not written yet"))
}
