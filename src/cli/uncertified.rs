use clap::Args;

use super::{Common, Failure};

/// What `--certified` takes, in a build that leaves it out.
#[derive(Debug, Clone, Args)]
pub(super) struct Arguments {
    /// Enclose the constants and the entries of both matrices as well; only in a build with the
    /// feature `certify`
    #[arg(long)]
    pub(super) certified: bool,
    #[arg(long, hide = true, requires = "certified")]
    full: bool,
    #[arg(long, hide = true, requires = "full")]
    resume: Option<String>,
}

/// Never made.
#[derive(Debug, serde::Serialize)]
pub(super) enum Certified {}

pub(super) fn run(_arguments: &Arguments, _common: &Common) -> Result<Certified, Failure> {
    Err(Failure::new("this build leaves out what --certified needs; rebuild with `--features certify`"))
}

impl Certified {
    pub(super) fn ok(&self) -> bool {
        match *self {}
    }

    pub(super) fn table(&self) -> String {
        match *self {}
    }
}
