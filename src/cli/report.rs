use clap::Args;

use super::{Common, Failure, Outcome};

/// Verify, analyze and draw, as one self-contained page
#[derive(Debug, Args)]
pub(super) struct Arguments {}

pub(super) fn run(_arguments: &Arguments, _common: &Common) -> Result<Outcome, Failure> {
    Err(Failure::new("not written yet"))
}
