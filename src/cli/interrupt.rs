use std::io;
use std::sync::OnceLock;
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use super::output;

/// From now on SIGINT and SIGTERM remove unfinished files before they end the program, as which the
/// caller sees it end.
///
/// Only asked for where a file is begun: until then the signals do what they always do.
pub(super) fn watch() -> Result<(), io::Error> {
    static WATCHED: OnceLock<Result<(), io::ErrorKind>> = OnceLock::new();
    let start = || -> io::Result<()> {
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            if let Some(signal) = signals.forever().next() {
                // Held to the end: nothing is begun or gets its name any more.
                let _unfinished = output::discard();
                let _ = emulate_default_handler(signal);
            }
        })?;
        Ok(())
    };
    WATCHED.get_or_init(|| start().map_err(|error| error.kind())).map_err(io::Error::from)
}
