//! A private PostgreSQL server: started once a test process, gone with it whatever ends the process.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use postgres::{Client, NoTls, SimpleQueryMessage};

use super::oracle::SECRET;

/// Schema of the warehouses of the tests.
pub const SCHEMA: &str = "entrepot";

/// Makes, starts and stops the server on request, one word a line. At the end of its input, which is the end of the test
/// process, it stops the server and removes the folder: nothing stays, even after `kill -9` of the tests.
const KEEPER: &str = r#"
trap '' INT TERM HUP PIPE
folder=$1; programs=$2
while read -r word; do
    case $word in
    make) made=no
        # A collation that is not the order of bytes shows what relies on it by mistake.
        for provider in "--locale-provider=icu --icu-locale=fr" ""; do
            "$programs/initdb" -U postgres -A trust -E UTF8 -N --locale=C.UTF-8 $provider -D "$folder/data" \
                >>"$folder/log" 2>&1 && { made=yes; break; }
        done
        cat >>"$folder/data/postgresql.conf" <"$folder/settings"; echo "$made" ;;
    start) "$programs/postgres" -D "$folder/data" >>"$folder/log" 2>&1 & server=$!; echo "$server" ;;
    stop) kill -QUIT "$server"; wait "$server"; echo stopped ;;
    esac
done
kill -QUIT "$server" 2>/dev/null
wait
rm -rf "$folder"
"#;

/// A server with its data in a folder of its own, on a socket there and on a port of 127.0.0.1; everybody is trusted.
pub struct Server {
    folder: PathBuf,
    port: u16,
    keeper: Mutex<Keeper>,
}

struct Keeper {
    words: ChildStdin,
    answers: BufReader<ChildStdout>,
    child: Child,
}

impl Keeper {
    fn say(&mut self, word: &str) -> String {
        writeln!(self.words, "{word}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        answer.trim().to_string()
    }
}

/// The server that most tests share; a visible line and `None` when this machine has none.
pub fn shared() -> Option<&'static Server> {
    static SHARED: OnceLock<Result<Server, String>> = OnceLock::new();
    or_skip(SHARED.get_or_init(|| Server::start(&[], &[])).as_ref().map_err(Clone::clone))
}

/// A server of one's own, to be stopped and starved.
pub fn own(settings: &[&str], environment: &[(&str, &str)]) -> Option<Server> {
    or_skip(Server::start(settings, environment))
}

fn or_skip<T>(server: Result<T, String>) -> Option<T> {
    match server {
        Ok(server) => Some(server),
        Err(why) if std::env::var("LAENNEC_REQUIRE_POSTGRES").is_ok_and(|value| value == "1") => {
            panic!("LAENNEC_REQUIRE_POSTGRES=1, but no PostgreSQL server: {why}")
        }
        Err(why) => {
            // Past the capture of the test harness: a skipped test must be seen.
            drop(writeln!(std::io::stderr(), "skipped: no PostgreSQL server ({why})"));
            None
        }
    }
}

/// Where `initdb` and `postgres` are.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut installed: Vec<PathBuf> = versions.map(|entry| entry.path().join("bin")).collect();
    installed.sort();
    folders.extend(installed.into_iter().rev());
    folders.into_iter().find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
}

/// User and group of the server: PostgreSQL refuses to run as root.
fn account() -> Result<Option<(u32, u32)>, String> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let users = std::fs::read_to_string("/etc/passwd").map_err(|error| error.to_string())?;
    let line = users.lines().find_map(|line| line.strip_prefix("postgres:"));
    let numbers: Vec<u32> =
        line.into_iter().flat_map(|line| line.split(':').skip(1).take(2)).flat_map(str::parse).collect();
    match numbers[..] {
        [user, group] => Ok(Some((user, group))),
        _ => Err("the tests run as root, and there is no user `postgres` to run the server".into()),
    }
}

impl Server {
    /// Makes a server with these lines of configuration and these variables, and starts it.
    fn start(settings: &[&str], environment: &[(&str, &str)]) -> Result<Self, String> {
        let programs = programs().ok_or("initdb and postgres are not in PATH nor in /usr/lib/postgresql")?;
        let account = account()?;
        let folder =
            tempfile::Builder::new().prefix("laennec-pg-").tempdir_in("/tmp").map_err(|e| e.to_string())?;
        if let Some((user, group)) = account {
            std::os::unix::fs::chown(folder.path(), Some(user), Some(group)).map_err(|e| e.to_string())?;
        }
        let listener = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = listener.map_err(|e| e.to_string())?.port();
        let mut lines = format!(
            "listen_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = '{}'\nfsync = off\n\
            shared_buffers = 16MB\nmax_connections = 60\nautovacuum = off\nlog_min_messages = warning\n",
            folder.path().display()
        );
        settings.iter().for_each(|line| lines += &format!("{line}\n"));
        std::fs::write(folder.path().join("settings"), lines).map_err(|e| e.to_string())?;
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "keeper"]).args([folder.path(), &programs]);
        if let Some((user, group)) = account {
            keeper.uid(user).gid(group);
        }
        keeper.current_dir(folder.path()).env("LC_ALL", "C.UTF-8").envs(environment.iter().copied());
        keeper.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = keeper.spawn().map_err(|e| e.to_string())?;
        let (words, answers) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let server =
            Self { folder: folder.keep(), port, keeper: Mutex::new(Keeper { words, answers, child }) };
        if server.keeper.lock().unwrap().say("make") != "yes" {
            return Err(format!("initdb failed: {}", server.log()));
        }
        server.go()?;
        Ok(server)
    }

    /// Starts the stopped server, and waits until it answers.
    pub fn go(&self) -> Result<(), String> {
        self.keeper.lock().unwrap().say("start");
        let deadline = Instant::now() + Duration::from_secs(30);
        while Instant::now() < deadline {
            if self.connect("postgres").is_ok() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Err(format!("the server does not start: {}", self.log()))
    }

    /// Stops it as a crash would: no transaction is ended, no page is written.
    pub fn stop(&self) {
        self.keeper.lock().unwrap().say("stop");
    }

    /// What the server wrote to its log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    fn connect(&self, database: &str) -> Result<Client, postgres::Error> {
        connect(self.port, database)
    }

    /// A fresh, empty database.
    pub fn database(&self) -> Database {
        fresh(self.folder.clone(), self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let keeper = self.keeper.get_mut().unwrap_or_else(|poison| poison.into_inner());
        // The end of its input: a pipe of nobody takes the place of the one that is closed here.
        let (_, nobody) = std::io::pipe().unwrap();
        drop(std::mem::replace(&mut keeper.words, std::os::fd::OwnedFd::from(nobody).into()));
        drop(keeper.child.wait());
    }
}

fn fresh(folder: PathBuf, port: u16) -> Database {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("essai_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    connect(port, "postgres").unwrap().batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
    Database { folder, port, name }
}

fn connect(port: u16, database: &str) -> Result<Client, postgres::Error> {
    let mut config = postgres::Config::new();
    config.host("127.0.0.1").port(port).user("postgres").dbname(database);
    config.connect_timeout(Duration::from_secs(5)).connect(NoTls)
}

/// One database of a server.
pub struct Database {
    folder: PathBuf,
    port: u16,
    name: String,
}

impl Database {
    /// Another fresh, empty database of the same server.
    pub fn another(&self) -> Self {
        fresh(self.folder.clone(), self.port)
    }

    /// Over TCP, with a password that no message may show.
    pub fn url(&self) -> String {
        self.url_through(self.port)
    }

    /// Through a proxy.
    pub fn url_through(&self, port: u16) -> String {
        format!("postgres://postgres:{SECRET}@127.0.0.1:{port}/{}?schema={SCHEMA}", self.name)
    }

    /// Over the socket.
    pub fn socket_url(&self) -> String {
        let (folder, port, name) = (self.folder.display(), self.port, &self.name);
        format!("postgres:///{name}?host={folder}&port={port}&user=postgres&schema={SCHEMA}")
    }

    pub fn client(&self) -> Client {
        connect(self.port, &self.name).unwrap()
    }

    /// The rows of a query over the warehouse, as text.
    pub fn rows(&self, sql: &str) -> Result<Vec<Vec<String>>, postgres::Error> {
        let mut client = connect(self.port, &self.name)?;
        client.batch_execute(&format!("SET search_path TO {SCHEMA}"))?;
        let cells = |row: postgres::SimpleQueryRow| {
            (0..row.len()).map(|i| row.get(i).unwrap_or("").to_string()).collect()
        };
        let messages = client.simple_query(sql)?.into_iter();
        Ok(messages
            .filter_map(|m| if let SimpleQueryMessage::Row(row) = m { Some(cells(row)) } else { None })
            .collect())
    }

    /// Ends every other connection to this database, as an administrator does; how many there were.
    pub fn terminate_others(&self) -> usize {
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()";
        self.client().query(sql, &[&self.name]).unwrap().len()
    }
}

#[test]
fn the_server_stops_and_starts_again() {
    let Some(server) = own(&[], &[]) else { return };
    let database = server.database();
    let collates: bool = database.client().query_one("SELECT 'a' < 'B'", &[]).unwrap().get(0);
    eprintln!("collation of the server: {}", if collates { "French" } else { "bytes" });
    database.client().batch_execute("CREATE TABLE kept (x int); INSERT INTO kept VALUES (7)").unwrap();
    server.stop();
    assert!(connect(server.port(), "postgres").is_err());
    server.go().unwrap();
    assert_eq!(database.client().query_one("SELECT x FROM kept", &[]).unwrap().get::<_, i32>(0), 7);
    let mut victim = database.client();
    assert!(database.terminate_others() > 0);
    assert!(victim.simple_query("SELECT 1").is_err(), "its connection was ended");
    assert!(database.socket_url().contains("host=/tmp/"));
    let folder = server.folder.clone();
    drop(server);
    assert!(!folder.exists(), "nothing stays of it");
}
