//! The headless command: see `converge::headless`. It is for terminals; WebAssembly has the page.

#[cfg(target_arch = "wasm32")]
fn main() {}

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    use std::io::{self, BufWriter, stderr, stdin, stdout};

    use converge::headless::{Streams, run};
    use converge::patterns;

    let mut streams = Streams {
        input: &mut stdin().lock() as &mut dyn io::Read,
        out: &mut BufWriter::new(stdout().lock()),
        err: &mut stderr().lock(),
    };
    std::process::ExitCode::from(run(patterns::ALL, std::env::args_os().skip(1).collect(), &mut streams))
}
