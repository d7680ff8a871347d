//! Where a value comes from: the real environment, else the `.env` file, else the default.
//! Values are checked against the table before anything is done; unknown names are ignored.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use url::Url;

use super::backup::{are_addresses, parse_recipients};
use super::bucket_name::BucketName;
use super::env_file;
use super::secret::MASK;
use super::storage::parse_signature_version;
use super::variables::{Kind, VARIABLES, Variable, variable_named};
use crate::line::one_line;

#[derive(Clone, Debug, thiserror::Error, PartialEq)]
pub enum SettingsError {
    #[error("setting {name} is missing ({meaning}), for example {name}={example}")]
    Missing {
        name: &'static str,
        meaning: &'static str,
        example: &'static str,
    },
    #[error(
        "setting {name} from {from} is `{found}`, which is not {wanted}; for example {name}={example}"
    )]
    Malformed {
        name: &'static str,
        found: String,
        from: Source,
        wanted: &'static str,
        example: &'static str,
    },
    #[error("the settings file `{}` cannot be read: {finding}", path.display())]
    File { path: PathBuf, finding: String },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Environment,
    File(PathBuf),
    Default,
    Unset,
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Environment => f.write_str("the environment"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Default => f.write_str("the default"),
            Self::Unset => f.write_str("nowhere"),
        }
    }
}

/// Files that are looked for when none is named, in this order; the first one found is read.
const USUAL_FILES: [&str; 2] = [".env", "/etc/horde/horde.env"];

/// Of a malformed value, in characters.
const LONGEST_SHOWN: usize = 200;

/// A shorter value is no secret worth the name.
const LEAST_SECRET: usize = 4;

/// The settings of this process. Never changes after it was read.
#[derive(Clone, Default)]
pub struct Environment {
    values: BTreeMap<String, (String, Source)>,
    flaw: Option<SettingsError>,
}

/// Values of names that are not in the table may be secrets of other programs.
impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = |variable: &Variable| (variable.name, self.shown(variable.name));
        f.debug_map().entries(VARIABLES.iter().map(shown)).finish()
    }
}

impl Environment {
    /// Reads the process's environment and the file, and checks every value in the table.
    ///
    /// # Errors
    /// The named file is missing or unreadable, or a value is malformed.
    pub fn read(file: Option<&Path>) -> Result<Self, SettingsError> {
        Self::salvaged(file).faultless()
    }

    /// As [`Self::read`], without what is unreadable or malformed: for whoever has to tell of that.
    pub fn salvaged(file: Option<&Path>) -> Self {
        let process = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        let usual = || {
            USUAL_FILES
                .iter()
                .map(PathBuf::from)
                .find(|path| path.is_file())
        };
        let file = file.map(Path::to_owned).or_else(usual);
        Self::from_parts(process, file.as_deref())
    }

    /// Settings that stand in for an environment: for devnet and tests.
    pub fn from_pairs<'a>(
        pairs: impl IntoIterator<Item = (&'a str, String)>,
    ) -> Result<Self, SettingsError> {
        let pairs = pairs.into_iter();
        Self::from_parts(pairs.map(|(name, value)| (name.to_owned(), value)), None).faultless()
    }

    fn from_parts(process: impl Iterator<Item = (String, String)>, file: Option<&Path>) -> Self {
        let mut environment = Self::default();
        if let Some(path) = file {
            environment.add_file(path);
        }
        for (name, value) in process {
            let value = (value, Source::Environment);
            environment.values.insert(name, value);
        }
        for variable in VARIABLES {
            if let Err(error) = environment.check(variable) {
                environment.values.remove(variable.name);
                environment.flaw.get_or_insert(error);
            }
        }
        environment
    }

    fn add_file(&mut self, path: &Path) {
        let mut unreadable = |finding: String| {
            self.flaw = Some(SettingsError::File {
                path: path.to_owned(),
                finding,
            });
        };
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => return unreadable(error.to_string()),
        };
        let (pairs, malformed) = env_file::parse(&text, |name| variable_named(name).is_some());
        if let Some(malformed) = malformed {
            unreadable(malformed.to_string());
        }
        for (name, value) in pairs {
            let value = (value, Source::File(path.to_owned()));
            self.values.insert(name, value);
        }
    }

    fn faultless(self) -> Result<Self, SettingsError> {
        match self.flaw {
            Some(flaw) => Err(flaw),
            None => Ok(self),
        }
    }

    /// The first thing that was wrong, of settings that were salvaged.
    pub fn flaw(&self) -> Option<&SettingsError> {
        self.flaw.as_ref()
    }

    /// The value and where it comes from; an empty value counts as none, unless it means off.
    pub fn lookup(&self, name: &str) -> (Option<&str>, Source) {
        let variable = variable_named(name);
        let may_be_empty = variable.is_some_and(|variable| variable.kind == Kind::UrlOrOff);
        if let Some((value, source)) = self.values.get(name)
            && (may_be_empty || !value.is_empty())
        {
            return (Some(value), source.clone());
        }
        match variable.and_then(|variable| variable.default) {
            Some(default) => (Some(default), Source::Default),
            None => (None, Source::Unset),
        }
    }

    /// The value as it may be shown; empty if there is none.
    pub fn shown(&self, name: &str) -> String {
        let value = self.lookup(name).0.unwrap_or_default();
        match variable_named(name).map(|variable| variable.kind) {
            Some(Kind::Node) => without_keys(value),
            Some(Kind::Url | Kind::UrlOrOff | Kind::HttpUrl) => without_credentials(value),
            Some(Kind::Secret | Kind::SecretUrl | Kind::Password) if !value.is_empty() => {
                MASK.to_owned()
            }
            _ => value.to_owned(),
        }
    }

    /// Every value that is not shown, or not shown in full, so that it can be kept out of texts.
    /// Too short ones would mask half of every text.
    pub fn secrets(&self) -> Vec<String> {
        let hidden = VARIABLES.iter().filter_map(|variable| {
            let value = self.lookup(variable.name).0?;
            let is_hidden = value.len() >= LEAST_SECRET && self.shown(variable.name) != value;
            is_hidden.then(|| value.to_owned())
        });
        hidden.collect()
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.lookup(name).0
    }

    pub(super) fn required(&self, name: &'static str) -> Result<&str, SettingsError> {
        let variable = variable_named(name).expect("only names of the table are asked for");
        self.text(name).ok_or(SettingsError::Missing {
            name,
            meaning: variable.meaning,
            example: variable.example,
        })
    }

    /// A value that `check` has found well-formed.
    pub(super) fn parsed<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.text(name).and_then(|value| value.trim().parse().ok())
    }

    pub(super) fn switch(&self, name: &str) -> bool {
        self.text(name).and_then(parse_switch).unwrap_or(false)
    }

    fn check(&self, variable: &'static Variable) -> Result<(), SettingsError> {
        let (Some(value), from) = self.lookup(variable.name) else {
            return Ok(());
        };
        let found = || match variable.kind {
            Kind::Url
            | Kind::UrlOrOff
            | Kind::HttpUrl
            | Kind::Secret
            | Kind::SecretUrl
            | Kind::Password => self.shown(variable.name),
            _ => value.to_owned(),
        };
        match finding(variable.kind, value.trim()) {
            None => Ok(()),
            Some(wanted) => Err(SettingsError::Malformed {
                name: variable.name,
                found: one_line(&found(), LONGEST_SHOWN),
                from,
                wanted,
                example: variable.example,
            }),
        }
    }
}

/// What the value should have been, if it is not that.
fn finding(kind: Kind, value: &str) -> Option<&'static str> {
    let (is_good, wanted) = match kind {
        Kind::Text | Kind::Path | Kind::Node => (true, "text"),
        Kind::Switch => (
            parse_switch(value).is_some(),
            "1/0, true/false, yes/no or on/off",
        ),
        Kind::Whole { max } => (
            value.parse::<u64>().is_ok_and(|number| number <= max),
            "a whole number in range",
        ),
        Kind::Count { max } => (
            value
                .parse::<u64>()
                .is_ok_and(|number| (1..=max).contains(&number)),
            "a whole number from 1 on",
        ),
        Kind::Real => (value.parse::<f64>().is_ok_and(f64::is_finite), "a number"),
        Kind::HashJobSize => (
            parse_hash_job_size(value).is_some(),
            "letters,digits,hashes",
        ),
        Kind::ConfigEnv => (
            ["prod", "staging", "testing"].contains(&value),
            "prod, staging or testing",
        ),
        Kind::Url => (is_url(value), "the address of a server"),
        Kind::UrlOrOff => (value.is_empty() || is_url(value), "an address or empty"),
        Kind::HttpUrl | Kind::SecretUrl => (
            is_url(value) && value.starts_with("http"),
            "an address that begins with https:// or http://",
        ),
        Kind::Secret => (
            value.chars().all(|c| c.is_ascii_graphic()),
            "printable characters without spaces",
        ),
        Kind::Password => (!value.chars().any(char::is_control), "printable characters"),
        Kind::AgeRecipients => (
            parse_recipients(value).is_some_and(|keys| !keys.is_empty()),
            "one or more public keys of age",
        ),
        Kind::MailAddresses => (are_addresses(value), "a mail address"),
        Kind::BucketName => (
            value.parse::<BucketName>().is_ok(),
            "3 to 63 of a-z, 0-9, - and .",
        ),
        Kind::SignatureVersion => (parse_signature_version(value).is_some(), "s3v4, s3v2 or s3"),
    };
    (!is_good).then_some(wanted)
}

/// Any of the words that turn something on or off.
pub(crate) fn parse_switch(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Some(true),
        "0" | "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// `letters,digits,hashes`, small enough to be cracked by a CPU.
pub(super) fn parse_hash_job_size(text: &str) -> Option<[usize; 3]> {
    let numbers: Vec<usize> = text
        .split(',')
        .map(|part| part.trim().parse().ok())
        .collect::<Option<_>>()?;
    let size: [usize; 3] = numbers.try_into().ok()?;
    let [letters, digits, hashes] = size;
    let is_sound = (1..=6).contains(&(letters + digits)) && (1..=100).contains(&hashes);
    is_sound.then_some(size)
}

/// Providers put keys into user, password, path and query of an address.
fn without_keys(network: &str) -> String {
    if !network.contains(['/', '@', '?', '#']) {
        return network.to_owned();
    }
    let url = match network.contains("://") {
        true => Url::parse(network),
        false => Url::parse(&format!("ws://{network}")),
    };
    let shown = url.ok().and_then(|url| {
        let port = url
            .port()
            .map_or_else(String::new, |port| format!(":{port}"));
        Some(format!("{}://{}{port}", url.scheme(), url.host_str()?))
    });
    shown.unwrap_or_else(|| "an address that cannot be read".to_owned())
}

/// Any server has a host; which schemes make sense is for its client to say.
fn is_url(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| url.has_host())
}

/// The address without user, password and query, which may be secret.
fn without_credentials(address: &str) -> String {
    if address.is_empty() {
        return String::new();
    }
    let shown = Url::parse(address).ok().and_then(|mut url| {
        url.set_username("").ok()?;
        url.set_password(None).ok()?;
        url.set_query(None);
        url.set_fragment(None);
        Some(url.to_string())
    });
    shown.unwrap_or_else(|| "an address that cannot be read".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_address_keeps_its_path_and_loses_its_credentials() {
        for (given, shown) in [
            ("", ""),
            (
                "wss://facilitator.example/ws/v0/",
                "wss://facilitator.example/ws/v0/",
            ),
            (
                "https://me:secret@x.example/a?key=secret#s",
                "https://x.example/a",
            ),
            ("https://me:secret@", "an address that cannot be read"),
        ] {
            assert_eq!(without_credentials(given), shown, "{given}");
        }
    }

    #[test]
    fn an_empty_value_turns_the_stats_collector_off_and_nothing_else() {
        let names = ["STATS_COLLECTOR_URL", "FACILITATOR_URI"];
        let environment = Environment::from_pairs(names.map(|name| (name, String::new())));
        let environment = environment.expect("well-formed");
        assert_eq!(environment.stats_collector(), None);
        assert_eq!(
            environment.facilitator(),
            "wss://facilitator.computehorde.io/ws/v0/"
        );
    }

    #[test]
    fn an_address_is_shown_without_the_keys_in_it() {
        for (given, shown) in [
            ("finney", "finney"),
            ("10.0.0.7:9944", "10.0.0.7:9944"),
            (
                "wss://me:secret@node.example:444/v1/secret?key=secret",
                "wss://node.example:444",
            ),
            ("me:secret@node.example:9944", "ws://node.example:9944"),
            ("wss://node.example?key=secret@x", "wss://node.example"),
            ("wss://me:sec/ret@node:x", "an address that cannot be read"),
        ] {
            assert_eq!(without_keys(given), shown, "{given}");
        }
    }
}
