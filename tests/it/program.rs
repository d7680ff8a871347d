//! Programs of others that `install.sh` has put beside the build, and servers among them. Where
//! one is missing a test is passed over and says so; never in CI.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The program ends with this shell, which ends when the other side of its stdin is gone: with the
/// `Server`, or with the whole test process.
const GUARD: &str = "\"$@\" 2>&1 & server=$!; cat >/dev/null; kill $server; wait";

/// A program that runs until it is dropped.
pub(crate) struct Server {
    guard: Child,
    /// Where it listens on loopback.
    pub(crate) port: u16,
}

impl Server {
    /// `announced` finds the port in a line of what it prints.
    pub(crate) fn start(
        program: &Path,
        arguments: &[&str],
        settings: &[(&str, &str)],
        announced: impl Fn(&str) -> Option<&str>,
    ) -> Self {
        let mut guard = Command::new("sh")
            .args(["-c", GUARD, "sh"])
            .arg(program)
            .args(arguments)
            .envs(settings.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let mut said = BufReader::new(guard.stdout.take().expect("piped")).lines();
        let mut before = Vec::new();
        let port = said.by_ref().find_map(|line| {
            let line = line.expect("text");
            let port = announced(&line).and_then(|port| port.trim().parse().ok());
            before.push(line);
            port
        });
        let port = port.unwrap_or_else(|| panic!("it says no port: {before:#?}"));
        // a pipe that nobody empties would stop it
        std::thread::spawn(move || said.for_each(drop));
        Self { guard, port }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        // it has ended what it guards
        let _ = self.guard.wait();
    }
}

/// A program that `install.sh` has put beside the build, else one of this machine.
pub(crate) fn tool(name: &str) -> Option<PathBuf> {
    tool_of(&[name])
}

/// The first of these names that there is.
pub(crate) fn tool_of(names: &[&str]) -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
    let own = target.expect("below target").join("test-servers/bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = names.iter().find_map(|name| {
        std::iter::once(own.clone())
            .chain(std::env::split_paths(&path))
            .map(|folder| folder.join(name))
            .find(|file| file.is_file())
    });
    if found.is_none() {
        let says = format!("{} is missing: `./install.sh test` installs it", names[0]);
        assert!(std::env::var_os("CI").is_none(), "{says}");
        eprintln!("passed over: {says}");
    }
    found
}

/// A port of loopback that nobody listens on at this moment.
pub(crate) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("bound").port()
}

/// Whether a test may mount a file system of its own, to fill it.
pub(crate) fn may_mount() -> bool {
    let script = "mount -t tmpfs none /mnt";
    let run = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", script])
        .output();
    let may = run.is_ok_and(|output| output.status.success());
    if !may {
        eprintln!("left out: no file system can be mounted here");
    }
    may
}
