//! Hash jobs against their vectors, and whether what is generated is what was asked for.

use std::collections::BTreeSet;
use std::time::Duration;

use horde_validator::hashjob::{
    Algorithm, HashJob, Parameters, Size, generate, generate_all, is_right, parameters, payload,
    secret,
};
use horde_validator::params::WeightsVersion;
use horde_validator::wire::Volume;
use serde_json::{Value, json};

use crate::{scoring::version, vectors};

const MINER: &str = "5HBVrFGy6oYhhh71m9fFGYD7zbKyAeHnWN8i8s9fJTBMCtEE";

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

fn texts(value: &Value) -> Vec<String> {
    value
        .as_array()
        .expect("list")
        .iter()
        .map(|item| text(item).to_owned())
        .collect()
}

fn algorithm(name: &Value) -> Algorithm {
    Algorithm::ALL
        .into_iter()
        .find(|algorithm| algorithm.name() == text(name))
        .expect("known")
}

fn salt(value: &Value) -> Vec<u8> {
    hex::decode(text(value).trim_start_matches("0x")).expect("hex")
}

pub(crate) fn payload_of(job: &HashJob) -> String {
    match &job.volume {
        Volume::Inline(packed) => payload::unpack(&packed.contents).expect("a volume of ours"),
        other => panic!("not inline: {other:?}"),
    }
}

#[test]
fn every_recorded_job_agrees() {
    for case in vectors::cases("hashcat_job") {
        match text(&case["kind"]) {
            "job" => chained_job(&case),
            "v0_job" => single_job(&case),
            "salted_hash" => {
                let found = algorithm(&case["algorithm"])
                    .hash_hex(text(&case["password"]).as_bytes(), &salt(&case["salt"]));
                assert_eq!(found, case["hash"], "{case}");
            }
            "key_and_answer" => {
                let passwords: Vec<Vec<String>> = case["passwords"]
                    .as_array()
                    .expect("list")
                    .iter()
                    .map(texts)
                    .collect();
                let keys: Vec<String> = passwords
                    .iter()
                    .map(|stage| secret::digest_text(secret::joined(stage).as_bytes()))
                    .collect();
                assert_eq!(json!(keys), case["next_stage_keys"], "{case}");
                assert_eq!(secret::answer(&passwords), case["answer"], "{case}");
            }
            "fernet" => {
                let plain = secret::open(text(&case["key"]), text(&case["token"])).ok();
                assert_eq!(json!(plain), case["plaintext"], "{case}");
            }
            other => panic!("unknown kind {other}"),
        }
    }
}

fn chained_job(case: &Value) {
    let mut secret_text = case["first_password"].as_str().map(str::to_owned);
    let mut passwords = Vec::new();
    for stage in 0..case["n"].as_u64().expect("count") as usize {
        let size = Size {
            letters: case["num_letters"][stage].as_u64().expect("count") as usize,
            digits: case["num_digits"][stage].as_u64().expect("count") as usize,
            hashes: case["num_hashes"][stage].as_u64().expect("count") as usize,
        };
        let algorithm = algorithm(&case["algorithms"][stage]);
        assert_eq!(size.mask(), case["masks"][stage]);
        assert_eq!(algorithm.hash_type(), case["hashcat_modes"][stage]);
        let key = secret_text
            .as_ref()
            .map(|secret| secret::digest_text(secret.as_bytes()));
        assert_eq!(json!(key), case["keys"][stage]);

        let shipped = text(&case["payloads"][stage]).to_owned();
        let plain = match &secret_text {
            Some(secret) => secret::decrypt(secret, &shipped).expect("the recorded key"),
            None => shipped,
        };
        assert_eq!(plain, case["payload_texts"][stage]);
        let found = texts(&case["passwords"][stage]);
        assert_eq!(found.len(), size.hashes);
        let salt = salt(&case["salts"][stage]);
        for (line, password) in plain.lines().zip(&found) {
            let hash = algorithm.hash_hex(password.as_bytes(), &salt);
            assert_eq!(line, format!("{hash}:{}", hex::encode(&salt)));
        }
        secret_text = Some(secret::joined(&found));
        passwords.push(found);
    }
    assert_eq!(secret::answer(&passwords), case["answer"], "{case}");
}

fn single_job(case: &Value) {
    let algorithm = algorithm(&case["algorithm"]);
    let hour = Algorithm::ALL
        .iter()
        .position(|one| *one == algorithm)
        .expect("known") as u32;
    let job = generate(WeightsVersion::V0, MINER, hour, None);
    assert_eq!(json!(job.docker_run_cmd), case["docker_run_cmd"]);
    assert_eq!(json!(job.timeout.as_secs()), case["timeout_seconds"]);
    assert_eq!(job.expected_answer.len(), text(&case["password"]).len());

    let salt = salt(&case["salt"]);
    let hash = algorithm.hash_hex(text(&case["password"]).as_bytes(), &salt);
    assert_eq!(
        format!("{hash}:{}", hex::encode(salt)),
        case["payload_text"]
    );
}

#[test]
fn parameters_agree() {
    for case in vectors::cases("job_score")
        .iter()
        .filter(|case| case["op"] == "parameters")
    {
        let version = version(&case["weights_version"]);
        for hour in 0..3 {
            let found = parameters(version, hour, None);
            assert_eq!(found.docker_image, case["docker_image_name"]);
            assert_eq!(found.docker_image, case["base_docker_image_name"]);
            assert_eq!(
                found.volume_in_initial_request,
                case["volume_in_initial_request"]
            );
            let generation = u8::from(found.is_chained) + u8::from(found.has_first_password);
            assert_eq!(json!(generation), case["job_generation"]);
            stages_agree(&found, case, hour);
        }
    }
}

fn stages_agree(found: &Parameters, case: &Value, hour: u32) {
    for stage in &found.stages {
        let expected = &case["algorithms"][stage.algorithm.name()];
        assert_eq!(stage.algorithm.hash_type(), expected["hashcat_mode"]);
        assert_eq!(json!(stage.timeout.as_secs()), expected["timeout_seconds"]);
        assert_eq!(json!(stage.size.letters), expected["num_letters"]);
        assert_eq!(json!(stage.size.digits), expected["num_digits"]);
        assert_eq!(json!(stage.size.hashes), expected["num_hashes"]);
        assert_eq!(stage.size.mask(), expected["mask"]);
    }
    let names: Vec<&str> = found
        .stages
        .iter()
        .map(|stage| stage.algorithm.name())
        .collect();
    let timeout = json!(found.timeout().as_secs());
    if found.is_chained {
        assert_eq!(json!(names), case["algorithm_order"]);
        assert_eq!(timeout, case["timeout_seconds"]);
    } else {
        assert_eq!(names, [text(&case["algorithm_order"][hour as usize])]);
        assert_eq!(timeout, case["timeout_seconds_by_algorithm"][names[0]]);
    }
}

#[test]
fn the_hour_chooses_the_algorithm_of_version_0() {
    for case in vectors::cases("job_score")
        .iter()
        .filter(|case| case["op"].as_str() == Some("v0_algorithm_for_hour"))
    {
        let hour = case["utc_hour"].as_u64().expect("hour") as u32;
        assert_eq!(
            Algorithm::for_hour(hour).name(),
            case["algorithm"],
            "{case}"
        );
    }
}

#[test]
fn answers_are_checked_as_recorded() {
    for case in vectors::cases("job_score")
        .iter()
        .filter(|case| case["op"] == "answer_check")
    {
        let found = is_right(text(&case["expected_answer"]), text(&case["stdout"]));
        assert_eq!(found, case["correct"], "{case}");
    }
}

#[test]
fn versions_differ_in_where_the_volume_goes_and_in_the_first_password() {
    for version in [
        WeightsVersion::V1,
        WeightsVersion::V2,
        WeightsVersion::V3,
        WeightsVersion::V4,
    ] {
        let job = generate(version, MINER, 0, None);
        assert!(job.raw_script.is_some());
        assert_eq!(job.timeout, Duration::from_secs(53));
        assert_eq!(job.docker_run_cmd[0], "/script.py");
        let is_newest = version == WeightsVersion::V4;
        assert_eq!(job.volume_in_initial_request, is_newest);
        assert_eq!(job.docker_run_cmd.len(), 1 + usize::from(is_newest));

        let payload: payload::Payload = serde_json::from_str(&payload_of(&job)).expect("JSON");
        let first = &payload.parts[0].hashes;
        let first = match job.docker_run_cmd.get(1) {
            Some(password) => {
                let letters = password
                    .strip_prefix(&format!("{MINER}-"))
                    .expect("names the miner");
                assert_eq!(letters.len(), 48);
                assert!(letters.bytes().all(|letter| letter.is_ascii_alphanumeric()));
                secret::decrypt(password, first).expect("the first password")
            }
            None => first.clone(),
        };
        let lines: BTreeSet<&str> = first.lines().collect();
        assert_eq!(lines.len(), 100);
    }
}

#[test]
fn jobs_come_in_the_order_of_the_miners_and_no_two_are_alike() {
    let size = Size::new(3, 1, 4).expect("possible");
    let miners: Vec<String> = (0..7).map(|n| format!("miner{n}")).collect();
    let jobs = generate_all(WeightsVersion::V4, &miners, 0, Some(size));
    for (miner, job) in miners.iter().zip(&jobs) {
        assert!(job.docker_run_cmd[1].starts_with(&format!("{miner}-")));
    }
    let answers: BTreeSet<&str> = jobs
        .iter()
        .map(|job| job.expected_answer.as_str())
        .collect();
    assert_eq!(answers.len(), miners.len());
    assert!(generate_all::<String>(WeightsVersion::V4, &[], 0, None).is_empty());
}

#[test]
fn sizes_without_enough_passwords_are_refused() {
    assert!(Size::new(0, 1, 5).is_ok());
    assert!(Size::new(0, 1, 6).is_err());
    assert!(Size::new(0, 0, 1).is_err());
    assert!(Size::new(6, 0, 0).is_err());
    assert!(Size::new(usize::MAX, 1, 1).is_err());
}

#[test]
fn a_strange_volume_is_an_error() {
    assert!(payload::unpack("not base 64").is_err());
    assert!(payload::unpack("bm90IGEgemlw").is_err());
    assert!(payload::unpack(Volume::EMPTY_ZIP).is_err());
}
