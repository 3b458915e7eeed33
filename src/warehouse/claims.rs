//! Which reports a running job has in hand, so that two jobs on one warehouse share the work.
//!
//! A claim saves work; it decides nothing. What a dead job held is free again, and a report that two jobs have read is
//! stored once all the same, since the second finds it there.

use rustc_hash::FxHashSet;

use super::database::{Access, Database, Row, params};
use super::rules::forgotten_hash;
use super::store::Refusals;
use super::write::Run;
use super::{Key, WarehouseError};

type Result<T> = std::result::Result<T, WarehouseError>;

/// A job that has held reports for this long without writing them is taken for dead, in seconds.
const LEASE: i64 = 600;

/// Bytes kept of the hash of an id: two of 2^32 reports may collide, and one of them then waits for a batch.
const BYTES: usize = 8;

impl Run<'_> {
    /// Takes reports in hand, until as many batches are written as were claimed: true for those that no other living job
    /// holds. Every batch is claimed once, even if there is nothing to take, and written once, in the same order.
    pub fn claim(&mut self, keys: &[Key<'_>]) -> Result<Vec<bool>> {
        if keys.is_empty() {
            self.claimed.push_back(None);
            return Ok(Vec::new());
        }
        let (free, claim) = self.lasting(|run| run.take(keys))?;
        self.claimed.push_back(claim);
        Ok(free)
    }

    fn take(&mut self, keys: &[Key<'_>]) -> Result<(Vec<bool>, Option<i64>)> {
        let transaction = self.database.begin(Access::Write)?;
        let owner = owner(&transaction)?;
        let salt = Refusals::load(&transaction)?.salt().to_vec();
        let held = held_by_others(&transaction, &owner)?;
        let hashes = keys.iter().map(|key| short(&salt, key.document_id));
        let (mut ours, mut free) = (Vec::new(), Vec::with_capacity(keys.len()));
        for hash in hashes {
            let is_free = !held.contains(&hash);
            if is_free {
                ours.extend_from_slice(&hash);
            }
            free.push(is_free);
        }
        let insert = "INSERT INTO claims (owner, taken_at, documents) VALUES (?1, ?2, ?3) RETURNING claim";
        let claim = match ours.is_empty() {
            true => None,
            false => Some(transaction.scalar(insert, params![&owner, seconds(), &ours])?),
        };
        transaction.commit()?;
        Ok((free, claim))
    }
}

/// Gives back what was taken for one batch.
pub(super) fn release(database: &Database, claim: i64) -> Result<()> {
    database.execute("DELETE FROM claims WHERE claim = ?1", params![claim]).map(|_| ())
}

fn held_by_others(database: &Database, own: &str) -> Result<FxHashSet<[u8; BYTES]>> {
    let read = |row: &mut Row<'_>| Ok((row.next()?, row.next()?, row.next()?, row.next()?));
    let claims: Vec<(i64, String, i64, Vec<u8>)> =
        database.list("SELECT claim, owner, taken_at, documents FROM claims", &[], read)?;
    let mut held = FxHashSet::default();
    for (claim, owner, taken_at, documents) in claims.iter().filter(|(_, owner, ..)| owner != own) {
        if seconds() - taken_at > LEASE || !is_alive(database, owner)? {
            release(database, *claim)?;
        } else {
            held.extend(documents.chunks_exact(BYTES).filter_map(|hash| <[u8; BYTES]>::try_from(hash).ok()));
        }
    }
    Ok(held)
}

fn short(salt: &[u8], id: &str) -> [u8; BYTES] {
    let hash = forgotten_hash(salt, "claim", id);
    let mut short = [0; BYTES];
    short.copy_from_slice(&hash[..BYTES]);
    short
}

fn seconds() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// A name that no other job has, now or later: session and its start on a server, process and its start on this machine.
fn owner(database: &Database) -> Result<String> {
    match database {
        Database::Sqlite(_) => Ok(process(std::process::id()).unwrap_or_default()),
        #[cfg(feature = "postgres")]
        Database::Postgres(server) => server.session_name(),
    }
}

/// True while the job lives; also when that cannot be known, until its lease ends.
fn is_alive(database: &Database, owner: &str) -> Result<bool> {
    match database {
        Database::Sqlite(_) => {
            let number = owner.split(' ').next().and_then(|number| number.parse().ok());
            Ok(number.is_none_or(|number| process(number).as_deref().unwrap_or("") == owner))
        }
        #[cfg(feature = "postgres")]
        Database::Postgres(server) => server.is_session(owner),
    }
}

/// A process by number, start and boot of the machine; `None` where there is none, or no way to know.
fn process(number: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
    // The name of the program, in parentheses, may hold anything.
    let start = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?;
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(format!("{number} {start} {}", boot.trim()))
}
