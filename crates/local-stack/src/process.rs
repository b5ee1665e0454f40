//! Child processes that end with this process, however it ends.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, PipeWriter, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::sync::watch;

use crate::child_reaper;

/// Description of a child process.
#[derive(Debug, Clone)]
pub struct Spec {
    program: PathBuf,
    arguments: Vec<String>,
    environment: Option<BTreeMap<String, String>>,
    folder: Option<PathBuf>,
    orphan_signal: &'static str,
}

impl Spec {
    /// Returns a description of `program`, with this process's environment and folder.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            environment: None,
            folder: None,
            orphan_signal: "KILL",
        }
    }

    /// Adds an argument.
    pub fn arg(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds arguments.
    pub fn args<A: Into<String>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Replaces all environment variables.
    pub fn environment(mut self, variables: BTreeMap<String, String>) -> Self {
        self.environment = Some(variables);
        self
    }

    /// Sets the working folder.
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Sets the signal (`QUIT`, …) that ends the child after this process; `KILL` by default.
    pub fn orphan_signal(mut self, name: &'static str) -> Self {
        self.orphan_signal = name;
        self
    }

    /// Starts the child. A thread of its own passes each line of output to `on_line`.
    pub fn spawn(self, on_line: impl Fn(String) + Send + Sync + 'static) -> Result<Process> {
        let (process, gate) = self.prepare(on_line)?;
        gate.open()?;
        Ok(process)
    }

    /// Starts a server and waits until it has written `announcement`, followed by its address.
    pub(crate) async fn start_server(self, announcement: &'static str, timeout: Duration) -> Result<Server> {
        let name = self.program.display().to_string();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (sender, mut address) = watch::channel(None);
        let lines = Arc::clone(&log);
        let process = self.spawn(move |line| {
            if let Some((_, address)) = line.split_once(announcement) {
                sender.send_replace(Some(address.trim().to_owned()));
            }
            lines.lock().expect("no holder panics").push(line);
        })?;
        let log_so_far = || log.lock().expect("no holder panics").join("\n");
        let address = tokio::select! {
            biased;
            Ok(address) = address.wait_for(Option::is_some) => address.clone().unwrap_or_default(),
            status = process.ended() => bail!("{name} ended ({status}):\n{}", log_so_far()),
            () = tokio::time::sleep(timeout) => bail!("{name} did not start within {timeout:?}:\n{}", log_so_far()),
        };
        Ok(Server {
            process,
            address,
            log,
        })
    }

    /// Starts the child, which waits until the gate opens: time to register it.
    ///
    /// It is a shell that waits on a pipe before it becomes the program. If this process is killed before, the pipe ends
    /// and so does the shell.
    pub(crate) fn prepare(self, on_line: impl Fn(String) + Send + Sync + 'static) -> Result<(Process, Gate)> {
        if !self.program.is_file() {
            bail!("the program {} does not exist", self.program.display());
        }
        let (reader, writer) = std::io::pipe().context("could not create a pipe")?;
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", r#"read -r go && exec "$@" </dev/null"#, "sh"])
            .arg(&self.program)
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .stdout(writer.try_clone().context("could not create a pipe")?)
            .stderr(Stdio::piped())
            .process_group(0);
        if let Some(variables) = &self.environment {
            command.env_clear().envs(variables);
        }
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        let mut child = command
            .spawn()
            .with_context(|| format!("could not start {}", self.program.display()))?;
        child_reaper::watch(child.id(), self.orphan_signal)?;
        let gate = Gate {
            program: self.program,
            pipe: child.stdin.take().context("the child has no standard input")?,
        };

        // `command` holds a write end of the pipe, whose reader would wait for ever.
        drop(command);
        let on_line = Arc::new(on_line);
        let (sender, marks) = watch::channel(0);
        forward_lines(Some(reader), Arc::clone(&on_line), sender);
        forward_lines(child.stderr.take(), on_line, watch::Sender::new(0));
        Ok((Process::supervise(child, writer, marks), gate))
    }
}

/// Server process that chose its own port: no other process can take the port in between.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) process: Process,
    /// Address as the server wrote it.
    pub(crate) address: String,
    /// Lines of output so far.
    pub(crate) log: Arc<Mutex<Vec<String>>>,
}

/// Gate in front of a prepared child. The child ends if it is dropped unopened.
#[derive(Debug)]
pub(crate) struct Gate {
    program: PathBuf,
    pipe: ChildStdin,
}

impl Gate {
    pub(crate) fn open(mut self) -> Result<()> {
        self.pipe
            .write_all(b"go\n")
            .with_context(|| format!("could not start {}", self.program.display()))
    }
}

/// Marker that this process writes into a child's output, to know when everything before it was read.
const MARK: &str = "\u{1}local-stack mark ";

fn forward_lines(
    output: Option<impl std::io::Read + Send + 'static>,
    on_line: Arc<impl Fn(String) + Send + Sync + 'static>,
    marks: watch::Sender<u64>,
) {
    let Some(output) = output else { return };
    thread::spawn(move || {
        let mut lines = BufReader::new(output);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            match text.split_once(MARK) {
                None => on_line(text),
                Some((before, mark)) => {
                    if !before.is_empty() {
                        on_line(before.to_owned());
                    }
                    marks.send_replace(mark.parse().unwrap_or_default());
                }
            }
            line.clear();
        }
    });
}

/// Running child process. It is killed when this is dropped.
#[derive(Debug)]
pub struct Process {
    pid: u32,
    /// `true` once reaped: the number may then belong to another process, which must get no signal.
    reaped: Arc<Mutex<bool>>,
    exit: watch::Receiver<Option<ExitStatus>>,
    /// Own write end of its output while it lives, and the number of the last mark written there.
    output: Arc<Mutex<Option<(PipeWriter, u64)>>>,
    /// Number of the last mark read.
    marks: watch::Receiver<u64>,
}

impl Process {
    fn supervise(mut child: Child, output: PipeWriter, marks: watch::Receiver<u64>) -> Self {
        let pid = child.id();
        let output = Arc::new(Mutex::new(Some((output, 0))));
        let output_of_thread = Arc::clone(&output);
        let reaped = Arc::new(Mutex::new(false));
        let (sender, exit) = watch::channel(None);
        let reaped_by_thread = Arc::clone(&reaped);
        thread::spawn(move || {
            // Reaped only under the lock that `signal` takes.
            wait_without_reaping(pid);
            let mut reaped = reaped_by_thread.lock().expect("no holder panics");
            // The program's own children, which it left in its group, end with it.
            signal_group(pid, Signal::KILL);
            child_reaper::forget(pid).ok();
            let status = child.wait().unwrap_or_else(|_| ExitStatus::from_raw(0));
            *reaped = true;
            drop(reaped);
            output_of_thread.lock().expect("no holder panics").take();
            sender.send_replace(Some(status));
        });
        Self {
            pid,
            reaped,
            exit,
            output,
            marks,
        }
    }

    /// Process id, which is also the id of its group.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Returns whether the process still runs.
    pub fn is_running(&self) -> bool {
        self.exit.borrow().is_none()
    }

    /// Kills the process and its group (SIGKILL).
    pub fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// Sends a signal to the process and its group, if it still runs.
    pub fn signal(&self, signal: Signal) {
        let reaped = self.reaped.lock().expect("no holder panics");
        if !*reaped {
            signal_group(self.pid, signal);
        }
    }

    /// Waits until every line that it has written to standard output so far was passed to `on_line`.
    pub async fn wait_for_lines(&self) {
        let mark = match &mut *self.output.lock().expect("no holder panics") {
            None => return,
            Some((output, mark)) => {
                *mark += 1;
                // One write, which no line of the child can interrupt.
                if output.write_all(format!("{MARK}{mark}\n").as_bytes()).is_err() {
                    return;
                }
                *mark
            }
        };
        let mut marks = self.marks.clone();
        let read = marks.wait_for(|read| *read >= mark);
        // A killed child may never have finished its last line.
        tokio::time::timeout(Duration::from_secs(5), read).await.ok();
    }

    /// Waits until it has ended.
    pub async fn ended(&self) -> ExitStatus {
        let mut exit = self.exit.clone();
        match exit.wait_for(Option::is_some).await {
            Ok(status) => status.unwrap_or_default(),
            Err(_) => ExitStatus::default(),
        }
    }

    /// Sends `signal`, waits up to `grace`, then kills.
    pub async fn end(&self, signal: Signal, grace: Duration) -> ExitStatus {
        self.signal(signal);
        match tokio::time::timeout(grace, self.ended()).await {
            Ok(status) => status,
            Err(_) => {
                self.kill();
                self.ended().await
            }
        }
    }

    /// Returns its largest resident memory in bytes, from `/proc`; `None` on other systems and after its end.
    pub fn peak_memory(&self) -> Option<u64> {
        let status =
            std::fs::read_to_string(Path::new("/proc").join(self.pid.to_string()).join("status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kib * 1024)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn wait_without_reaping(pid: u32) {
    let Some(pid) = Pid::from_raw(pid.cast_signed()) else {
        return;
    };
    while let Err(rustix::io::Errno::INTR) =
        waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)
    {}
}

fn signal_group(pid: u32, signal: Signal) {
    if let Some(group) = Pid::from_raw(pid.cast_signed()) {
        // Fails if the group has ended already.
        kill_process_group(group, signal).ok();
    }
}
