//! A TCP proxy before the server, with the faults of a network: cut, reset, stalled, refused.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What happens to the connections, from now on or once this many bytes went to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Both ends see an orderly end.
    Cut,
    /// The client sees a reset.
    Reset,
    /// Nothing is forwarded any more, and nothing is closed.
    Stall,
    /// New connections are reset at once; those there are cut.
    Refuse,
}

struct State {
    fault: Option<Fault>,
    /// The fault begins when `forwarded` reaches this.
    after: u64,
    forwarded: u64,
}

impl State {
    fn now(&self) -> Option<Fault> {
        self.fault.filter(|_| self.forwarded >= self.after)
    }
}

/// A proxy; it ends with the process.
pub struct Proxy {
    port: u16,
    state: Arc<Mutex<State>>,
}

impl Proxy {
    pub fn before(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State { fault: None, after: 0, forwarded: 0 }));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            listener.incoming().flatten().for_each(|client| accept(client, target, &shared));
        });
        Self { port, state }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The fault begins now.
    pub fn fail(&self, fault: Fault) {
        self.fail_after(0, fault);
    }

    /// The fault begins once this many more bytes went to the server.
    pub fn fail_after(&self, bytes: u64, fault: Fault) {
        let mut state = self.state.lock().unwrap();
        (state.fault, state.after) = (Some(fault), state.forwarded + bytes);
    }

    /// New connections work again.
    pub fn mend(&self) {
        self.state.lock().unwrap().fault = None;
    }

    /// Bytes that went to the server.
    pub fn forwarded(&self) -> u64 {
        self.state.lock().unwrap().forwarded
    }
}

fn accept(client: TcpStream, target: u16, state: &Arc<Mutex<State>>) {
    if state.lock().unwrap().now() == Some(Fault::Refuse) {
        reset(&client);
        return;
    }
    let Ok(server) = TcpStream::connect(("127.0.0.1", target)) else {
        reset(&client);
        return;
    };
    let (client, server) = (Arc::new(client), Arc::new(server));
    for (from, to, up) in [(&client, &server, true), (&server, &client, false)] {
        let (from, to, client, state) =
            (Arc::clone(from), Arc::clone(to), Arc::clone(&client), Arc::clone(state));
        std::thread::spawn(move || pump(&from, &to, &client, up, &state));
    }
}

/// Closing it will send a reset.
fn reset(stream: &TcpStream) {
    rustix::net::sockopt::set_socket_linger(stream, Some(Duration::ZERO)).unwrap_or(());
}

fn pump(mut from: &TcpStream, mut to: &TcpStream, client: &TcpStream, up: bool, state: &Mutex<State>) {
    let mut bytes = [0; 4096];
    drop(from.set_read_timeout(Some(Duration::from_millis(10))));
    let mut stalled = false;
    loop {
        let now = state.lock().unwrap().now();
        match now {
            // A connection that stalled once has lost bytes: it stays dead when the network comes back.
            Some(Fault::Stall) => stalled = true,
            Some(Fault::Reset) => {
                reset(client);
                // The other direction holds the socket for a few milliseconds more; the last one closes it.
                return;
            }
            Some(Fault::Cut | Fault::Refuse) => break,
            None => {}
        }
        match from.read(&mut bytes) {
            Ok(0) => break,
            Ok(_) if stalled => {}
            Ok(n) => {
                if up {
                    state.lock().unwrap().forwarded += n as u64;
                }
                if to.write_all(&bytes[..n]).is_err() {
                    break;
                }
            }
            Err(e)
                if matches!(
                    e.kind(),
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                ) => {}
            Err(_) => break,
        }
    }
    drop(from.shutdown(Shutdown::Both));
    drop(to.shutdown(Shutdown::Both));
}

/// A server that answers with what it got, for the test of the proxy itself.
fn echo() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || std::io::copy(&mut &stream, &mut &stream));
        }
    });
    port
}

#[test]
fn the_proxy_does_what_it_is_told() {
    let proxy = Proxy::before(echo());
    let connect = || {
        let stream = TcpStream::connect(("127.0.0.1", proxy.port())).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        stream
    };
    let ask = |mut stream: &TcpStream| -> std::io::Result<usize> {
        stream.write_all(b"word")?;
        stream.read(&mut [0; 16])
    };
    let first = connect();
    assert_eq!(ask(&first).unwrap(), 4);
    assert_eq!(proxy.forwarded(), 4);
    proxy.fail_after(6, Fault::Cut);
    assert_eq!(ask(&first).unwrap(), 4, "not yet");
    assert!((0..3).any(|_| !matches!(ask(&first), Ok(4))), "cut");
    proxy.mend();
    let second = connect();
    assert_eq!(ask(&second).unwrap(), 4);
    proxy.fail(Fault::Reset);
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(ask(&second).unwrap_err().kind(), ErrorKind::ConnectionReset);
    proxy.mend();
    let third = connect();
    assert_eq!(ask(&third).unwrap(), 4);
    proxy.fail(Fault::Stall);
    std::thread::sleep(Duration::from_millis(50));
    let silence = ask(&third).unwrap_err().kind();
    assert!(matches!(silence, ErrorKind::WouldBlock | ErrorKind::TimedOut), "{silence:?}");
    proxy.fail(Fault::Refuse);
    let refused = TcpStream::connect(("127.0.0.1", proxy.port())).and_then(|stream| ask(&stream));
    assert!(refused.is_err() || refused.is_ok_and(|read| read == 0));
}
