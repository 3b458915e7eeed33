//! Progress bars and tables, as the terminal allows.

use comfy_table::{ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;

/// Widest table when the terminal does not tell its width.
const WIDTH: u16 = 110;

/// A bar over `total` bytes; drawn on a terminal only.
pub(super) fn bar(total: Option<u64>, quiet: bool) -> ProgressBar {
    drawn(total, quiet, "{spinner} {bar:32} {bytes}/{total_bytes} {binary_bytes_per_sec} {eta} {msg}")
}

/// A bar over `total` steps; drawn on a terminal only.
pub(super) fn steps(total: usize, quiet: bool) -> ProgressBar {
    drawn(Some(total as u64), quiet, "{spinner} {bar:32} {pos}/{len} {eta} {msg}")
}

fn drawn(total: Option<u64>, quiet: bool, template: &str) -> ProgressBar {
    let target = if quiet || !std::io::stderr().is_terminal() {
        ProgressDrawTarget::hidden()
    } else {
        ProgressDrawTarget::stderr()
    };
    let bar = ProgressBar::with_draw_target(total, target);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// An empty table that fits the terminal.
pub(super) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    if table.width().is_none() {
        table.set_width(WIDTH);
    }
    table.set_header(header.iter().copied());
    table
}

/// The width of the terminal that standard output is, if it is one.
pub(super) fn terminal_width() -> Option<usize> {
    Table::new().width().map(usize::from)
}
