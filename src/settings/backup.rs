//! Settings of backups: where they are kept, for how long, where else they go and who can read
//! them there. Each target is complete, or not set at all, or refused with the name of what is
//! missing.

use std::path::PathBuf;

use super::bucket_name::BucketName;
use super::environment::{Environment, SettingsError};
use super::secret::Secret;
use super::storage::{SignatureVersion, StorageAccess};

/// Which local backups are kept: those that any of the rules keeps. No rule: all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// This many newest ones, at least 1.
    pub last: Option<u32>,
    /// The newest one of each of so many days, weeks, months.
    pub daily: Option<u32>,
    pub weekly: Option<u32>,
    pub monthly: Option<u32>,
}

/// An application key of Backblaze B2 and the bucket it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct B2Access {
    pub bucket: BucketName,
    pub key_id: String,
    pub key_secret: Secret,
    /// Where the key is told its server.
    pub api: String,
}

/// Mail that goes out, and to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailAccess {
    pub host: String,
    pub port: u16,
    pub encryption: MailEncryption,
    /// User and password.
    pub login: Option<(String, Secret)>,
    pub from: String,
    /// At least one.
    pub to: Vec<String>,
    /// Of an attachment, in bytes.
    pub most_attached: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailEncryption {
    None,
    /// Required: nothing is said without it.
    StartTls,
    /// From the first byte on.
    Tls,
}

/// The port on which a mail server speaks TLS from the first byte on.
const PORT_OF_TLS: u16 = 465;
const B2: [&str; 2] = ["BACKUP_B2_KEY_ID", "BACKUP_B2_KEY_SECRET"];
const B2_BUCKET: [&str; 2] = ["BACKUP_B2_BUCKET_NAME", "BACKUP_B2_BUCKET"];
const S3_KEYS: [&str; 2] = ["BACKUP_S3_ACCESS_KEY_ID", "BACKUP_S3_SECRET_ACCESS_KEY"];

impl Environment {
    /// The folder of local backups; it need not exist.
    pub fn backup_directory(&self) -> PathBuf {
        match (self.text("BACKUP_DIRECTORY"), self.state_directory()) {
            (Some(path), _) => self.home_expanded(path),
            (None, Some(state)) => state.join("backups"),
            (None, None) => PathBuf::from(".backups"),
        }
    }

    pub fn retention(&self) -> Retention {
        let count = |rule| self.parsed(&format!("BACKUP_LOCAL_ROTATE_KEEP_{rule}"));
        Retention {
            last: count("LAST"),
            daily: count("DAILY"),
            weekly: count("WEEKLY"),
            monthly: count("MONTHLY"),
        }
    }

    /// Public keys that offsite backups are encrypted for; none: they are not encrypted.
    pub fn age_recipients(&self) -> Vec<age::x25519::Recipient> {
        self.text("BACKUP_AGE_RECIPIENTS")
            .and_then(parse_recipients)
            .unwrap_or_default()
    }

    /// `None` if nothing of it is set.
    ///
    /// # Errors
    /// Only a part of it is set, or the bucket's name is none.
    pub fn b2_access(&self) -> Result<Option<B2Access>, SettingsError> {
        if !self.has_any(&B2) && !self.has_any(&B2_BUCKET) {
            return Ok(None);
        }
        let [newer, older] = B2_BUCKET;
        let name = match (self.text(newer), self.text(older)) {
            (None, Some(_)) => older,
            _ => newer,
        };
        let [id, secret] = B2;
        Ok(Some(B2Access {
            bucket: self.bucket(name)?,
            key_id: self.required(id)?.trim().to_owned(),
            key_secret: Secret::new(self.required(secret)?.trim()),
            api: self.required("BACKUP_B2_API_URL")?.trim().to_owned(),
        }))
    }

    /// Any bucket that speaks S3, and the way to it; `None` if nothing of it is set. Without a key
    /// pair of its own, key pair, server and region are those of the other buckets.
    ///
    /// # Errors
    /// Only a part of it is set.
    pub fn s3_backup(&self) -> Result<Option<(StorageAccess, BucketName)>, SettingsError> {
        const BUCKET: &str = "BACKUP_S3_BUCKET_NAME";
        if !self.has_any(&S3_KEYS) && !self.has_any(&[BUCKET]) {
            return Ok(None);
        }
        let bucket = self.bucket(BUCKET)?;
        if !self.has_any(&S3_KEYS) && self.storage_access()?.is_some() {
            return Ok(Some((self.storage_required()?, bucket)));
        }
        let [id, secret] = S3_KEYS;
        let access = StorageAccess {
            access_key_id: self.required(id)?.trim().to_owned(),
            secret_access_key: Secret::new(self.required(secret)?.trim()),
            endpoint: self.text("BACKUP_S3_ENDPOINT_URL").map(str::to_owned),
            region: self.required("BACKUP_S3_REGION")?.trim().to_owned(),
            signature_version: SignatureVersion::V4,
        };
        Ok(Some((access, bucket)))
    }

    /// `None` if neither a server nor an address is set.
    ///
    /// # Errors
    /// Only one of them is set, or a login without its password.
    pub fn mail_access(&self) -> Result<Option<MailAccess>, SettingsError> {
        const HOST: &str = "EMAIL_HOST";
        const TARGET: &str = "EMAIL_TARGET";
        if !self.has_any(&[HOST, TARGET]) {
            return Ok(None);
        }
        let host = self.required(HOST)?.trim().to_owned();
        let to: Vec<String> = addresses(self.required(TARGET)?)
            .map(str::to_owned)
            .collect();
        let user = self.text("EMAIL_HOST_USER").map(str::to_owned);
        let login = match user.clone() {
            None => None,
            Some(user) => Some((user, Secret::new(self.required("EMAIL_HOST_PASSWORD")?))),
        };
        let port = self.parsed("EMAIL_PORT").expect("it has a default");
        let mib: u64 = self
            .parsed("EMAIL_ATTACHMENT_LIMIT_MIB")
            .expect("it has a default");
        let from = self.text("DEFAULT_FROM_EMAIL").map(str::to_owned);
        let from = from.or_else(|| user.filter(|user| user.contains('@')));
        Ok(Some(MailAccess {
            host,
            port,
            encryption: match (port, self.switch("EMAIL_USE_TLS")) {
                (PORT_OF_TLS, true) => MailEncryption::Tls,
                (_, true) => MailEncryption::StartTls,
                (_, false) => MailEncryption::None,
            },
            login,
            from: from.unwrap_or_else(|| to[0].clone()),
            to,
            most_attached: mib * 1024 * 1024,
        }))
    }

    /// The bucket of a setting that was not checked when it was read.
    fn bucket(&self, name: &'static str) -> Result<BucketName, SettingsError> {
        let text = self.required(name)?.trim();
        text.parse().map_err(|_| SettingsError::Malformed {
            name,
            found: text.to_owned(),
            from: self.lookup(name).1,
            wanted: "3 to 63 of a-z, 0-9, - and .",
            example: "mybackups",
        })
    }
}

/// Public keys of age with commas or spaces between; `None` if one of them is none.
pub(super) fn parse_recipients(text: &str) -> Option<Vec<age::x25519::Recipient>> {
    let parts = text.split([',', ' ']).filter(|part| !part.is_empty());
    parts.map(|part| part.parse().ok()).collect()
}

/// Whether these are mail addresses with commas between.
pub(super) fn are_addresses(text: &str) -> bool {
    let is_address = |text: &str| {
        let parts = text.rsplit_once('@');
        parts.is_some_and(|(user, host)| !user.is_empty() && !host.is_empty())
            && !text.chars().any(char::is_control)
    };
    addresses(text).next().is_some() && addresses(text).all(is_address)
}

fn addresses(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split(',').map(str::trim);
    parts.filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&'static str, &str)]) -> Environment {
        let pairs = pairs
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        Environment::from_pairs(pairs).expect("well-formed")
    }

    const COMPLETE: [(&str, &str); 10] = [
        ("BACKUP_B2_BUCKET_NAME", "mybackups"),
        ("BACKUP_B2_KEY_ID", "001"),
        ("BACKUP_B2_KEY_SECRET", "hush"),
        ("BACKUP_S3_BUCKET_NAME", "mybackups"),
        ("BACKUP_S3_ACCESS_KEY_ID", "AKIA"),
        ("BACKUP_S3_SECRET_ACCESS_KEY", "hush"),
        ("EMAIL_HOST", "mail.example.org"),
        ("EMAIL_TARGET", "me@example.org, you@example.org"),
        ("EMAIL_HOST_USER", "validator@example.org"),
        ("EMAIL_HOST_PASSWORD", "hush hush"),
    ];

    #[test]
    fn a_target_of_which_a_part_is_missing_is_refused_by_the_name_of_that_part() {
        let nothing = environment(&[]);
        assert_eq!(nothing.b2_access(), Ok(None));
        assert_eq!(nothing.s3_backup(), Ok(None));
        assert_eq!(nothing.mail_access(), Ok(None));
        for missing in COMPLETE.map(|(name, _)| name) {
            let rest: Vec<_> = COMPLETE
                .into_iter()
                .filter(|(name, _)| *name != missing)
                .collect();
            let environment = environment(&rest);
            let found: Vec<String> = [
                environment.b2_access().err(),
                environment.s3_backup().err(),
                environment.mail_access().err(),
            ]
            .into_iter()
            .flatten()
            .map(|error| error.to_string())
            .collect();
            // a server may want no login
            if missing != "EMAIL_HOST_USER" {
                assert!(found.len() == 1 && found[0].contains(missing), "{found:?}");
            }
        }
    }

    #[test]
    fn without_keys_of_its_own_the_bucket_is_on_the_server_of_the_others() {
        let environment = environment(&[
            ("AWS_ACCESS_KEY_ID", "AKIA"),
            ("AWS_SECRET_ACCESS_KEY", "hush"),
            ("AWS_ENDPOINT_URL", "https://s3.example"),
            ("BACKUP_S3_BUCKET_NAME", "mybackups"),
        ]);
        let (access, bucket) = environment.s3_backup().expect("complete").expect("set");
        assert_eq!(access.endpoint.as_deref(), Some("https://s3.example"));
        assert_eq!(bucket.as_str(), "mybackups");
    }

    #[test]
    fn mail_is_encrypted_unless_that_is_turned_off() {
        let encryption = |pairs: &[(&'static str, &str)]| {
            let mail = [&COMPLETE[6..], pairs].concat();
            let access = environment(&mail).mail_access();
            access.expect("complete").expect("set").encryption
        };
        assert_eq!(encryption(&[]), MailEncryption::StartTls);
        assert_eq!(encryption(&[("EMAIL_PORT", "465")]), MailEncryption::Tls);
        let off = encryption(&[("EMAIL_USE_TLS", "False")]);
        assert_eq!(off, MailEncryption::None);
    }

    #[test]
    fn the_older_name_of_the_bucket_is_read_too() {
        let environment = environment(&[
            ("BACKUP_B2_BUCKET", "older"),
            ("BACKUP_B2_KEY_ID", "001"),
            ("BACKUP_B2_KEY_SECRET", "hush"),
        ]);
        let access = environment.b2_access().expect("complete").expect("set");
        assert_eq!(access.bucket.as_str(), "older");
    }

    #[test]
    fn a_key_that_is_none_is_refused_before_anything_is_done() {
        let key = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kudkqdzsq8d3q0t";
        let set =
            |value: &str| Environment::from_pairs([("BACKUP_AGE_RECIPIENTS", value.to_owned())]);
        assert!(set(&key[..40]).is_err());
        assert!(set("0").is_err());
        let zero = Environment::from_pairs([("BACKUP_LOCAL_ROTATE_KEEP_LAST", "0".to_owned())]);
        assert!(zero.is_err(), "nothing would be kept");
    }
}
