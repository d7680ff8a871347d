//! Settings of the prompt pipeline: the S3 server, the two buckets, the trusted miner. Each group
//! is complete, or not set at all, or refused with the name of what is missing.

use super::bucket_name::BucketName;
use super::environment::{Environment, SettingsError};
use super::secret::Secret;

/// How requests to buckets are presigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureVersion {
    V2,
    V4,
}

/// A server that speaks S3, and the key pair for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageAccess {
    pub access_key_id: String,
    pub secret_access_key: Secret,
    /// `None`: Amazon's own.
    pub endpoint: Option<String>,
    pub region: String,
    pub signature_version: SignatureVersion,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptBuckets {
    pub prompts: BucketName,
    pub answers: BucketName,
}

/// The miner whose answers count as right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedMiner {
    pub hotkey: String,
    pub address: String,
    pub port: u16,
}

const KEYS: [&str; 2] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
const BUCKETS: [&str; 2] = ["S3_BUCKET_NAME_PROMPTS", "S3_BUCKET_NAME_ANSWERS"];
const TRUSTED: [&str; 3] = [
    "TRUSTED_MINER_KEY",
    "TRUSTED_MINER_ADDRESS",
    "TRUSTED_MINER_PORT",
];

impl Environment {
    /// `None` if there is no key pair.
    ///
    /// # Errors
    /// Only one half of the key pair is set.
    pub fn storage_access(&self) -> Result<Option<StorageAccess>, SettingsError> {
        if !self.has_any(&KEYS) {
            return Ok(None);
        }
        let [id, secret] = KEYS;
        Ok(Some(StorageAccess {
            access_key_id: self.required(id)?.trim().to_owned(),
            secret_access_key: Secret::new(self.required(secret)?.trim()),
            endpoint: self.text("AWS_ENDPOINT_URL").map(str::to_owned),
            region: self.storage_region().to_owned(),
            signature_version: self
                .text("AWS_SIGNATURE_VERSION")
                .and_then(parse_signature_version)
                .unwrap_or(SignatureVersion::V4),
        }))
    }

    /// The same, for those who cannot do without it.
    ///
    /// # Errors
    /// A half of the key pair is missing, or both.
    pub fn storage_required(&self) -> Result<StorageAccess, SettingsError> {
        let [id, secret] = KEYS;
        self.required(id)?;
        self.required(secret)?;
        let access = self.storage_access()?;
        Ok(access.expect("both halves are there"))
    }

    /// The two buckets of the prompt pipeline; `None` if neither they nor a key pair are set.
    ///
    /// # Errors
    /// Some of both names and the key pair are set, and one is not.
    pub fn prompt_buckets(&self) -> Result<Option<PromptBuckets>, SettingsError> {
        if !self.has_any(&BUCKETS) && !self.has_any(&KEYS) {
            return Ok(None);
        }
        KEYS.iter()
            .try_for_each(|name| self.required(name).map(drop))?;
        let [prompts, answers] = BUCKETS;
        let bucket = |name| {
            let text = self.required(name)?.trim();
            Ok(text.parse().expect("checked when the settings were read"))
        };
        Ok(Some(PromptBuckets {
            prompts: bucket(prompts)?,
            answers: bucket(answers)?,
        }))
    }

    /// `None` if nothing of it is set.
    ///
    /// # Errors
    /// Only a part of it is set.
    pub fn trusted_miner(&self) -> Result<Option<TrustedMiner>, SettingsError> {
        if !self.has_any(&TRUSTED) {
            return Ok(None);
        }
        let [hotkey, address, port] = TRUSTED;
        self.required(port)?;
        Ok(Some(TrustedMiner {
            hotkey: self.required(hotkey)?.to_owned(),
            address: self.required(address)?.to_owned(),
            port: self
                .parsed(port)
                .expect("checked when the settings were read"),
        }))
    }

    /// Names the image that generates prompts.
    pub fn prompt_generation_model(&self) -> &str {
        self.text("PROMPT_GENERATION_MODEL")
            .expect("it has a default")
    }

    fn storage_region(&self) -> &str {
        let region = self.text("AWS_DEFAULT_REGION");
        let region = region.or_else(|| self.text("AWS_REGION"));
        region.unwrap_or("us-east-1").trim()
    }

    pub(super) fn has_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.text(name).is_some())
    }
}

/// In the words of botocore, which operators have in their files, and as plain numbers.
pub(super) fn parse_signature_version(text: &str) -> Option<SignatureVersion> {
    match text.trim() {
        "s3v4" | "v4" | "4" => Some(SignatureVersion::V4),
        "s3" | "s3v2" | "v2" | "2" => Some(SignatureVersion::V2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPLETE: [(&str, &str); 7] = [
        ("AWS_ACCESS_KEY_ID", "AKIA"),
        ("AWS_SECRET_ACCESS_KEY", "hush"),
        ("S3_BUCKET_NAME_PROMPTS", "prompts"),
        ("S3_BUCKET_NAME_ANSWERS", "answers"),
        ("TRUSTED_MINER_KEY", "5F"),
        ("TRUSTED_MINER_ADDRESS", "10.0.0.1"),
        ("TRUSTED_MINER_PORT", "8000"),
    ];

    fn environment(pairs: &[(&'static str, &str)]) -> Environment {
        let pairs = pairs
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        Environment::from_pairs(pairs).expect("well-formed")
    }

    #[test]
    fn a_group_of_which_a_part_is_missing_is_refused_by_the_name_of_that_part() {
        let nothing = environment(&[]);
        assert_eq!(nothing.storage_access(), Ok(None));
        assert_eq!(nothing.prompt_buckets(), Ok(None));
        assert_eq!(nothing.trusted_miner(), Ok(None));
        for missing in COMPLETE.map(|(name, _)| name) {
            let rest: Vec<_> = COMPLETE
                .into_iter()
                .filter(|(name, _)| *name != missing)
                .collect();
            let environment = environment(&rest);
            let findings = [
                environment.storage_access().err(),
                environment.prompt_buckets().err(),
                environment.trusted_miner().err(),
            ];
            let found = findings.into_iter().flatten().next().expect("a finding");
            assert!(found.to_string().contains(missing), "{found}");
        }
    }

    #[test]
    fn a_secret_is_not_in_what_is_shown_printed_or_complained_about() {
        let environment = environment(&COMPLETE);
        let access = environment.storage_access().expect("complete");
        let access = access.expect("it is set");
        assert_eq!(access.secret_access_key.reveal(), "hush");
        let malformed = Environment::from_pairs([("AWS_SECRET_ACCESS_KEY", "hu sh".to_owned())]);
        let malformed = malformed.expect_err("a space");
        for text in [
            format!("{access:?} {}", access.secret_access_key),
            environment.shown("AWS_SECRET_ACCESS_KEY"),
            format!("{environment:?}"),
            format!("{malformed} {malformed:?}"),
        ] {
            assert!(!text.contains("hu"), "{text}");
        }
    }

    #[test]
    fn the_region_has_two_names_and_a_default() {
        let region =
            |pairs: &[(&'static str, &str)]| environment(pairs).storage_region().to_owned();
        let [default, other] = ["AWS_DEFAULT_REGION", "AWS_REGION"];
        assert_eq!(region(&[]), "us-east-1");
        assert_eq!(region(&[(other, "eu-west-1")]), "eu-west-1");
        assert_eq!(
            region(&[(default, "eu-north-1"), (other, "eu-west-1")]),
            "eu-north-1"
        );
    }
}
