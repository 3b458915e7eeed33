//! The database on a server: one PostgreSQL connection, which finds its way back after the server went away.

use std::cell::{Cell as Flag, RefCell};
use std::error::Error as StdError;
use std::time::Duration;

use bytes::{BufMut, BytesMut};
use rustc_hash::FxHashMap;
use tokio_postgres::Statement;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type};

use super::{Access, Cell, Cells, Param, Result, Row};
use crate::server::{Address, ServerError, Session, quoted};
use crate::warehouse::WarehouseError;

/// Class of the advisory locks of every warehouse: "LAEN".
const LOCK_CLASS: i32 = 0x4C41_454E;

/// Class of the locks that name living sessions: "LAES".
const SESSION_CLASS: i32 = 0x4C41_4553;

/// Rows that a cursor hands over at once: enough to hide the way to the server, few enough to hold.
const FETCH: usize = 2000;

/// A lost server is called again for this long in all.
const CALLS: [Duration; 6] = [
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(6),
];

/// A connection to a PostgreSQL server, in the schema of one warehouse.
pub(in crate::warehouse) struct Server {
    address: Address,
    client: RefCell<Session>,
    statements: RefCell<FxHashMap<String, Statement>>,
    open: Flag<bool>,
    cursors: Flag<u32>,
    /// Whether each step must end within the patience of the address.
    limited: Flag<bool>,
    /// Lock of this session, 0 before one is needed.
    lock: Flag<i32>,
}

impl Server {
    /// Connects; the schema need not exist yet.
    pub fn connect(mut address: Address) -> Result<Self> {
        if let Some((name, _)) = address.rest.first() {
            return Err(ServerError::Parameter { name: name.clone() }.into());
        }
        let client = session(&address)?;
        if address.schema.is_none() {
            let own = client.client().query_one("SELECT coalesce(current_schema(), 'public')::text", &[]);
            address.schema = Some(client.wait(own)?.try_get(0)?);
        }
        let client = RefCell::new(client);
        Ok(Self {
            address,
            client,
            statements: RefCell::default(),
            open: Flag::new(false),
            cursors: Flag::new(0),
            limited: Flag::new(false),
            lock: Flag::new(0),
        })
    }

    /// The schema of the warehouse.
    pub fn schema(&self) -> &str {
        self.address.schema.as_deref().unwrap_or("public")
    }

    /// Sets whether each step must end within the patience of the address: a server that is silent for longer is lost.
    pub fn limit(&self, on: bool) {
        self.limited.set(on);
        self.client.borrow().limit(on.then_some(self.address.patience));
    }

    /// Where the server is.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Calls a lost server again, for about a quarter of a minute, and the time that each call may take.
    pub fn reconnect(&self) -> Result<()> {
        let mut last = WarehouseError::Lost;
        for wait in CALLS {
            std::thread::sleep(wait);
            match session(&self.address) {
                Ok(client) => {
                    client.limit(self.limited.get().then_some(self.address.patience));
                    *self.client.borrow_mut() = client;
                    self.statements.borrow_mut().clear();
                    self.open.set(false);
                    self.lock.set(0);
                    return Ok(());
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// The lock that this session holds as long as it lives, as a name for it.
    pub fn session_name(&self) -> Result<String> {
        if self.lock.get() == 0 {
            let taken = "SELECT n FROM (SELECT (random() * 2147483646)::integer + 1 AS n FROM generate_series(1, 16)) AS r
                WHERE pg_try_advisory_lock($1, n) LIMIT 1";
            let session = self.client.borrow();
            let row = session.wait(session.client().query_opt(taken, &[&SESSION_CLASS]))?;
            self.lock.set(row.map_or(0, |row| row.get(0)));
        }
        Ok(self.lock.get().to_string())
    }

    /// True while the session of this name lives.
    pub fn is_session(&self, name: &str) -> Result<bool> {
        let Ok(lock) = name.parse::<u32>() else { return Ok(false) };
        let sql = "SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database
            WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.granted
            AND l.classid = $1 AND l.objid = $2";
        let class = u32::from_be_bytes(SESSION_CLASS.to_be_bytes());
        let session = self.client.borrow();
        Ok(session.wait(session.client().query_opt(sql, &[&class, &lock]))?.is_some())
    }

    pub fn execute(&self, sql: &str, params: &[Param<'_>]) -> Result<u64> {
        let statement = self.prepare(sql)?;
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|param| param as _).collect();
        let session = self.client.borrow();
        Ok(session.wait(session.client().execute(&statement, &params))?)
    }

    pub fn batch(&self, sql: &str) -> Result<()> {
        let session = self.client.borrow();
        Ok(session.wait(session.client().batch_execute(sql))?)
    }

    pub fn execute_once(&self, sql: &str) -> Result<u64> {
        let session = self.client.borrow();
        Ok(session.wait(session.client().execute(sql, &[]))?)
    }

    pub fn list<T>(
        &self,
        sql: &str,
        params: &[Param<'_>],
        read: impl Fn(&mut Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        self.rows(sql, params)?.iter().map(|row| read(&mut Row::of(row))).collect()
    }

    /// Through a cursor, so that neither side holds the whole result, and `each` may use the connection.
    pub fn each<E: From<WarehouseError>>(
        &self,
        sql: &str,
        params: &[Param<'_>],
        each: impl FnMut(&mut Row<'_>) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let outer = self.in_transaction();
        if !outer {
            self.begin(Access::Read)?;
        }
        let done = self.each_of_cursor(sql, params, each);
        if !outer {
            let ended = self.end(if done.is_ok() { "COMMIT" } else { "ROLLBACK" });
            done.and_then(|()| ended.map_err(E::from))
        } else {
            done
        }
    }

    fn each_of_cursor<E: From<WarehouseError>>(
        &self,
        sql: &str,
        params: &[Param<'_>],
        mut each: impl FnMut(&mut Row<'_>) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let number = self.cursors.get() + 1;
        self.cursors.set(number);
        let name = format!("laennec_{number}");
        let declare = format!("DECLARE {name} NO SCROLL CURSOR FOR {sql}");
        self.rows(&declare, params)?;
        let fetch = format!("FETCH {FETCH} FROM {name}");
        loop {
            let rows = self.fetch(&fetch)?;
            for row in &rows {
                each(&mut Row::of(row))?;
            }
            if rows.len() < FETCH {
                return self.batch(&format!("CLOSE {name}")).map_err(E::from);
            }
        }
    }

    fn fetch(&self, sql: &str) -> Result<Vec<tokio_postgres::Row>> {
        let session = self.client.borrow();
        Ok(session.wait(session.client().query(sql, &[]))?)
    }

    fn rows(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<tokio_postgres::Row>> {
        // A cursor has a name of its own, so that its statement is of no further use.
        let statement = match sql.starts_with("DECLARE") {
            true => self.prepare_once(sql)?,
            false => self.prepare(sql)?,
        };
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|param| param as _).collect();
        let session = self.client.borrow();
        Ok(session.wait(session.client().query(&statement, &params))?)
    }

    fn prepare_once(&self, sql: &str) -> Result<Statement> {
        let session = self.client.borrow();
        Ok(session.wait(session.client().prepare(sql))?)
    }

    fn prepare(&self, sql: &str) -> Result<Statement> {
        if let Some(known) = self.statements.borrow().get(sql) {
            return Ok(known.clone());
        }
        let statement = self.prepare_once(sql)?;
        self.statements.borrow_mut().insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    /// A reader sees one state of the whole database. A writer holds the lock of the warehouse, so that it is alone, as on
    /// SQLite: what a second one finds is what the first has committed.
    pub fn begin(&self, access: Access) -> Result<()> {
        match access {
            Access::Read => self.batch("BEGIN ISOLATION LEVEL REPEATABLE READ")?,
            Access::Write => {
                let lock = lock_of(self.schema());
                // A writer that the network has cut off must not hold the lock for hours.
                let idle = self.address.patience.as_millis();
                let begin = format!(
                    "BEGIN; SET LOCAL idle_in_transaction_session_timeout = {idle};
                    SELECT pg_advisory_xact_lock({LOCK_CLASS}, {lock})"
                );
                self.batch(&begin).inspect_err(|_| drop(self.batch("ROLLBACK")))?;
            }
        }
        self.open.set(true);
        Ok(())
    }

    pub fn end(&self, sql: &str) -> Result<()> {
        self.open.set(false);
        self.batch(sql)
    }

    pub fn in_transaction(&self) -> bool {
        self.open.get()
    }
}

/// A schema's share of the locks: the same in every session.
fn lock_of(schema: &str) -> i32 {
    let fold = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    schema.bytes().fold(0x811C_9DC5, fold).cast_signed()
}

/// A session in which every statement means the same on every server.
fn session(address: &Address) -> Result<Session> {
    let session = Session::open(address)?;
    let path =
        address.schema.as_deref().map(|schema| format!("SET search_path = {}, pg_temp; ", quoted(schema)));
    let settings = format!(
        "{}SET lock_timeout = {}; SET synchronous_commit = on;
        SET client_min_messages = warning; SET cursor_tuple_fraction = 1; SET timezone = 'UTC'; SET jit = off;
        SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3;
        SELECT set_config(name, '5s', false) FROM pg_settings WHERE name = 'client_connection_check_interval'",
        path.unwrap_or_default(),
        // A writer gives up waiting for another one before it takes the server for lost.
        address.patience.as_millis() * 2 / 3
    );
    session.limit(Some(address.patience));
    session.wait(session.client().batch_execute(&settings))?;
    session.limit(None);
    Ok(session)
}

/// Adds the rows that `work` hands over, in the binary form of COPY.
pub(in crate::warehouse) fn copy(
    server: &Server,
    table: &str,
    columns: &[(&str, Type)],
    work: impl FnOnce(&mut dyn FnMut(&[Param<'_>]) -> Result<()>) -> Result<()>,
) -> Result<()> {
    let names: Vec<String> = columns.iter().map(|(name, _)| quoted(name)).collect();
    let types: Vec<Type> = columns.iter().map(|(_, kind)| kind.clone()).collect();
    let session = server.client.borrow();
    let sql = format!("COPY {table} ({}) FROM STDIN BINARY", names.join(", "));
    let sink = session.wait(session.client().copy_in(&sql))?;
    let mut out = std::pin::pin!(BinaryCopyInWriter::new(sink, &types));
    work(&mut |row| Ok(session.wait(out.as_mut().write_raw(row.iter()))?))?;
    session.wait(out.as_mut().finish())?;
    Ok(())
}

/// Text with what PostgreSQL cannot hold replaced, one character by one.
fn storable(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{FFFD}").into() } else { text.into() }
}

impl ToSql for Param<'_> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match *self {
            Param::Null => return Ok(IsNull::Yes),
            Param::Integer(value) => match *kind {
                Type::INT8 => out.put_i64(value),
                Type::INT4 => out.put_i32(value.try_into()?),
                Type::INT2 => out.put_i16(value.try_into()?),
                Type::BOOL => out.put_u8(u8::from(value != 0)),
                Type::FLOAT8 => out.put_f64(value as f64),
                _ => return Err("an integer where the server expects none".into()),
            },
            Param::Real(value) => match *kind {
                Type::FLOAT8 => out.put_f64(value),
                // A bound of a range over whole days.
                Type::INT8 if value.fract() == 0.0 => out.put_i64(value as i64),
                Type::INT4 if value.fract() == 0.0 => out.put_i32((value as i64).try_into()?),
                _ => return Err("a number where the server expects none".into()),
            },
            Param::Text(text) => out.put_slice(storable(text).as_bytes()),
            Param::Blob(bytes) => out.put_slice(bytes),
            Param::Texts(texts) => {
                let texts: Vec<_> = texts.iter().map(|text| storable(text)).collect();
                return texts.to_sql(&Type::TEXT_ARRAY, out);
            }
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    tokio_postgres::types::to_sql_checked!();
}

/// A value as the server sends it.
struct Raw<'r>(Option<Cell<'r>>);

impl<'r> FromSql<'r> for Raw<'r> {
    fn from_sql(kind: &Type, raw: &'r [u8]) -> std::result::Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(Some(match *kind {
            Type::INT8 => Cell::Integer(i64::from_sql(kind, raw)?),
            Type::INT4 => Cell::Integer(i32::from_sql(kind, raw)?.into()),
            Type::INT2 => Cell::Integer(i16::from_sql(kind, raw)?.into()),
            Type::BOOL => Cell::Integer(bool::from_sql(kind, raw)?.into()),
            Type::FLOAT8 => Cell::Real(f64::from_sql(kind, raw)?),
            Type::FLOAT4 => Cell::Real(f32::from_sql(kind, raw)?.into()),
            Type::BYTEA => Cell::Blob(raw),
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::JSON | Type::UNKNOWN => {
                Cell::Text(std::str::from_utf8(raw)?.into())
            }
            _ => return Ok(Self(None)),
        })))
    }

    fn from_sql_null(_: &Type) -> std::result::Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(Some(Cell::Null)))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

impl Cells for tokio_postgres::Row {
    fn cell(&self, index: usize) -> Option<Cell<'_>> {
        self.try_get::<_, Raw<'_>>(index).ok()?.0
    }

    fn width(&self) -> usize {
        self.len()
    }
}
