//! One start of a program as Lambda starts it, to the end of its first answer.
//!
//! The least of a Runtime API, on a blocking socket: nothing of ours is in what is measured.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(20);

/// What is started.
pub struct Program {
    pub command: Vec<String>,
    pub variables: BTreeMap<String, String>,
    pub event: Value,
}

/// How it went.
#[derive(Clone, Copy)]
pub struct ColdStart {
    /// From the start of the process to its first request for work.
    pub ready: Duration,
    /// From the start of the process to its first answer.
    pub answered: Duration,
    /// Whether that answer was an error.
    pub is_refusal: bool,
    /// The most memory that was resident then, in bytes; Linux only.
    pub memory: Option<u64>,
}

/// A request of the program, read to its end.
struct Request {
    line: String,
    connection: TcpStream,
}

impl Program {
    /// Starts it once.
    pub fn start(&self) -> Result<ColdStart> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?.to_string();
        let (name, arguments) = self.command.split_first().context("there is no program")?;
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
        outcome.with_context(|| format!("{name} did not answer"))
    }

    fn serve(&self, listener: &TcpListener, child: &Guard, began: Instant) -> Result<ColdStart> {
        let mut next = request(listener, None)?;
        let ready = began.elapsed();
        ensure!(
            next.line.starts_with("GET "),
            "it began with {}",
            next.line.trim()
        );
        let event = self.event.to_string();
        // Kept open where the program goes on with it, and not minded where it comes with another one.
        write!(
            next.connection,
            "HTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id: 1\r\nlambda-runtime-deadline-ms: {}\r\n\
             lambda-runtime-invoked-function-arn: arn:aws:lambda:ap-northeast-2:123456789012:function:bench\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{event}",
            jiff::Timestamp::now().as_millisecond() + 60_000,
            event.len()
        )?;
        let answer = request(listener, Some(next.connection))?;
        let answered = began.elapsed();
        ensure!(
            answer.line.starts_with("POST ") && answer.line.contains("/invocation/1/"),
            "it went on with {}",
            answer.line.trim()
        );
        Ok(ColdStart {
            ready,
            answered,
            is_refusal: answer.line.contains("/invocation/1/error"),
            memory: peak_memory(child.0.id()),
        })
    }
}

/// The next request, on the connection that is there or on a new one.
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
                ensure!(began.elapsed() < PATIENCE, "nobody came");
                std::thread::yield_now();
            }
            Err(error) => return Err(error.into()),
        }
    };
    connection.set_nonblocking(false)?;
    connection.set_nodelay(true)?;
    connection.set_read_timeout(Some(PATIENCE))?;
    match read(&connection)? {
        Some(line) => Ok(Request { line, connection }),
        None => bail!("it hung up"),
    }
}

/// The request's first line, after the whole of it was read; nothing where the other side has closed.
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

/// Ends the process when it goes.
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

    /// A program that answers in this way.
    #[track_caller]
    fn check(answer: &str, is_refusal: bool) {
        let script = format!(
            "import http.client, os\n\
             api = http.client.HTTPConnection(os.environ['AWS_LAMBDA_RUNTIME_API'])\n\
             api.request('GET', '/2018-06-01/runtime/invocation/next')\n\
             api.getresponse().read()\n\
             api.request('POST', '/2018-06-01/runtime/invocation/1/{answer}', '{{}}')\n\
             api.getresponse()"
        );
        let program = Program {
            command: vec![crate::python().display().to_string(), "-c".to_owned(), script],
            variables: BTreeMap::new(),
            event: Value::Null,
        };
        assert_eq!(program.start().unwrap().is_refusal, is_refusal, "{answer}");
    }

    #[test]
    fn tells_a_refusal_from_an_answer() {
        check("response", false);
        check("error", true);
    }
}
