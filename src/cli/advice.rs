//! `--model`: which model advises the rules, and when it is asked.

use super::{Failed, Result};
use crate::pipeline::Engine;

/// The model asked.
#[derive(clap::Args)]
pub(super) struct Advice {
    /// `off`: rules alone; `cascade`: the shipped model, asked where the rules are in doubt; `always`: asked everywhere;
    /// NAME or DIR: another model, in cascade (`DIR+always`: everywhere).
    #[arg(long, value_name = "MODEL", default_value = DEFAULT)]
    model: String,
}

/// Asked in doubt, where the program has a model.
const DEFAULT: &str = if cfg!(feature = "neural") { "cascade" } else { "off" };

impl Advice {
    /// The engine, advised as asked.
    #[cfg(feature = "neural")]
    pub(super) fn of(&self, engine: Engine) -> Result<Engine> {
        use crate::model::{Model, shipped};
        let (name, always) = match self.model.as_str() {
            "off" => return Ok(engine),
            "cascade" => (None, false),
            "always" => (None, true),
            name => (Some(name.trim_end_matches("+always")), name.ends_with("+always")),
        };
        let shipped = shipped().first().map(|files| files.name.clone());
        let Some(name) = name.map(str::to_string).or(shipped) else { return Ok(engine) };
        let model = Model::load(&name).map_err(Failed::new)?;
        engine.advised_by(model.into(), always).map_err(Failed::new)
    }

    #[cfg(not(feature = "neural"))]
    pub(super) fn of(&self, engine: Engine) -> Result<Engine> {
        match self.model.as_str() {
            "off" => Ok(engine),
            _ => Err(Failed("this program was built without the feature `neural`; use --model off".into())),
        }
    }
}
