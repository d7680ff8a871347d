//! A real S3 server that is not ours: moto, a Python program. Also the AWS CLI and botocore beside
//! it. Where they are missing a test is passed over and says so; never in CI.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// The program ends with this shell, which ends when the other side of its stdin is gone: with the
/// `Moto`, or with the whole test process.
const GUARD: &str = "\"$@\" 2>&1 & server=$!; cat >/dev/null; kill $server; wait";

pub(crate) struct Moto {
    port: u16,
    guard: Child,
}

impl Moto {
    /// One for all tests that can share it: any signature passes there.
    pub(crate) fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Moto>> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(&[])).as_ref()
    }

    /// With these settings of its own.
    pub(crate) fn start(settings: &[(&str, &str)]) -> Option<Self> {
        let program = tool("moto_server")?;
        let mut guard = Command::new("sh")
            .args(["-c", GUARD, "sh"])
            .arg(program)
            .args(["-H", "127.0.0.1", "-p", "0"])
            .envs(settings.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let mut said = BufReader::new(guard.stdout.take().expect("piped")).lines();
        let port = said.by_ref().find_map(|line| {
            let line = line.expect("text");
            let (_, port) = line.split_once("Running on http://127.0.0.1:")?;
            port.trim().parse().ok()
        });
        let port = port.expect("moto says where it listens");
        // a pipe that nobody empties would stop it
        std::thread::spawn(move || said.for_each(drop));
        Some(Self { port, guard })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Asks one of Amazon's other services, as a form, and gives back its XML. Nobody signs it.
    pub(crate) fn query(&self, service: &str, form: &str) -> String {
        let credential = format!("x/20240101/us-east-1/{service}/aws4_request");
        let authorization =
            format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=x");
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        let request = format!(
            "POST / HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\
             Authorization: {authorization}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n\r\n{form}",
            self.port,
            form.len()
        );
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("text");
        answer
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        // it has ended what it guards
        let _ = self.guard.wait();
    }
}

/// The text of an element.
pub(crate) fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    let start = xml.split_once(&format!("<{name}>"));
    let inner = start.and_then(|(_, rest)| rest.split_once('<'));
    inner
        .map(|(inner, _)| inner)
        .unwrap_or_else(|| panic!("no {name} in {xml}"))
}

/// A program that `install.sh` has put beside the build, else one of this machine.
pub(crate) fn tool(name: &str) -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
    let own = target
        .expect("below target")
        .join("s3-tools/bin")
        .join(name);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::iter::once(own)
        .chain(std::env::split_paths(&path).map(|folder| folder.join(name)))
        .find(|file| file.is_file());
    if found.is_none() {
        let says = format!("{name} is missing: `./install.sh test` installs it");
        assert!(std::env::var_os("CI").is_none(), "{says}");
        eprintln!("passed over: {says}");
    }
    found
}
