//! `peers NAME ARGUMENTS...`: another transform as a contestant of `tests/bench/cwt.py`.

#[path = "../../contest.rs"]
mod contest;
mod per_scale;
mod port;
mod voices;

use contest::{Task, serve};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let task = Task::read(&arguments[1..]);
    match arguments[0].as_str() {
        "rustfft" => serve(per_scale::PerScale::new(task)),
        "fcwt" => serve(port::Fcwt::new(task)),
        #[cfg(feature = "fcwt2")]
        "fcwt2" => serve(port::Fcwt2::new(task)),
        "scalet" => serve(voices::Scalet::new(task)),
        name => panic!("{name} is not here"),
    }
}
