use std::fmt;

use pulp::Arch;

/// The vectors of a processor that a plan is made for. Plans take the widest there are; results of others differ
/// by rounding.
#[derive(Clone, Copy)]
pub struct Instructions {
    name: &'static str,
    pub(super) arch: Arch,
}

impl Instructions {
    /// All that this processor has, the narrowest first: none, then AVX2 with FMA and AVX-512, or NEON.
    pub fn all() -> Vec<Self> {
        #[cfg_attr(not(any(target_arch = "x86_64", target_arch = "aarch64")), expect(unused_mut))]
        let mut all = vec![Self { name: "scalar", arch: Arch::Scalar }];
        #[cfg(target_arch = "x86_64")]
        {
            all.extend(pulp::x86::V3::try_new().map(|simd| Self { name: "avx2", arch: Arch::V3(simd) }));
            all.extend(pulp::x86::V4::try_new().map(|simd| Self { name: "avx512", arch: Arch::V4(simd) }));
        }
        #[cfg(target_arch = "aarch64")]
        all.extend(pulp::aarch64::Neon::try_new().map(|simd| Self { name: "neon", arch: Arch::Neon(simd) }));
        all
    }

    /// What they are called: `scalar`, `avx2`, `avx512` or `neon`.
    pub fn name(&self) -> &'static str {
        self.name
    }
}

impl fmt::Debug for Instructions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
