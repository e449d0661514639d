#![no_main]

use libfuzzer_sys::fuzz_target;
use ropelet::model::untrusted;

#[path = "../limit.rs"]
mod limit;

fuzz_target!(|bytes: &[u8]| {
    let _ = untrusted::tokenizer(bytes, "Wavelets, ΨΩ 12\u{0301}\u{200b} a_b  \n");
});
