//! `horde provision-buckets`

use clap::Args;
use horde_validator::buckets::{self, PATIENCE, Step, Wanted};
use horde_validator::objects::ObjectStore;
use horde_validator::pass::{Failure, Frame, Outcome};
use horde_validator::settings::BucketName;
use serde_json::json;

use crate::{output, signals};

/// Make and verify the buckets of prompts and answers
///
/// Each bucket is made in AWS_DEFAULT_REGION and opened so that everybody can read its objects and
/// only your key pair can write; then an upload proves it. A name that somebody else has is
/// refused. What is right already is left alone: running it again is safe, and finishes a run that
/// was cut short. Needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and no database.
///
/// Example: horde provision-buckets my-prompts my-answers
#[derive(Debug, Args)]
pub(crate) struct ProvisionBuckets {
    /// Bucket of generated prompts
    prompts: BucketName,

    /// Bucket of sampled prompts and of answers
    answers: BucketName,

    /// Change nothing, name everything that is wrong; exit 1 if anything is
    ///
    /// One small object is written to each bucket and deleted again.
    #[arg(long)]
    check: bool,

    /// Have S3 delete prompts that are older than this
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    expire_prompts_days: Option<u32>,
}

impl ProvisionBuckets {
    pub(crate) fn run(&self, frame: &Frame, json: bool) -> Result<(), Failure> {
        let store = frame.environment.storage_required()?;
        let store = ObjectStore::new(store);
        let wanted = Wanted {
            prompts: self.prompts.clone(),
            answers: self.answers.clone(),
            expire_prompts_days: self.expire_prompts_days,
            patience: PATIENCE,
        };
        signals::runtime().block_on(async {
            tokio::select! {
                done = self.make_or_check(&store, &wanted, json) => done,
                () = frame.stop.cancelled() => Err(Failure::Interrupted),
            }
        })
    }

    async fn make_or_check(
        &self,
        store: &ObjectStore,
        wanted: &Wanted,
        json: bool,
    ) -> Result<(), Failure> {
        if self.check {
            return self.check(store, wanted, json).await;
        }
        let tell = |step: &Step| {
            if !json {
                output::line(step);
            }
        };
        let steps = buckets::provision(store, wanted, tell).await?;
        let is_new = steps
            .iter()
            .any(|step| step.is_new && step.act != buckets::Act::Proof);
        let summary = match is_new {
            true => "both buckets are ready",
            false => "both buckets were ready already",
        };
        let details = json!({
            "settings": {
                "S3_BUCKET_NAME_PROMPTS": self.prompts.as_str(),
                "S3_BUCKET_NAME_ANSWERS": self.answers.as_str(),
            },
            "steps": steps.iter().map(|step| json!({
                "bucket": step.bucket.as_str(),
                "step": step.act.name(),
                "changed": step.is_new && step.act != buckets::Act::Proof,
                "replaced": step.replaced,
            })).collect::<Vec<_>>(),
        });
        let report = vec![
            format!("S3_BUCKET_NAME_PROMPTS={}", self.prompts),
            format!("S3_BUCKET_NAME_ANSWERS={}", self.answers),
        ];
        let outcome = Outcome::done(summary)
            .with_report(report)
            .with_details(details);
        output::outcome(&outcome, json);
        Ok(())
    }

    async fn check(&self, store: &ObjectStore, wanted: &Wanted, json: bool) -> Result<(), Failure> {
        let problems = buckets::check(store, wanted).await?;
        if json {
            output::document(&json!({
                "outcome": if problems.is_empty() { "done" } else { "failed" },
                "problems": problems.iter().map(|problem| json!({
                    "bucket": problem.bucket.as_str(),
                    "what": problem.what,
                    "to_do": problem.to_do,
                })).collect::<Vec<_>>(),
            }));
        } else {
            for problem in &problems {
                output::line(problem);
                if let Some(to_do) = problem.to_do {
                    output::line(format_args!("  try: {to_do}"));
                }
            }
        }
        match problems.len() {
            0 if json => Ok(()),
            0 => {
                output::line("both buckets are right");
                Ok(())
            }
            1 => Err(Failure::Check {
                finding: "one thing is wrong with the buckets".to_owned(),
            }),
            many => Err(Failure::Check {
                finding: format!("{many} things are wrong with the buckets"),
            }),
        }
    }
}
