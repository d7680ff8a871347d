//! What the validator speaks to besides the chain: the trusted miner, buckets, places of backups,
//! the mail server. What is not set is no fault.

use tokio::net::TcpStream;

use super::finding::Finding;
use crate::backup::{self, Place};
use crate::mail;
use crate::objects::{ObjectStore, Standing};
use crate::pass::Failure;
use crate::settings::{BucketName, Environment};

/// Where backups can be, besides here.
pub(super) const BACKUPS: [Place; 2] = [Place::B2, Place::S3];

pub(super) async fn trusted_miner(environment: &Environment) -> Vec<Finding> {
    const WHAT: &str = "trusted miner";
    let miner = match environment.trusted_miner() {
        Ok(Some(miner)) => miner,
        Ok(None) => {
            return vec![Finding::warn(
                WHAT,
                "none is set: LLM executors are not tested",
                "docs/trusted-miner.md tells how to set one up",
            )];
        }
        Err(error) => return vec![Finding::failed(WHAT, error)],
    };
    let address = (miner.address.as_str(), miner.port);
    let place = format!("{}:{}", miner.address, miner.port);
    vec![match TcpStream::connect(address).await {
        Ok(_) => Finding::ok(WHAT, format!("{place} answers")),
        Err(error) => Finding::fail(
            WHAT,
            format!("{place} does not answer: {error}"),
            "check that it runs there (`docker compose ps`) and the firewall",
        ),
    }]
}

pub(super) async fn buckets(environment: &Environment) -> Vec<Finding> {
    const WHAT: &str = "buckets";
    let found = environment
        .prompt_buckets()
        .and_then(|buckets| Ok((buckets, ObjectStore::from_settings(environment)?)));
    let (buckets, store) = match found {
        Ok((Some(buckets), Some(store))) => (buckets, store),
        Ok(_) => {
            return vec![Finding::warn(
                WHAT,
                "none are set: LLM executors are not tested",
                "`horde provision-buckets` makes them",
            )];
        }
        Err(error) => return vec![Finding::failed(WHAT, error)],
    };
    let mut findings = Vec::new();
    for name in [&buckets.prompts, &buckets.answers] {
        findings.push(bucket(&store, name).await);
    }
    findings
}

async fn bucket(store: &ObjectStore, name: &BucketName) -> Finding {
    const WHAT: &str = "buckets";
    let to_do = "`horde provision-buckets` makes both and says what is wrong";
    match store.standing(name).await {
        Ok(Standing::Own { .. }) => Finding::ok(WHAT, format!("{name} is there")),
        Ok(Standing::Absent) => Finding::fail(WHAT, format!("{name} does not exist"), to_do),
        Ok(Standing::Foreign) => Finding::fail(WHAT, format!("{name} is somebody else's"), to_do),
        Err(error) => Finding::fail(WHAT, error.to_string(), to_do),
    }
}

/// Nothing if this place is not set.
pub(super) async fn backups(environment: &Environment, place: Place) -> Vec<Finding> {
    let what = match place {
        Place::B2 => "backups on B2",
        Place::S3 | Place::Local => "backups on S3",
    };
    match backup::count(environment, place).await {
        Ok(None) => Vec::new(),
        Ok(Some(count)) => vec![Finding::ok(what, format!("{count} can be restored"))],
        Err(error) => vec![Finding::failed(what, error)],
    }
}

pub(super) async fn mail(environment: &Environment) -> Vec<Finding> {
    const WHAT: &str = "mail";
    let access = match environment.mail_access() {
        Ok(Some(access)) => access,
        Ok(None) => {
            return vec![Finding::warn(
                WHAT,
                "no server is set: nobody is told when a unit fails",
                "set EMAIL_HOST and EMAIL_TARGET (docs/mail.md)",
            )];
        }
        Err(error) => return vec![Finding::failed(WHAT, error)],
    };
    vec![match mail::check(&access).await {
        Ok(()) => Finding::ok(WHAT, format!("{}:{} takes mail", access.host, access.port)),
        Err(error) => Finding::failed(WHAT, Failure::from(error)),
    }]
}
