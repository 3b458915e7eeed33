//! Addresses of PostgreSQL databases, and connections to them.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use std::cell::Cell;
use tokio::runtime::Runtime;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Config, NoTls};

/// The password of addresses that hold none.
static PASSWORD: OnceLock<Vec<u8>> = OnceLock::new();

/// Sets the password of addresses that hold none: that of PGPASSWORD, which is for the command line to read. Once.
pub fn set_password(password: &[u8]) {
    // A second one would be for another process.
    let _ = PASSWORD.set(password.to_vec());
}

/// Why a server cannot be reached.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// An address that cannot be read.
    #[error(
        "not an address of a PostgreSQL database; write postgres://user@host:port/database?schema=laennec, with the password in PGPASSWORD"
    )]
    Address,
    /// A parameter of an address that means nothing here.
    #[error("{name}: not a parameter of an address, or not with that value; see docs/warehouse.md")]
    Parameter {
        /// Its name.
        name: String,
    },
    /// The server does not answer, or refuses.
    #[error(
        "{place}: cannot connect: {reason}; check host, port, database, user, password (PGPASSWORD) and, with TLS, sslrootcert or sslmode; then run this again"
    )]
    Unreachable {
        /// Host, port, database and schema.
        place: String,
        /// In the words of the system or of the server.
        reason: String,
    },
    /// A file of certificates that cannot be read.
    #[error("{}: no certificates in PEM form; give the file of your authority in sslrootcert", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
    },
}

/// How long one step of a job may take, unless the address says otherwise: a batch takes a second.
const STEP: Duration = Duration::from_secs(30);

/// How long to wait for a server that does not answer, unless the address says otherwise.
const PATIENCE: Duration = Duration::from_secs(8);

/// `postgres://user@host:port/database?name=value&…`: what the driver reads of it, and what is ours.
#[derive(Clone)]
pub struct Address {
    config: Config,
    /// Schema of the warehouse (`schema`); none for the one where the account makes its tables, which is `public` unless the
    /// account has another.
    pub schema: Option<String>,
    /// How long one step of a job may take (`patience`, in seconds).
    pub patience: Duration,
    /// Certificates to trust instead of the system's (`sslrootcert`).
    certificates: Option<String>,
    /// What the driver does not know, in order: for the source that reads a table.
    pub rest: Vec<(String, String)>,
}

/// Names that the driver reads.
const OF_THE_DRIVER: &[&str] = &[
    "user",
    "password",
    "dbname",
    "options",
    "application_name",
    "sslmode",
    "host",
    "hostaddr",
    "port",
    "connect_timeout",
    "tcp_user_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "target_session_attrs",
    "channel_binding",
    "load_balance_hosts",
];

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// What is wrong with it, without repeating it: it may hold a password.
    pub fn parse(text: &str) -> Result<Self, ServerError> {
        let (base, query) = text.split_once('?').unwrap_or((text, ""));
        let (mut of_the_driver, mut rest) = (Vec::new(), Vec::new());
        let (mut schema, mut certificates, mut patience) = (None, None, STEP);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match name {
                "schema" => schema = Some(decoded(value)),
                "patience" => {
                    let seconds = value.parse().ok().filter(|seconds| (1..=86_400).contains(seconds));
                    patience =
                        Duration::from_secs(seconds.ok_or(ServerError::Parameter { name: name.into() })?);
                }
                "sslrootcert" => certificates = Some(decoded(value)),
                "sslmode" if value.starts_with("verify-") => of_the_driver.push("sslmode=require".to_owned()),
                _ if OF_THE_DRIVER.contains(&name) => of_the_driver.push(pair.to_owned()),
                _ => rest.push((name.to_owned(), decoded(value))),
            }
        }
        let mark = if of_the_driver.is_empty() { "" } else { "?" };
        let url = format!("{base}{mark}{}", of_the_driver.join("&"));
        let mut config: Config = url.parse().map_err(|_| ServerError::Address)?;
        if let (None, Some(password)) = (config.get_password(), PASSWORD.get()) {
            config.password(password);
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(PATIENCE);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(STEP);
        }
        if !query.contains("keepalives_idle") {
            config.keepalives_idle(STEP);
        }
        if config.get_application_name().is_none() {
            config.application_name("laennec");
        }
        if schema.as_deref() == Some("") {
            return Err(ServerError::Address);
        }
        Ok(Self { config, schema, patience, certificates, rest })
    }

    /// Where it leads, for messages: never the user or the password.
    pub fn place(&self) -> String {
        let host = self.config.get_hosts().first().map_or_else(String::new, |host| match host {
            // Of a password with a bare @, the address takes the end for a part of the host.
            Host::Tcp(name) => name.rsplit('@').next().unwrap_or_default().to_owned(),
            Host::Unix(path) => path.display().to_string(),
        });
        let port = self.config.get_ports().first().map_or_else(String::new, |port| format!(":{port}"));
        let database = self.config.get_dbname().unwrap_or_default();
        let schema = self.schema.as_ref().map_or_else(String::new, |schema| format!("?schema={schema}"));
        format!("postgres://{host}{port}/{database}{schema}")
    }
}

/// An identifier in SQL, whatever it holds.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn decoded(value: &str) -> String {
    let bytes = value.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while index < bytes.len() {
        let hex = bytes.get(index + 1..index + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| bytes[index] == b'%') {
            Some(byte) => {
                out.push(byte);
                index += 3;
            }
            None => {
                out.push(bytes[index]);
                index += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A connection whose every step can be given a limit: a server that falls silent without a word is left.
pub struct Session {
    runtime: Runtime,
    client: tokio_postgres::Client,
    limit: Cell<Option<Duration>>,
}

/// Why a step of a session failed.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// Nothing came back within the limit.
    #[error("the server has fallen silent")]
    Silent,
    /// The server or the connection says no.
    #[error(transparent)]
    Database(#[from] tokio_postgres::Error),
}

impl Session {
    /// Connects.
    ///
    /// # Errors
    /// As [`connect`].
    pub fn open(address: &Address) -> Result<Self, ServerError> {
        let unreachable = |reason: String| ServerError::Unreachable { place: address.place(), reason };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| unreachable(error.to_string()))?;
        let tls = tls(address)?;
        let connected = runtime.block_on(async {
            let connecting = async {
                match address.config.get_ssl_mode() {
                    SslMode::Disable => {
                        let (client, connection) = address.config.connect(NoTls).await?;
                        tokio::spawn(async move { drop(connection.await) });
                        Ok(client)
                    }
                    _ => {
                        let (client, connection) = address.config.connect(tls).await?;
                        tokio::spawn(async move { drop(connection.await) });
                        Ok(client)
                    }
                }
            };
            let patience = address.config.get_connect_timeout().copied().unwrap_or(PATIENCE);
            tokio::time::timeout(patience, connecting).await
        });
        match connected {
            Ok(Ok(client)) => Ok(Self { runtime, client, limit: Cell::new(None) }),
            Ok(Err(error)) => Err(unreachable(reason(&error))),
            Err(_) => Err(unreachable("it does not answer".into())),
        }
    }

    /// Sets how long each step may take; `None` for as long as it takes.
    pub fn limit(&self, limit: Option<Duration>) {
        self.limit.set(limit);
    }

    /// The connection itself; what it promises is awaited by [`Session::wait`].
    pub fn client(&self) -> &tokio_postgres::Client {
        &self.client
    }

    /// Waits for one step.
    ///
    /// # Errors
    /// What the step says, or silence.
    pub fn wait<T>(
        &self,
        step: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, StepError> {
        self.runtime.block_on(async {
            match self.limit.get() {
                None => Ok(step.await?),
                Some(limit) => match tokio::time::timeout(limit, step).await {
                    Ok(done) => Ok(done?),
                    Err(_) => Err(StepError::Silent),
                },
            }
        })
    }
}

/// A new connection. Over TCP, TLS is used when the server offers it, and its certificate is always checked.
///
/// # Errors
/// The server does not answer, refuses, or shows a certificate that nobody vouches for.
pub fn connect(address: &Address) -> Result<postgres::Client, ServerError> {
    let refused = |error| ServerError::Unreachable { place: address.place(), reason: reason(&error) };
    let config = postgres::Config::from(address.config.clone());
    if address.config.get_ssl_mode() == SslMode::Disable {
        return config.connect(postgres::NoTls).map_err(refused);
    }
    config.connect(tls(address)?).map_err(refused)
}

/// What went wrong with a connection: the words of the system or of the server, which know no patient.
fn reason(error: &tokio_postgres::Error) -> String {
    use std::error::Error;
    match (error.as_db_error(), error.source()) {
        (Some(of_server), _) => of_server.message().to_owned(),
        (None, Some(source)) => source.to_string(),
        (None, None) => error.to_string(),
    }
}

fn tls(address: &Address) -> Result<tokio_postgres_rustls::MakeRustlsConnect, ServerError> {
    let mut roots = rustls::RootCertStore::empty();
    match &address.certificates {
        Some(file) => {
            let unreadable = |_| ServerError::Certificates { path: file.into() };
            let found = rustls::pki_types::CertificateDer::pem_file_iter(file).map_err(unreadable)?;
            for certificate in found {
                let certificate = certificate.map_err(unreadable)?;
                roots.add(certificate).map_err(|_| ServerError::Certificates { path: file.into() })?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| ServerError::Address)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(tokio_postgres_rustls::MakeRustlsConnect::new(config))
}
