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

/// A line that says what is going on where nobody knows how long it takes.
#[cfg(feature = "model")]
pub(super) fn spinner(common: &Common) -> ProgressBar {
    let target = if common.quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}").expect("the template is a constant");
    let spinner = ProgressBar::with_draw_target(None, target).with_style(style);
    spinner.enable_steady_tick(std::time::Duration::from_millis(200));
    spinner
}
