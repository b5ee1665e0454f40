//! One start of a function's program: from its process to the end of its first response, and the warm events after it.
//!
//! The Runtime API here is minimal and on a blocking socket, so that its own time is not measured.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// Longest wait for a request of the program.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Events after the first one.
const WARM_EVENTS: usize = 5;

/// A program, and the events for its invocations.
pub(crate) struct Program {
    pub command: Vec<String>,
    pub variables: BTreeMap<String, String>,
    /// Returns another event each time: a job that was done already would be shorter.
    pub event: Box<dyn Fn() -> Value>,
}

/// Times and memory of one start.
#[derive(Clone, Copy)]
pub(crate) struct ColdStart {
    /// Time from the start of the process to its first request for an event.
    pub ready: Duration,
    /// Time from the start of the process to its first response.
    pub response: Duration,
    /// Shortest time from a later event to the end of its response.
    pub warm: Duration,
    /// True if a response was an error.
    pub is_refusal: bool,
    /// Peak of the resident memory in bytes; known on Linux only.
    pub memory: Option<u64>,
}

/// A request of the program, after its body was read.
struct Request {
    line: String,
    connection: TcpStream,
}

impl Program {
    /// Starts the program, sends it the events, and ends it after the last response.
    pub(crate) fn start(&self) -> Result<ColdStart> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?.to_string();
        let (name, arguments) = self.command.split_first().context("the command is empty")?;
        let began = Instant::now();
        let child = Command::new(name)
            .args(arguments)
            .env_clear()
            .envs(&self.variables)
            .env("AWS_LAMBDA_RUNTIME_API", &address)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("could not start {name}"))?;
        let child = Guard(child);
        let outcome = self.serve(&listener, &child, began);
        outcome.with_context(|| format!("{name} did not respond to its first event"))
    }

    fn serve(&self, listener: &TcpListener, child: &Guard, began: Instant) -> Result<ColdStart> {
        let mut next = request(listener, None)?;
        let ready = began.elapsed();
        let mut start = ColdStart {
            ready,
            response: Duration::ZERO,
            warm: Duration::MAX,
            is_refusal: false,
            memory: None,
        };
        for number in 0..=WARM_EVENTS {
            ensure!(
                next.line.starts_with("GET "),
                "expected a request for an event, received {}",
                next.line.trim()
            );
            let sent = Instant::now();
            send_event(&mut next.connection, &(self.event)())?;
            // The program may send its response on this connection or on a new one.
            let mut response = request(listener, Some(next.connection))?;
            ensure!(
                response.line.starts_with("POST ") && response.line.contains("/invocation/1/"),
                "expected a response to the event, received {}",
                response.line.trim()
            );
            match number {
                0 => start.response = began.elapsed(),
                _ => start.warm = start.warm.min(sent.elapsed()),
            }
            start.is_refusal |= response.line.contains("/invocation/1/error");
            start.memory = peak_memory(child.0.id());
            if number < WARM_EVENTS {
                write!(
                    response.connection,
                    "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n"
                )?;
                next = request(listener, Some(response.connection))?;
            } else {
                break;
            }
        }
        Ok(start)
    }
}

fn send_event(connection: &mut TcpStream, event: &Value) -> Result<()> {
    let event = event.to_string();
    write!(
        connection,
        "HTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id: 1\r\nlambda-runtime-deadline-ms: {}\r\n\
         lambda-runtime-invoked-function-arn: arn:aws:lambda:ap-northeast-2:123456789012:function:bench\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{event}",
        jiff::Timestamp::now().as_millisecond() + 60_000,
        event.len()
    )?;
    Ok(())
}

/// Reads the next request, from the open connection or from a new one.
fn request(listener: &TcpListener, connection: Option<TcpStream>) -> Result<Request> {
    if let Some(connection) = connection {
        return match read(&connection)? {
            Some(line) => Ok(Request { line, connection }),
            None => request(listener, None),
        };
    }
    listener.set_nonblocking(true)?;
    let began = Instant::now();
    let connection = loop {
        match listener.accept() {
            Ok((connection, _)) => break connection,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                ensure!(began.elapsed() < TIMEOUT, "no connection within {TIMEOUT:?}");
                std::thread::yield_now();
            }
            Err(error) => return Err(error.into()),
        }
    };
    connection.set_nonblocking(false)?;
    connection.set_nodelay(true)?;
    connection.set_read_timeout(Some(TIMEOUT))?;
    match read(&connection)? {
        Some(line) => Ok(Request { line, connection }),
        None => bail!("the connection was closed without a request"),
    }
}

/// Reads a request to its end and returns its first line, or nothing from a closed connection.
fn read(connection: &TcpStream) -> Result<Option<String>> {
    let mut reader = BufReader::new(connection);
    let mut first = String::new();
    if reader.read_line(&mut first)? == 0 {
        return Ok(None);
    }
    let (mut length, mut is_chunked) = (0, false);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
        is_chunked |= line == "transfer-encoding: chunked";
    }
    while is_chunked {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let size = usize::from_str_radix(line.trim(), 16)?;
        reader.read_exact(&mut vec![0; size + 2])?;
        is_chunked = size > 0;
    }
    reader.read_exact(&mut vec![0; length])?;
    Ok(Some(first))
}

fn peak_memory(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// A process that ends when this value is dropped.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: &str, is_refusal: bool) {
        let script = format!(
            "import http.client, os\n\
             api = http.client.HTTPConnection(os.environ['AWS_LAMBDA_RUNTIME_API'])\n\
             while True:\n\
             \u{20}   api.request('GET', '/2018-06-01/runtime/invocation/next')\n\
             \u{20}   api.getresponse().read()\n\
             \u{20}   api.request('POST', '/2018-06-01/runtime/invocation/1/{kind}', '{{}}')\n\
             \u{20}   api.getresponse().read()"
        );
        let program = Program {
            command: vec![crate::python().display().to_string(), "-c".to_owned(), script],
            variables: BTreeMap::new(),
            event: Box::new(|| Value::Null),
        };
        assert_eq!(program.start().unwrap().is_refusal, is_refusal, "{kind}");
    }

    #[test]
    fn distinguishes_an_error_from_a_response() {
        check("response", false);
        check("error", true);
    }
}
