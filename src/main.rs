//! The `laennec` command.
fn main() {}
