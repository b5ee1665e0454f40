//! TCP proxy that adds latency.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// Proxy in front of a server, such as PostgreSQL, in another availability zone: every byte arrives later by half of
/// the latency, in either direction, and the throughput stays. It ends with this process.
#[derive(Debug)]
pub struct DelayProxy {
    /// Port on 127.0.0.1.
    pub port: u16,
}

impl DelayProxy {
    /// Starts a proxy in front of a port of 127.0.0.1. `latency` is added to each round trip.
    ///
    /// It uses threads: timers of the runtime are no finer than a millisecond.
    pub fn start(target: u16, latency: Duration) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).context("could not start the delay proxy")?;
        let port = listener.local_addr()?.port();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(("127.0.0.1", target)) else {
                    continue;
                };
                let copies = (client.try_clone(), server.try_clone());
                if let (Ok(client_copy), Ok(server_copy)) = copies {
                    delay(client, server_copy, latency / 2);
                    delay(server, client_copy, latency / 2);
                }
            }
        });
        Ok(Self { port })
    }
}

/// Copies `from` to `to`, each chunk `delay` after it was read.
fn delay(mut from: TcpStream, mut to: TcpStream, delay: Duration) {
    to.set_nodelay(true).ok();
    // Bounded, so that a slow reader slows the writer down: 64 chunks of 64 KiB.
    let (sender, chunks) = mpsc::sync_channel::<(Instant, Vec<u8>)>(64);
    thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(read) = from.read(&mut buffer) {
            let chunk = (Instant::now() + delay, buffer[..read].to_vec());
            if read == 0 || sender.send(chunk).is_err() {
                return;
            }
        }
    });
    thread::spawn(move || {
        for (due, chunk) in chunks {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&chunk).is_err() {
                break;
            }
        }
        to.shutdown(Shutdown::Both).ok();
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_trip_takes_the_latency() {
        let echo = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = echo.local_addr().unwrap().port();
        thread::spawn(move || {
            let (mut client, _) = echo.accept().unwrap();
            let mut bytes = [0; 5];
            client.read_exact(&mut bytes).unwrap();
            client.write_all(&bytes).unwrap();
        });
        let proxy = DelayProxy::start(port, Duration::from_millis(20)).unwrap();
        let mut client = TcpStream::connect(("127.0.0.1", proxy.port)).unwrap();
        let sent = Instant::now();
        client.write_all(b"hello").unwrap();
        let mut bytes = [0; 5];
        client.read_exact(&mut bytes).unwrap();
        assert!(
            sent.elapsed() >= Duration::from_millis(20),
            "{:?}",
            sent.elapsed()
        );
    }
}
