use std::io::Write;
use std::path::Path;

use super::result::{Tested, scalogram};
use super::{Request, Wanted};
use crate::cli::Failure;
use crate::cli::output::write_file;
use crate::plot;
use crate::signal::{Coherence, Cwt, Ridges, Sample};

/// Draws one signal's power, or the coherence of two.
pub(super) fn draw<T: Sample>(
    request: &Request<'_>,
    cwt: &Cwt<T>,
    signals: &[T],
    other: Option<&[T]>,
    tested: Option<&Tested>,
    path: &Path,
) -> Result<(), Failure> {
    let arguments = request.arguments;
    if signals.len() != request.length {
        let count = signals.len() / request.length;
        return Err(Failure::new(format!("--plot draws one signal, and the array has {count}")));
    }
    let mut scalogram = scalogram(request, cwt, signals)?;
    let quantity = match (arguments.result, other) {
        (Wanted::Coherence, Some(other)) => {
            let plan = Coherence::<T>::new(request.wavelet, request.length, request.scales, arguments.boundary)?;
            scalogram.power = plan.of(signals, other)?.coherence;
            plot::Quantity::Coherence
        }
        (_, None) => plot::Quantity::Power,
        _ => return Err(Failure::new("--plot draws power, or coherence")),
    };
    let thresholds = tested.and_then(|tested| tested.signals.first()).map(|tested| &tested.thresholds[..]);
    let is_of_points = matches!(arguments.result, Wanted::Coefficients | Wanted::Power | Wanted::Coherence);
    let ridges = if arguments.ridges {
        let plan = Ridges::<T>::new(request.wavelet, request.length, request.scales, arguments.boundary)?;
        plan.of(signals, arguments.ridge_options())?
    } else {
        Vec::new()
    };
    let what = if quantity == plot::Quantity::Coherence { "Coherence" } else { "Scalogram" };
    let title = format!("{what}, {}", request.wavelet.name());
    let svg = plot::scalogram(&scalogram, quantity, &title, thresholds.filter(|_| is_of_points), &ridges)
        .map_err(|why| Failure::new(format!("--plot: {why}")))?;
    write_file(path, |out| out.write_all(svg.as_bytes()))
}
