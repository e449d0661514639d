//! The reader of `.npy` arrays, which is the program's own and not the library's.
#![no_main]

use failure::Failure;
use libfuzzer_sys::fuzz_target;

#[path = "../../src/cli/failure.rs"]
#[allow(dead_code)]
mod failure;
#[path = "../limit.rs"]
mod limit;
#[path = "../../src/cli/npy.rs"]
#[allow(dead_code)]
mod npy;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(npy::Array { shape, values }) = npy::array(bytes, bytes.len() as u64) {
        let numbers = match values {
            npy::Values::F32(values) => values.len(),
            npy::Values::F64(values) => values.len(),
            npy::Values::C64(values) => values.len(),
            npy::Values::C128(values) => values.len(),
        };
        assert_eq!(shape.iter().product::<usize>(), numbers);
    }
});
