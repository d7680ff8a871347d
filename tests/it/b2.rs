//! Which S3 server a key of Backblaze B2 belongs to: asked of the local subnet's server, and of the
//! simulator in Backblaze's own client library, behind a small Python program.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use horde_validator::devnet::bucket::Behaviour;
use horde_validator::objects::{ObjectStore, ObjectsError, b2_access};
use horde_validator::settings::{Secret, StorageAccess};

use crate::buckets::{bucket, server};
use crate::program::tool;
use crate::shelf::{Fault, Shelf};

/// Ends when this is dropped, or with the whole test process: its stdin is gone then.
struct Simulator {
    program: Child,
    url: String,
    /// One of all buckets, one that may only write into one; each with its secret.
    keys: Vec<[String; 2]>,
}

impl Simulator {
    fn start() -> Option<Self> {
        let python = tool("moto_server")?.with_file_name("python3");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stand_ins/b2_api.py");
        let mut program = Command::new(python)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("started");
        let said = program.stdout.take().expect("piped");
        let mut said = BufReader::new(said).lines();
        let mut line = || said.next().expect("it says so").expect("text");
        let url = line();
        let keys = [line(), line()].map(|pair| {
            let (id, secret) = pair.split_once(' ').expect("a pair");
            [id.to_owned(), secret.to_owned()]
        });
        Some(Self {
            program,
            url,
            keys: keys.to_vec(),
        })
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        drop(self.program.stdin.take());
        let _ = self.program.wait();
    }
}

async fn access(api: &str, id: &str, secret: &str) -> Result<StorageAccess, ObjectsError> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    b2_access(api, id, &Secret::new(secret)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_of_backblazes_own_simulator_is_understood() {
    let Some(simulator) = Simulator::start() else {
        return;
    };
    for [id, secret] in &simulator.keys {
        let access = access(&simulator.url, id, secret).await;
        let access = access.unwrap_or_else(|error| panic!("{id}: {error}"));
        // what the library has in its place
        assert_eq!(
            access.endpoint.as_deref(),
            Some("http://s3.api.example.com")
        );
        assert_eq!((access.region.as_str(), &access.access_key_id), ("api", id));
        assert_eq!(access.secret_access_key.reveal(), secret);
    }
    let [id, secret] = &simulator.keys[0];
    for (id, secret) in [(id.as_str(), "wrong"), ("wrong", secret.as_str())] {
        let error = access(&simulator.url, id, secret).await;
        let error = error.expect_err("the pair is wrong");
        assert_eq!(error.code(), Some("unauthorized"), "{error}");
        assert!(!error.is_passing());
        let advice = error.advice().expect("there is");
        assert!(advice.contains("id and secret"), "{advice}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_b2_leads_to_the_server_that_takes_it() {
    let devnet = server();
    let environment = devnet.environment();
    let (id, secret) = (&environment[1].1, &environment[2].1);
    let access_of = async |secret: &str| access(&devnet.url(), id, secret).await;
    let granted = access_of(secret).await.expect("the pair is right");
    let (store, name) = (ObjectStore::new(granted), bucket("b2-backups"));
    store.create(&name).await.expect("made");
    store.put_object(&name, "k", "x").await.expect("taken");
    assert_eq!(devnet.object("b2-backups", "k").expect("there"), "x");

    let error = access_of("wrong").await.expect_err("the secret is wrong");
    let (told, shown) = (error.to_string(), format!("{error:?}"));
    assert!(told.contains("unauthorized (invalid_key)"), "{told}");
    assert!(!told.contains("wrong") && !shown.contains(id.as_str()));
    devnet.behave(Behaviour::Busy { times: 1 });
    let error = access_of(secret).await.expect_err("it is busy");
    assert!(error.is_passing(), "{error}");
    devnet.behave(Behaviour::Vanishes { after_parts: 0 });
    let error = access_of(secret).await.expect_err("it is gone");
    assert!(matches!(error, ObjectsError::Unreachable { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_none_are_bounded_and_told_without_the_address() {
    const PATH: &str = "/b2api/v3/b2_authorize_account";
    let shelf = Shelf::start();
    for (answer, finding) in [
        ("{}", "it names no S3 server"),
        ("<html>", "expected value"),
        (r#"{"s3ApiUrl": "ftp://x"}"#, "is no address of a server"),
        (r#"{"s3ApiUrl": "/x\u0000y"}"#, "/x y is no address"),
    ] {
        shelf.put(PATH, answer);
        let error = access(&shelf.url(""), "id", "secret").await;
        let error = error.expect_err("it cannot be used");
        assert!(error.to_string().contains(finding), "{error}");
        assert!(!error.is_passing());
    }
    let fault = (PATH.to_owned(), Fault::Huge);
    shelf.content().faults.push(fault);
    let error = access(&shelf.url("/"), "id", "secret").await;
    let error = error.expect_err("it is too long").to_string();
    assert!(error.contains("more than 65536 bytes"), "{error}");
    let error = access("http://me:hush@127.0.0.1:1", "id", "secret").await;
    let error = error.expect_err("nobody is there");
    assert!(
        error.is_passing() && !error.to_string().contains("hush"),
        "{error}"
    );
    let error = access("127.0.0.1", "id", "secret").await;
    assert!(error.is_err_and(|error| !error.is_passing()));
}
