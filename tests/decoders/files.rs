//! The `.env` file of an operator.

use std::cell::RefCell;
use std::io::{Seek, Write};

use horde_validator::settings::{Environment, Kind, MASK, VARIABLES};
use tempfile::NamedTempFile;

use super::assert_line;

thread_local! {
    static FILE: RefCell<NamedTempFile> =
        RefCell::new(NamedTempFile::new().expect("a file can be made"));
}

pub(super) fn settings(input: &[u8]) {
    let read = FILE.with_borrow_mut(|file| {
        file.rewind().expect("it is a file");
        file.as_file().set_len(0).expect("it can be emptied");
        file.write_all(input).expect("it can be written");
        Environment::read(Some(file.path()))
    });
    match read {
        Ok(environment) => asked(&environment),
        Err(error) => assert_line(&error.to_string()),
    }
}

/// Whatever was let in can be used, and what is shown of it holds no secret.
fn asked(environment: &Environment) {
    for variable in VARIABLES {
        let shown = environment.shown(variable.name);
        if matches!(
            variable.kind,
            Kind::Secret | Kind::SecretUrl | Kind::Password
        ) {
            assert!(shown.is_empty() || shown == MASK, "{}", variable.name);
        }
    }
    let _ = (
        environment.netuid(),
        environment.network(),
        environment.wallet(),
    );
    let _ = (
        environment.storage_access(),
        environment.prompt_buckets(),
        environment.b2_access(),
    );
    let _ = (
        environment.mail_access(),
        environment.s3_backup(),
        environment.trusted_miner(),
    );
    let _ = (
        environment.debug_miners(),
        environment.retention(),
        environment.age_recipients(),
    );
    let _ = (
        environment.horde_score(),
        environment.run_offset(),
        environment.debug_hash_job(),
    );
    let _ = (
        environment.dynamic_config_url(),
        environment.batch_time_scale(),
    );
    let _ = (
        environment.weights_version_override(),
        environment.stats_collector(),
    );
    let _ = (
        environment.healthcheck_url(),
        environment.sentry_dsn(),
        environment.secrets(),
        format!("{environment:?}"),
    );
}

pub(super) fn settings_seeds() -> Vec<Vec<u8>> {
    let examples = VARIABLES
        .iter()
        .map(|variable| format!("{}={}\n", variable.name, 12));
    let texts = [
        "BITTENSOR_NETWORK=finney\nBITTENSOR_NETUID=12\nBITTENSOR_WALLET_NAME='my wallet'\n",
        "export EMAIL_HOST=\"mail.example.org\" # here\nEMAIL_HOST_PASSWORD=\"a \\\"b\\\" \\$c\"\n",
        "OTHER=\"not closed\n-----BEGIN KEY-----\nAWS_SECRET_ACCESS_KEY=hush-hush\n",
        "DEBUG_OVERRIDE_HASH_JOB=1,2,3\nS3_ENDPOINT_URL=http://me:pw@127.0.0.1:9000/x?y\n",
    ];
    let texts = texts.map(|text| text.as_bytes().to_vec());
    texts
        .into_iter()
        .chain([examples.collect::<String>().into_bytes()])
        .collect()
}
