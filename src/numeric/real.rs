use std::fmt::{Debug, Display};

/// A binary floating-point number: `f32` or `f64`.
///
/// Code that is generic over its precision asks for the unit roundoff here, so that a bound
/// follows from the type that was computed in.
pub trait Real:
    num_traits::Float + num_traits::FloatConst + num_traits::NumAssign + Debug + Display + Default + Send + Sync + 'static
{
    /// `u`, the largest relative error of rounding to nearest: `2^-24` or `2^-53`.
    const UNIT_ROUNDOFF: f64;
    /// The name used in tables and JSON: `f32` or `f64`.
    const NAME: &'static str;

    /// Rounds an `f64` to this type (to nearest).
    fn of(value: f64) -> Self;
    /// Widens to `f64`, exactly.
    fn wide(self) -> f64;
}

impl Real for f32 {
    const UNIT_ROUNDOFF: f64 = 1.0 / (1u64 << 24) as f64;
    const NAME: &'static str = "f32";

    fn of(value: f64) -> Self {
        value as f32
    }

    fn wide(self) -> f64 {
        self.into()
    }
}

impl Real for f64 {
    const UNIT_ROUNDOFF: f64 = 1.0 / (1u64 << 53) as f64;
    const NAME: &'static str = "f64";

    fn of(value: f64) -> Self {
        value
    }

    fn wide(self) -> f64 {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_roundoff_is_half_the_machine_epsilon() {
        assert_eq!(f32::UNIT_ROUNDOFF, f64::from(f32::EPSILON) / 2.0);
        assert_eq!(f64::UNIT_ROUNDOFF, f64::EPSILON / 2.0);
    }
}
