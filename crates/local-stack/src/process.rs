//! Children that end with us, whatever ends us.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, PipeWriter, Write},
    os::unix::process::{CommandExt, ExitStatusExt},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::sync::watch;

use crate::guardian;

/// How a child is started.
#[derive(Debug, Clone)]
pub struct Spec {
    program: PathBuf,
    arguments: Vec<String>,
    environment: Option<BTreeMap<String, String>>,
    folder: Option<PathBuf>,
    orphan_signal: &'static str,
}

impl Spec {
    /// `program` with our environment and our folder.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            environment: None,
            folder: None,
            orphan_signal: "KILL",
        }
    }

    /// One more argument.
    pub fn arg(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// More arguments.
    pub fn args<A: Into<String>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// These variables instead of ours.
    pub fn environment(mut self, variables: BTreeMap<String, String>) -> Self {
        self.environment = Some(variables);
        self
    }

    /// The folder the child starts in.
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// The signal (`QUIT`, …) with which the child is asked to end when we are gone; `KILL` if not said.
    pub fn orphan_signal(mut self, name: &'static str) -> Self {
        self.orphan_signal = name;
        self
    }

    /// Starts the child; each line it writes goes to `on_line`, from a thread of its own.
    pub fn spawn(self, on_line: impl Fn(String) + Send + Sync + 'static) -> Result<Process> {
        let (process, gate) = self.prepare(on_line)?;
        gate.open()?;
        Ok(process)
    }

    /// The same, but the child does nothing until the gate opens: time to make it known.
    ///
    /// It is a shell that waits on a pipe, and becomes the program only then. If we are killed before, the pipe
    /// ends and so does the shell.
    pub(crate) fn prepare(self, on_line: impl Fn(String) + Send + Sync + 'static) -> Result<(Process, Gate)> {
        if !self.program.is_file() {
            bail!("there is no program {}", self.program.display());
        }
        let (ear, mouth) = std::io::pipe().context("could not make a pipe")?;
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", r#"read -r go && exec "$@" </dev/null"#, "sh"])
            .arg(&self.program)
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .stdout(mouth.try_clone().context("could not make a pipe")?)
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
        guardian::watch(child.id(), self.orphan_signal)?;
        let gate = Gate {
            program: self.program,
            pipe: child.stdin.take().context("the child has no standard input")?,
        };

        // It holds an end of the pipe, which would never end.
        drop(command);
        let on_line = Arc::new(on_line);
        let (tell, marks) = watch::channel(0);
        forward_lines(Some(ear), Arc::clone(&on_line), tell);
        forward_lines(child.stderr.take(), on_line, watch::Sender::new(0));
        Ok((Process::supervise(child, mouth, marks), gate))
    }
}

/// What a prepared child waits at. Closed for good when dropped.
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

/// What we write into a child's own output, to see when everything before it has been read.
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

/// A running child. Dropping the last handle kills it.
#[derive(Debug)]
pub struct Process {
    pid: u32,
    /// `true` once reaped: from then on the number may belong to somebody else, so nobody is signalled.
    reaped: Arc<Mutex<bool>>,
    exit: watch::Receiver<Option<ExitStatus>>,
    /// Our own end of its output, as long as it lives, and the number of the last mark written there.
    mouth: Arc<Mutex<Option<(PipeWriter, u64)>>>,
    /// The last mark read.
    marks: watch::Receiver<u64>,
}

impl Process {
    fn supervise(mut child: Child, mouth: PipeWriter, marks: watch::Receiver<u64>) -> Self {
        let pid = child.id();
        let mouth = Arc::new(Mutex::new(Some((mouth, 0))));
        let mouth_of_thread = Arc::clone(&mouth);
        let reaped = Arc::new(Mutex::new(false));
        let (tell, exit) = watch::channel(None);
        let reaped_by_thread = Arc::clone(&reaped);
        thread::spawn(move || {
            // Seen first and reaped after, under the lock that `signal` takes.
            wait_without_reaping(pid);
            let mut reaped = reaped_by_thread.lock().expect("no holder panics");
            // What the program started itself, and left in its group, ends with it.
            signal_group(pid, Signal::KILL);
            guardian::forget(pid).ok();
            let status = child.wait().unwrap_or_else(|_| ExitStatus::from_raw(0));
            *reaped = true;
            drop(reaped);
            mouth_of_thread.lock().expect("no holder panics").take();
            tell.send_replace(Some(status));
        });
        Self {
            pid,
            reaped,
            exit,
            mouth,
            marks,
        }
    }

    /// The process's number, which is also that of its group.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Whether it has not ended yet.
    pub fn is_running(&self) -> bool {
        self.exit.borrow().is_none()
    }

    /// Kills the process and its group, at once and without appeal.
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

    /// Waits until every line that it has written to its standard output by now was handed on.
    pub async fn lines_handed_on(&self) {
        let mark = match &mut *self.mouth.lock().expect("no holder panics") {
            None => return,
            Some((mouth, mark)) => {
                *mark += 1;
                // In one write, which no line of the child's can come into.
                if mouth.write_all(format!("{MARK}{mark}\n").as_bytes()).is_err() {
                    return;
                }
                *mark
            }
        };
        let mut marks = self.marks.clone();
        let read = marks.wait_for(|read| *read >= mark);
        // A child that was killed takes the rest of its output with it.
        tokio::time::timeout(Duration::from_secs(5), read).await.ok();
    }

    /// Waits for its end.
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

    /// The most memory it has had resident, in bytes, from `/proc`; nothing elsewhere or after its end.
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
        // A group that is already gone is what was wanted.
        kill_process_group(group, signal).ok();
    }
}
