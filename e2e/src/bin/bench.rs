//! `cargo xtask bench` starts this.

use std::process::ExitCode;

use e2e::bench::{self, HELP, Options, Parsed};

#[tokio::main]
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the terminal is the interface")]
async fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(Parsed::Run(options)) => options,
        Ok(Parsed::Help) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            eprintln!("bench: {problem}");
            return ExitCode::FAILURE;
        }
    };
    match bench::run(&options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}
