//! The headless command: see [`converge::headless`].

use std::io::{self, BufWriter, stderr, stdin, stdout};
use std::process::ExitCode;

use converge::headless::{Streams, run};
use converge::patterns;

fn main() -> ExitCode {
    let mut streams = Streams {
        input: &mut stdin().lock() as &mut dyn io::Read,
        out: &mut BufWriter::new(stdout().lock()),
        err: &mut stderr().lock(),
    };
    ExitCode::from(run(patterns::ALL, std::env::args_os().skip(1).collect(), &mut streams))
}
