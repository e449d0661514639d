use clap::Args;

use super::{Common, Failure, Outcome};

/// Left out of this build
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

/// What a verb answers in a build that leaves out what it needs.
pub(super) fn run(_arguments: &Arguments, _common: &Common) -> Result<Outcome, Failure> {
    Err(Failure::new("this verb needs a part that this build leaves out; rebuild with `--features model,plot`"))
}
