//! A real mail server that is not ours, aiosmtpd, with a certificate of its own; and one that says
//! what it was told to say, for days on which no real server can be had.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::certificate::Certified;
use crate::host::Host;
use crate::program::{Server, tool};

pub(crate) const USER: &str = "validator@example.org";
pub(crate) const PASSWORD: &str = "correct horse 1";

/// What the server wants and offers.
pub(crate) struct Wants {
    /// `none`, `starttls` or `implicit`.
    pub(crate) tls: &'static str,
    pub(crate) login: bool,
    /// Largest mail, in bytes.
    pub(crate) size: Option<u64>,
}

pub(crate) struct SmtpServer {
    server: Server,
    folder: tempfile::TempDir,
}

impl SmtpServer {
    pub(crate) fn start(wants: &Wants) -> Option<Self> {
        let python = tool("aiosmtpd")?.with_file_name("python3");
        let folder = tempfile::tempdir().expect("a folder for the test");
        let certified = Certified::new("localhost");
        let file = |name: &str, text: String| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("a file");
            path
        };
        file("authority.pem", certified.authority_pem());
        let settings = json!({
            "folder": folder.path(),
            "tls": wants.tls,
            "certificate": file("certificate.pem", certified.certificate_pem()),
            "key": file("key.pem", certified.key_pem()),
            "login": wants.login.then_some([USER, PASSWORD]),
            "size": wants.size,
        });
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/servers/smtp.py");
        let arguments = [program, &settings.to_string()];
        let server = Server::start(&python, &arguments, &[], |line| {
            line.strip_prefix("listening on ")
        });
        Some(Self { server, folder })
    }

    /// One that wants STARTTLS and a login.
    pub(crate) fn with_login() -> Option<Self> {
        Self::start(&Wants {
            tls: "starttls",
            login: true,
            size: None,
        })
    }

    /// Has this machine send its mail through it.
    pub(crate) fn serve(&self, host: &mut Host) {
        host.set("EMAIL_HOST", "localhost");
        host.set("EMAIL_PORT", self.port());
        host.set("EMAIL_HOST_USER", USER);
        host.set("EMAIL_HOST_PASSWORD", PASSWORD);
        host.set("EMAIL_TARGET", "operator@example.org");
        let authority = self.folder().join("authority.pem");
        host.set("SSL_CERT_FILE", authority.display());
    }

    pub(crate) fn port(&self) -> u16 {
        self.server.port
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The mails that it has taken, the oldest first.
    pub(crate) fn mails(&self) -> Vec<Value> {
        let read = |number: usize| {
            let file = self.folder().join(format!("mail-{number}.json"));
            std::fs::read_to_string(file).ok()
        };
        let texts = (1..).map_while(read);
        texts
            .map(|text| serde_json::from_str(&text).expect("JSON"))
            .collect()
    }

    /// The first word of each line that clients have said to it.
    pub(crate) fn commands(&self) -> Vec<String> {
        let file = self.folder().join("commands");
        let text = std::fs::read_to_string(file).expect("it is kept");
        let said = text.lines().filter_map(|line| line.split_once(">> b'"));
        said.map(|(_, line)| word(line)).collect()
    }
}

/// Says its lines in turn: the first one at once, each other one after it has heard a line. After
/// the last one it closes, or says nothing any more.
pub(crate) struct ScriptedServer {
    pub(crate) port: u16,
    heard: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone, Copy)]
pub(crate) enum AtTheEnd {
    Closes,
    FallsSilent,
}

impl ScriptedServer {
    pub(crate) fn start(lines: &[&str], end: AtTheEnd) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let lines: Vec<String> = lines.iter().map(|line| format!("{line}\r\n")).collect();
        let keep = Arc::clone(&heard);
        std::thread::spawn(move || {
            let (socket, _) = listener.accept().expect("a client");
            // the client may leave in the middle
            let _ = play(socket, &lines, end, &keep);
        });
        Self { port, heard }
    }

    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().expect("no panic").clone()
    }
}

fn play(
    mut socket: TcpStream,
    lines: &[String],
    end: AtTheEnd,
    heard: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut said = BufReader::new(socket.try_clone()?).lines();
    for (number, line) in lines.iter().enumerate() {
        if number > 0 {
            let Some(command) = said.next() else {
                return Ok(());
            };
            heard.lock().expect("no panic").push(word(&command?));
        }
        socket.write_all(line.as_bytes())?;
    }
    if let AtTheEnd::FallsSilent = end {
        said.for_each(drop);
    }
    Ok(())
}

fn word(line: &str) -> String {
    let end = line.find([' ', ':', '\\', '\'']).unwrap_or(line.len());
    line[..end].to_owned()
}
