//! Jobs of users on the devnet's miner: what comes back, and what is put where.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use axum::http::{Method, StatusCode};
use horde_validator::devnet::miner::Behaviour;
use horde_validator::hashjob::payload::pack;
use horde_validator::wire::to_miner::{InitialJob, Job};
use horde_validator::wire::upload::{FilePut, FileUpload, ZipPost, ZipPut, ZipUpload};
use horde_validator::wire::{FromMiner, OutputUpload, ToMiner, Volume, VolumeType};

use crate::devnet_miner::{Validator, start};
use crate::puts::Puts;

const JOB: &str = "b3c4d5e6-1f2a-4b3c-8d4e-5f6a7b8c9d0e";

fn job(image: &str, arguments: &[&str]) -> Job {
    Job {
        job_uuid: JOB.to_owned(),
        executor_class: None,
        docker_image_name: Some(image.to_owned()),
        raw_script: None,
        docker_run_options_preset: "none".to_owned(),
        docker_run_cmd: arguments.iter().map(|one| (*one).to_owned()).collect(),
        volume: Some(Volume::inline(pack("from the volume"))),
        output_upload: None,
    }
}

/// Has an honest miner run a job; returns its last word.
async fn run(job: Job) -> FromMiner {
    let miner = start(Behaviour::Honest);
    let mut validator = Validator::introduced(&miner).await;
    let initial = ToMiner::InitialJob(InitialJob {
        job_uuid: JOB.to_owned(),
        executor_class: None,
        base_docker_image_name: job.docker_image_name.clone(),
        timeout_seconds: Some(300),
        volume: None,
        volume_type: Some(VolumeType::Inline),
    });
    validator.say(initial).await;
    while !matches!(validator.hear().await, Some(FromMiner::ExecutorReady(_))) {}
    validator.say(ToMiner::Job(job)).await;
    validator.hear().await.expect("a last word")
}

/// Exit status, stdout and stderr.
fn outcome(message: FromMiner) -> (i64, String, String) {
    match message {
        FromMiner::JobFinished(done) => (0, done.docker_process_stdout, done.docker_process_stderr),
        FromMiner::JobFailed(failed) => (
            failed.docker_process_exit_status.expect("a status"),
            failed.docker_process_stdout,
            failed.docker_process_stderr,
        ),
        other => panic!("no end: {other:?}"),
    }
}

#[tokio::test]
async fn images_that_echo_sleep_and_fail_do_so() {
    let printed = |text: &str| (0, text.to_owned(), String::new());
    let cases = [
        (
            job("devnet/echo", &["hello", "world"]),
            printed("hello world"),
        ),
        (job("devnet/echo", &[]), printed("from the volume")),
        (job("devnet/sleep", &["1", "woken"]), printed("woken")),
        (
            job("devnet/fail", &[]),
            (3, "began".to_owned(), "failed as its image says".to_owned()),
        ),
    ];
    for (job, expected) in cases {
        assert_eq!(outcome(run(job).await), expected);
    }
}

#[tokio::test]
async fn output_is_put_where_the_job_says() {
    let puts = Puts::answering(StatusCode::OK).await;
    let zip = |path| ZipPut {
        url: puts.url(path),
    };
    let headers = BTreeMap::from([("x-signed".to_owned(), "yes".to_owned())]);
    let file = |path| FilePut {
        url: puts.url(path),
        relative_path: "stdout.txt".to_owned(),
        signed_headers: Some(headers.clone()),
    };
    let uploads = [
        OutputUpload::ZipAndHttpPut(zip("a.zip?key=1")),
        OutputUpload::SingleFilePut(file("b.txt")),
        OutputUpload::MultiUpload {
            uploads: vec![FileUpload::SingleFilePut(file("c.txt"))],
            system_output: Some(ZipUpload::ZipAndHttpPut(zip("d.zip"))),
        },
    ];
    for upload in uploads {
        let mut job = job("devnet/echo", &["some", "output"]);
        job.output_upload = Some(upload);
        assert_eq!(outcome(run(job).await).0, 0);
    }
    let seen = puts.seen();
    let paths: Vec<_> = seen.iter().map(|put| put.path.as_str()).collect();
    assert_eq!(paths, ["/a.zip?key=1", "/b.txt", "/c.txt", "/d.zip"]);
    for put in seen {
        assert_eq!(put.method, Method::PUT);
        if put.path.contains("zip") {
            let mut zip = zip::ZipArchive::new(Cursor::new(put.body)).expect("a zip");
            let mut text = String::new();
            let mut stdout = zip.by_name("stdout.txt").expect("in the zip");
            stdout.read_to_string(&mut text).expect("a text");
            assert_eq!(text, "some output");
        } else {
            assert_eq!(put.body, "some output");
            assert_eq!(put.headers["x-signed"], "yes");
        }
    }
}

#[tokio::test]
async fn a_job_whose_output_is_not_taken_fails_and_a_failed_one_puts_nothing() {
    let puts = Puts::answering(StatusCode::FORBIDDEN).await;
    let refused = OutputUpload::ZipAndHttpPut(ZipPut {
        url: puts.url("a.zip"),
    });
    let posted = OutputUpload::ZipAndHttpPost(ZipPost {
        url: puts.url("a.zip"),
        form_fields: None,
    });
    for (image, upload, finding) in [
        (
            "devnet/echo",
            refused.clone(),
            "the output cannot be put: answered with status 403",
        ),
        (
            "devnet/echo",
            posted,
            "the output can only be put, not posted",
        ),
        ("devnet/fail", refused, "failed as its image says"),
    ] {
        let mut job = job(image, &[]);
        job.output_upload = Some(upload);
        assert_eq!(outcome(run(job).await).2, finding);
    }
    assert_eq!(puts.seen().len(), 1);
}
