use super::axis::{Axis, lag_place};
use super::panel::Canvas;
use super::spectrum::{PROFILE_FRAME, draw_family, family, positive_range};
use crate::heads::Head;

/// The mean attention probability of a head at each lag, with the mean of each null model.
///
/// Both axes are logarithmic; lag 0 stands where `Δ + 1 = 1`.
pub fn lag_profile(head: &Head) -> String {
    let (layer, number) = (head.layer, head.head);
    let curves = family(head, |curves| &curves.lag_profile);
    Canvas::draw(
        (400.0, 296.0),
        &format!("layer-{layer}-head-{number}-lag-profile"),
        &format!("Lag profile of layer {layer}, head {number}"),
        "Mean attention probability over the lag between query and key, of the head and of its null models.",
        |canvas| {
            let lags = Axis::lags(head.curves.lag_profile.len());
            let probability = Axis::decades("mean probability (no unit)", positive_range(&curves, 6.0));
            let panel = canvas.panel(PROFILE_FRAME, lags, probability);
            draw_family(&panel, "Lag profile of the probabilities", &curves, |lag| lag_place(lag as f64));
        },
    )
}

/// The mean score of a head at each lag, its mean over the lags removed, with the mean of each null
/// model. This is the signal whose spreads make the uncertainty product.
pub fn score_profile(head: &Head) -> String {
    let (layer, number) = (head.layer, head.head);
    let curves = family(head, |curves| &curves.score_profile);
    Canvas::draw(
        (400.0, 296.0),
        &format!("layer-{layer}-head-{number}-score-profile"),
        &format!("Score profile of layer {layer}, head {number}"),
        "Mean score before the softmax over the lag, less its mean, of the head and of its null models.",
        |canvas| {
            let lags = Axis::lags(head.curves.score_profile.len());
            let own = || head.curves.score_profile.iter().copied();
            let (low, high) = (own().fold(0.0, f64::min), own().fold(0.0, f64::max));
            let room = 0.08 * (high - low).max(f64::MIN_POSITIVE);
            let score = Axis::linear("mean score, centred (no unit)", (low - room, high + room), 5);
            let panel = canvas.panel(PROFILE_FRAME, lags, score);
            draw_family(&panel, "Lag profile of the scores", &curves, |lag| lag_place(lag as f64));
        },
    )
}
