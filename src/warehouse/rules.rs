//! What happens to a document that arrives: the rules of replacement, the same for every backend.
//!
//! | stored | arrives annotated | arrives quarantined |
//! |---|---|---|
//! | nothing | written | quarantined |
//! | annotated, same version, content and engine | unchanged | the good one stays |
//! | annotated, lower version | replaced | the good one stays |
//! | annotated, higher version | stale | the good one stays |
//! | annotated, same version, other content or engine | replaced; conflicted when this run has met it | the good one stays |
//! | quarantined | replaced, whatever its version | replaced if not older and not met by this run |
//!
//! They do not depend on the order of arrival, with one exception that cannot be avoided: of two contents
//! for one version in one run, the first stays.

use sha2::{Digest, Sha256};

use super::{Fate, Standing};

/// What the warehouse holds under a document id.
#[derive(Clone)]
pub(super) struct Stored {
    pub key: i64,
    pub version: i64,
    pub annotated: bool,
    pub content_hash: [u8; 32],
    pub engine: i64,
    pub has_text: bool,
    /// True when its source no longer had it.
    pub withdrawn: bool,
    /// True when the current run wrote it, or found it unchanged.
    pub met: bool,
}

/// What identifies an arriving document and the work asked for.
#[derive(Clone, Copy)]
pub(super) struct Arriving {
    pub version: i64,
    pub content_hash: [u8; 32],
    /// Key of the engine of the run; `None` when the warehouse does not know it yet.
    pub engine: Option<i64>,
    pub keep_text: bool,
}

impl Stored {
    fn same_work(&self, arriving: &Arriving) -> bool {
        self.version == arriving.version
            && self.content_hash == arriving.content_hash
            && Some(self.engine) == arriving.engine
            && (self.has_text || !arriving.keep_text)
            && !self.withdrawn
    }

    fn conflicts(&self, arriving: &Arriving) -> bool {
        self.met && self.version == arriving.version && self.content_hash != arriving.content_hash
    }
}

/// Where a document stands before any work is done on it.
pub(super) fn standing(stored: Option<&Stored>, arriving: &Arriving) -> Standing {
    match stored {
        None => Standing::New,
        Some(stored) if stored.same_work(arriving) && stored.annotated => Standing::Unchanged,
        Some(stored) if stored.same_work(arriving) => Standing::Quarantined,
        Some(stored) if stored.annotated && !stored.withdrawn && stored.version > arriving.version => {
            Standing::Stale
        }
        Some(_) => Standing::Changed,
    }
}

/// What becomes of a document that arrives with its events.
pub(super) fn fate_of_annotated(stored: Option<&Stored>, arriving: &Arriving) -> Fate {
    match (standing(stored, arriving), stored) {
        (Standing::New, _) => Fate::Written,
        (Standing::Unchanged, _) => Fate::Unchanged,
        (Standing::Stale, _) => Fate::Stale,
        (_, Some(stored)) if stored.annotated && stored.conflicts(arriving) => Fate::Conflicted,
        _ => Fate::Replaced,
    }
}

/// True when a quarantined document takes the row of its id: it never takes that of a good neighbour.
pub(super) fn quarantine_takes_row(stored: Option<&Stored>, arriving: &Arriving) -> bool {
    stored.is_none_or(|stored| {
        !(stored.annotated
            || stored.same_work(arriving)
            || stored.version > arriving.version
            || stored.conflicts(arriving))
    })
}

/// Hash under which a forgotten identifier is refused. The salt keeps tables made elsewhere from applying.
pub(super) fn forgotten_hash(salt: &[u8], kind: &str, id: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [salt, kind.as_bytes(), id.as_bytes()] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}
