//! What goes wrong: bad input, kills, full disks, cut networks, replays, old and foreign warehouses. docs/guarantees.md
//! tells what holds in each case, and which test shows it.

mod disk;
mod input;
mod kills;
mod network;
pub mod oracle;
#[cfg(feature = "failpoints")]
mod points;
mod proxy;
mod replay;
mod schema;
pub mod server;
