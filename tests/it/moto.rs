//! A real S3 server that is not ours: moto, a Python program.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::OnceLock;

use crate::program::{Server, tool};

pub(crate) struct Moto(Server);

impl Moto {
    /// One for all tests that can share it: any signature passes there.
    pub(crate) fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Moto>> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(&[])).as_ref()
    }

    /// With these settings of its own.
    pub(crate) fn start(settings: &[(&str, &str)]) -> Option<Self> {
        let program = tool("moto_server")?;
        let arguments = ["-H", "127.0.0.1", "-p", "0"];
        let server = Server::start(&program, &arguments, settings, |line| {
            Some(line.split_once("Running on http://127.0.0.1:")?.1)
        });
        Some(Self(server))
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.0.port)
    }

    /// Asks one of Amazon's other services, as a form, and gives back its XML. Nobody signs it.
    pub(crate) fn query(&self, service: &str, form: &str) -> String {
        let credential = format!("x/20240101/us-east-1/{service}/aws4_request");
        let authorization =
            format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=x");
        let mut stream = TcpStream::connect(("127.0.0.1", self.0.port)).expect("it listens");
        let request = format!(
            "POST / HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\
             Authorization: {authorization}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n\r\n{form}",
            self.0.port,
            form.len()
        );
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("text");
        answer
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
