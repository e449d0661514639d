use clap::Args;

use super::{Common, Failure, Outcome};

/// Show the closed-form numbers of a mother wavelet
#[derive(Debug, Args)]
pub(super) struct Arguments {}

pub(super) fn run(_arguments: &Arguments, _common: &Common) -> Result<Outcome, Failure> {
    Err(Failure::new("not written yet"))
}
