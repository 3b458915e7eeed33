//! Why a run of surveillance was not made, or a stored one cannot be shown.

use super::cases::Fault;
use crate::warehouse::WarehouseError;

/// Why a run was not made.
#[derive(Debug, thiserror::Error)]
pub enum RunFault {
    /// The warehouse or a definition.
    #[error(transparent)]
    Cases(#[from] Fault),
    /// What was stored cannot be read.
    #[error("the stored run {0} cannot be read: {1}")]
    Stored(i64, String),
    /// Another run was stored meanwhile.
    #[error("another run of surveillance was stored meanwhile; run the same command again")]
    Overtaken,
    /// Anything else, said in full.
    #[error("{0}")]
    Told(String),
}

impl From<WarehouseError> for RunFault {
    fn from(error: WarehouseError) -> Self {
        Self::Cases(Fault::Warehouse(error))
    }
}
