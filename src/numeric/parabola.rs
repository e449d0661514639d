/// The top of the parabola through three points, of ascending abscissae; the middle one where they lie on a line or
/// on a bowl.
pub fn vertex(left: (f64, f64), middle: (f64, f64), right: (f64, f64)) -> (f64, f64) {
    let (before, after) = (middle.0 - left.0, right.0 - middle.0);
    let (rise, fall) = ((middle.1 - left.1) / before, (right.1 - middle.1) / after);
    let curvature = rise - fall;
    if curvature > 0.0 {
        // Slope of the parabola at the middle, and half its curvature.
        let (slope, half) = ((rise * after + fall * before) / (before + after), curvature / (before + after));
        let step = (rise * after + fall * before) / (2.0 * curvature);
        (middle.0 + step, middle.1 + slope * step - half * step * step)
    } else {
        middle
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_top_of_a_parabola_is_found_from_uneven_points() {
        let parabola = |x: f64| (x, 5.0 - 3.0 * (x - 0.7).powi(2));
        let (x, y) = vertex(parabola(0.0), parabola(0.5), parabola(1.25));
        assert!((x - 0.7).abs() < 1e-15 && (y - 5.0).abs() < 1e-14, "{x} {y}");
        assert_eq!(vertex((0.0, 1.0), (1.0, 2.0), (2.0, 3.0)), (1.0, 2.0));
    }
}
