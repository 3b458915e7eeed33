//! `--model`: which model advises the rules, and when it is asked.

use super::{Failed, Result};
use crate::pipeline::Engine;

/// The model asked.
#[derive(clap::Args)]
pub(super) struct Advice {
    /// `off`: rules alone; `cascade`: the shipped model, asked where the rules are most in doubt (default of annotate and
    /// show); `always`: asked everywhere (default of qualify and evaluate); NAME or DIR: another model, asked as by
    /// default; `DIR+cascade`, `DIR+always`.
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
}

/// When the model is asked, unless `--model` says it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    /// Where the rules are most in doubt: reports by the million.
    InDoubt,
    /// Everywhere: spans that somebody chose.
    Always,
}

impl Advice {
    /// The engine, advised as asked.
    #[cfg(feature = "neural")]
    pub(super) fn of(&self, engine: Engine, by_default: Ask) -> Result<Engine> {
        use crate::model::{Model, shipped};
        let given = self.model.as_deref().unwrap_or_default();
        let (name, ask) = match given.rsplit_once('+').unwrap_or((given, "")) {
            ("off", "") => return Ok(engine),
            ("cascade", "") => ("", Ask::InDoubt),
            ("always", "") => ("", Ask::Always),
            (name, "cascade") => (name, Ask::InDoubt),
            (name, "always") => (name, Ask::Always),
            _ => (given, by_default),
        };
        let shipped = || shipped().first().map(|files| files.name.clone());
        let name = if name.is_empty() { shipped() } else { Some(name.to_string()) };
        let Some(name) = name else { return Ok(engine) };
        let model = Model::load(&name).map_err(Failed::new)?;
        engine.advised_by(model.into(), ask == Ask::Always).map_err(Failed::new)
    }

    #[cfg(not(feature = "neural"))]
    pub(super) fn of(&self, engine: Engine, _by_default: Ask) -> Result<Engine> {
        match self.model.as_deref() {
            None | Some("off") => Ok(engine),
            _ => Err(Failed("this program was built without the feature `neural`; use --model off".into())),
        }
    }
}
