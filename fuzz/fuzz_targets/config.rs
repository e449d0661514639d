#![no_main]

use libfuzzer_sys::fuzz_target;
use ropelet::model::untrusted;

#[path = "../limit.rs"]
mod limit;

fuzz_target!(|bytes: &[u8]| drop(untrusted::config(bytes)));
