//! The `laennec` command: reads its arguments, runs one command, ends with the exit code of the contract.

use std::process::ExitCode;

fn main() -> ExitCode {
    laennec::cli::run()
}
