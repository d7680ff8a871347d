//! A Debian system in a folder, made by debootstrap, to install the validator in and, with a real
//! systemd as its first process, to boot. Shares this machine's network. Only root can have one.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::host::poll;
use crate::program::free_port;

pub(crate) struct Debian {
    folder: tempfile::TempDir,
    /// systemd-nspawn and the process id of the system's first process, once there is one.
    booted: Option<(Child, u32)>,
}

impl Debian {
    /// A fresh one; `None`, and says so, where it cannot be had. In CI root must have it.
    pub(crate) fn new() -> Option<Self> {
        let id = Command::new("id")
            .arg("-u")
            .output()
            .expect("it is everywhere");
        if id.stdout != b"0\n" {
            eprintln!("passed over: only root can boot a system in a folder");
            return None;
        }
        let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let root = scratch.parent().expect("below target").join("test-root");
        let has_nspawn = Command::new("systemd-nspawn")
            .arg("--version")
            .output()
            .is_ok();
        if !root.is_dir() || !has_nspawn {
            let says =
                "a Debian root or systemd-nspawn is missing: `./install.sh test` installs both";
            assert!(std::env::var_os("CI").is_none(), "{says}");
            eprintln!("passed over: {says}");
            return None;
        }
        let folder = tempfile::tempdir_in(scratch).expect("a folder");
        // other users of the system go through it
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755))
            .expect("its mode");
        let debian = Self {
            folder,
            booted: None,
        };
        debian.take_system(&root);
        let trial = debian.run("true");
        if !trial.status.success() {
            eprintln!("passed over: no system can be run here: {}", said(&trial));
            return None;
        }
        debian.take_project();
        Some(debian)
    }

    /// Copies the system. Its files below /usr, nearly all, are only linked: whoever changes one of
    /// them puts a new one in its place.
    fn take_system(&self, root: &Path) {
        for entry in std::fs::read_dir(root).expect("a system") {
            let entry = entry.expect("read");
            let how = if entry.file_name() == "usr" {
                "-al"
            } else {
                "-a"
            };
            let copied = Command::new("cp")
                .arg(how)
                .arg(entry.path())
                .arg(self.folder.path())
                .status();
            assert!(copied.expect("cp is everywhere").success());
        }
    }

    /// Where a path of the system is on this machine.
    pub(crate) fn path(&self, inside: &str) -> PathBuf {
        self.folder.path().join(inside.trim_start_matches('/'))
    }

    /// The project, without what is built, and the program, as /src and /src/horde.
    fn take_project(&self) {
        let project = Path::new(env!("CARGO_MANIFEST_DIR"));
        for part in ["install.sh", "Cargo.toml", "systemd", "crontab.example"] {
            self.take(&project.join(part), "/src/");
        }
        self.take(
            &project.join("src/settings/variables.rs"),
            "/src/src/settings/",
        );
        self.take(Path::new(env!("CARGO_BIN_EXE_horde")), "/src/horde");
    }

    /// Copies a file or a folder of this machine to a place inside of it.
    pub(crate) fn take(&self, from: &Path, inside: &str) {
        let to = self.path(inside);
        if inside.ends_with('/') {
            std::fs::create_dir_all(&to).expect("a folder");
        }
        let copied = Command::new("cp").arg("-r").arg(from).arg(to).status();
        assert!(copied.expect("cp is everywhere").success());
    }

    pub(crate) fn write(&self, inside: &str, text: &str) {
        let path = self.path(inside);
        let folder = path.parent().expect("below the root");
        std::fs::create_dir_all(folder).expect("a folder");
        // it may be shared with other systems, or lead to one that is
        let _ = std::fs::remove_file(&path);
        std::fs::write(path, text).expect("written");
    }

    pub(crate) fn read(&self, inside: &str) -> String {
        std::fs::read_to_string(self.path(inside)).unwrap_or_default()
    }

    /// Runs a script as root inside of it.
    pub(crate) fn run(&self, script: &str) -> Output {
        let mut command = match &self.booted {
            Some((_, first)) => {
                let mut command = Command::new("nsenter");
                command.args(["--all", "--target", &first.to_string(), "bash", "-s"]);
                command
            }
            None => {
                let mut command = self.nspawn();
                command.args(["--pipe", "--quiet", "bash", "-s"]);
                command
            }
        };
        let mut child = command
            .env_clear()
            .env(
                "PATH",
                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            )
            .env("HOME", "/root")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("started");
        let mut stdin = child.stdin.take().expect("piped");
        stdin.write_all(script.as_bytes()).expect("it listens");
        drop(stdin);
        child.wait_with_output().expect("it was started")
    }

    /// The same, which must go well; gives back what it printed.
    pub(crate) fn run_well(&self, script: &str) -> String {
        let output = self.run(script);
        let said = said(&output);
        assert!(
            output.status.success(),
            "{script}: {}\n{said}",
            output.status
        );
        said
    }

    fn number(&self) -> String {
        let name = self.folder.path().file_name().expect("a name");
        let plain = name.to_string_lossy();
        plain.chars().filter(char::is_ascii_alphanumeric).collect()
    }

    fn nspawn(&self) -> Command {
        let mut command = Command::new("systemd-nspawn");
        command
            .args(["--register=no", "--keep-unit"])
            // two of them may run at once
            .arg(format!("--machine=horde-test-{}", self.number()))
            .arg("--directory")
            .arg(self.folder.path());
        command
    }

    /// Starts systemd in it and waits until it is up.
    pub(crate) fn boot(&mut self) {
        self.start(&["--boot"], "systemd");
        poll("a system that is up", Duration::from_secs(180), || {
            let state = self.run("systemctl is-system-running");
            let state = String::from_utf8_lossy(&state.stdout).into_owned();
            matches!(state.trim(), "running" | "degraded").then_some(())
        });
    }

    /// Lets root log in over ssh with this public key, on a port of loopback, which it gives back.
    pub(crate) fn serve_ssh(&mut self, public_key: &str) -> u16 {
        self.write("/root/.ssh/authorized_keys", public_key);
        self.run_well(
            "chmod -R go= /root/.ssh; chown -R root: /root; ssh-keygen -A; mkdir -p /run/sshd",
        );
        let port = free_port();
        let (port_text, sshd) = (
            port.to_string(),
            "mkdir -p /run/sshd; exec /usr/sbin/sshd -D -p",
        );
        let script = format!("{sshd} {port_text} -o ListenAddress=127.0.0.1");
        self.start(&["bash", "-c", &script], "sshd");
        poll("a server that listens", Duration::from_secs(60), || {
            std::net::TcpStream::connect(("127.0.0.1", port)).ok()
        });
        port
    }

    /// Starts a process of this name as the first one.
    fn start(&mut self, arguments: &[&str], name: &str) {
        let child = self
            .nspawn()
            .arg("--console=pipe")
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("started");
        let children = format!("/proc/{0}/task/{0}/children", child.id());
        let first = poll("a first process", Duration::from_secs(60), || {
            let pids = std::fs::read_to_string(&children).ok()?;
            let mut pids = pids.split_whitespace();
            // what makes the system is a child, too, for a moment
            let is_first = |pid: &&str| {
                let found = std::fs::read_to_string(format!("/proc/{pid}/comm"));
                found.is_ok_and(|found| found.trim() == name)
            };
            pids.find(is_first)?.parse().ok()
        });
        self.booted = Some((child, first));
    }
}

impl Drop for Debian {
    fn drop(&mut self) {
        let Some((mut child, first)) = self.booted.take() else {
            return;
        };
        // the whole system goes with its first process, but not always with nspawn, which ends then
        let _ = Command::new("kill")
            .args(["-KILL", &first.to_string()])
            .status();
        let deadline = Instant::now() + Duration::from_secs(20);
        while matches!(child.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::yield_now();
        }
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// Both of what a program has printed, without what nspawn says of itself.
pub(crate) fn said(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr].map(String::from_utf8_lossy);
    let both = both.concat();
    let lines = both.split_inclusive('\n');
    let of_nspawn = |line: &&str| line.starts_with("Attempted to remove disk file system");
    lines.filter(|line| !of_nspawn(line)).collect()
}
