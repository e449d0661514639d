use super::RowBlock;
use super::attention::Rows;
use crate::signal;

/// What attention needs of a type of elements besides vectors of whatever width the processor has.
pub(in crate::model) trait Lanes: signal::Lanes {
    /// `e^x` for `x ≤ 0`, and 0 for `x` below -87 (-708 in `f64`), near the smallest normal number. NaN
    /// stays NaN. Written so that a loop over it becomes vectors.
    ///
    /// Rounding: the relative error is below 4 unit roundoffs `u`. `x = n ln 2 + r` with `|r| < 0.35`, and
    /// `e^x = 2^n e^r`. `ln 2` comes in two parts; `n` times the first is subtracted without rounding, and
    /// the second leaves half a roundoff of 0.35 and, times `n`, what it lacks of `ln 2`: together below
    /// `u/2`. The Taylor polynomial of degree 7 (13) is off by less than `0.35^8/8! < 0.1 u` (`0.35^14/14! <
    /// 0.1 u`), relative to a sum of at least 0.7. By Horner's rule each step rounds once; the last rounds
    /// the result, and step `k` from the end is damped by `0.35^k`: `u (1 + 0.35/0.7 + ...) < 2 u`. `2^n` is
    /// exact.
    fn exp_negative(self) -> Self;

    /// The block as what a reducer takes.
    fn rows(block: RowBlock<'_, Self>) -> Rows<'_>;
}

macro_rules! exp {
    ($x:ident, $float:ty, $bits:ty, $lowest:literal, $shift:literal, $one:literal, $high:literal, $low:literal, [$($factorial:literal),*]) => {{
        // Adding 1.5 · 2^(p-1) rounds to a whole number, which is then in the low bits.
        const SHIFT: $float = (3u64 << ($shift - 1)) as $float;
        let shifted = $x.mul_add(<$float as num_traits::FloatConst>::LOG2_E(), SHIFT);
        let n = shifted - SHIFT;
        let r = n.mul_add(-$low, n.mul_add(-$high, $x));
        let mut sum: $float = 0.0;
        $(sum = sum.mul_add(r, 1.0 / $factorial);)*
        let power = <$float>::from_bits((shifted.to_bits() << $shift).wrapping_add($one));
        if $x < $lowest { 0.0 } else { sum * power }
    }};
}

macro_rules! lanes {
    ($float:ident, $rows:ident, $exp:item) => {
        impl Lanes for $float {
            #[inline(always)]
            $exp

            fn rows(block: RowBlock<'_, Self>) -> Rows<'_> {
                Rows::$rows(block)
            }
        }
    };
}

lanes!(
    f32,
    F32,
    fn exp_negative(self) -> Self {
        exp!(
            self,
            f32,
            u32,
            -87.0,
            23,
            0x3f80_0000,
            // 355/512: its products with n are exact.
            0.693_359_4,
            -2.121_944_4e-4,
            [5040.0, 720.0, 120.0, 24.0, 6.0, 2.0, 1.0, 1.0]
        )
    }
);
lanes!(
    f64,
    F64,
    fn exp_negative(self) -> Self {
        exp!(
            self,
            f64,
            u64,
            -708.0,
            52,
            0x3ff0_0000_0000_0000,
            6.931_471_803_691_238e-1,
            1.908_214_929_270_587_7e-10,
            [
                6_227_020_800.0,
                479_001_600.0,
                39_916_800.0,
                3_628_800.0,
                362_880.0,
                40_320.0,
                5040.0,
                720.0,
                120.0,
                24.0,
                6.0,
                2.0,
                1.0,
                1.0
            ]
        )
    }
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::Real;

    #[test]
    fn the_exponential_is_within_four_roundoffs() {
        for at in 0..87_000 {
            let x = -1e-3 * f64::from(at);
            let narrow = x as f32;
            let exact = f64::from(narrow).exp();
            assert!((f64::from(narrow.exp_negative()) - exact).abs() <= 4.0 * f32::UNIT_ROUNDOFF * exact, "{x}");
            // The library's own is off by up to one.
            let wide = 8.0 * x;
            assert!((wide.exp_negative() - wide.exp()).abs() <= 5.0 * f64::UNIT_ROUNDOFF * wide.exp(), "{wide}");
        }
        assert_eq!((f32::NEG_INFINITY.exp_negative(), (-709.0f64).exp_negative()), (0.0, 0.0));
        assert_eq!(0.0f32.exp_negative(), 1.0);
        assert!(f32::NAN.exp_negative().is_nan() && f64::NAN.exp_negative().is_nan());
    }
}
