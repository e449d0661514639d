use super::axis::{Axis, lag_place};
use super::panel::{Canvas, Frame};
use super::spectrum::{draw_family, family, positive_range};
use crate::heads::Head;

/// The mean attention probability of a head at each lag, with the mean of each null model.
///
/// Both axes are logarithmic; lag 0 stands where `Δ + 1 = 1`.
pub fn lag_profile(head: &Head) -> String {
    let (layer, number) = (head.layer, head.head);
    let curves = family(head, |curves| &curves.lag_profile);
    Canvas::draw(
        (400.0, 300.0),
        &format!("layer-{layer}-head-{number}-lag-profile"),
        &format!("Lag profile of layer {layer}, head {number}"),
        "Mean attention probability over the lag between query and key, of the head and of its null models.",
        |canvas| {
            let length = head.curves.lag_profile.len();
            let probability = Axis::decades("mean probability (no unit)", positive_range(&curves, 6.0));
            let panel = canvas.panel(Frame(66.0, 58.0, 320.0, 190.0), Axis::lags(length), probability);
            panel.title("Lag profile");
            draw_family(canvas, &panel, &curves, |lag| lag_place(lag as f64));
        },
    )
}
