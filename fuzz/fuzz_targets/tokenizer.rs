#![no_main]

use libfuzzer_sys::fuzz_target;
use ropelet::model::untrusted;

#[path = "../limit.rs"]
mod limit;

// The library makes an error of a panic of the tokenizers crate; libFuzzer's own hook would end the run.
fuzz_target!(init: std::panic::set_hook(Box::new(|_| {})), |bytes: &[u8]| {
    let _ = untrusted::tokenizer(bytes, "Wavelets, ΨΩ 12\u{0301}\u{200b} a_b  \n");
});
