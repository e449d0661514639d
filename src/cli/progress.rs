use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Common;

/// A bar with rate and time left, on stderr, and only where that is a terminal.
pub(super) fn bar(common: &Common, length: u64, unit: &str) -> ProgressBar {
    // indicatif itself draws nothing where stderr is not a terminal.
    let target = if common.quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let style = ProgressStyle::with_template(&format!(
        "{{msg:20}} {{wide_bar}} {{pos}}/{{len}} {unit}  {{per_sec}}  {{eta}} left"
    ))
    .expect("the template is a constant");
    ProgressBar::with_draw_target(Some(length), target).with_style(style)
}
