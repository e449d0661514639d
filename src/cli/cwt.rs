use clap::Args;

use super::{Common, Failure, Outcome};

/// Continuous wavelet transform along the last axis of an array
#[derive(Debug, Args)]
pub(super) struct Arguments {}

pub(super) fn run(_arguments: &Arguments, _common: &Common) -> Result<Outcome, Failure> {
    Err(Failure::new("not written yet"))
}
