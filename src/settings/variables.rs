//! Every environment variable that is obeyed, in one list.

/// What a value must look like. A malformed value is refused before anything is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Path,
    Switch,
    Whole {
        max: u64,
    },
    /// At least 1.
    Count {
        max: u64,
    },
    Real,
    HashJobSize,
    /// The name of a published set of parameters.
    ConfigEnv,
    /// A network's name or a node's address, in which providers put their keys.
    Node,
    /// The address of a server; user, password and query are not shown.
    Url,
    /// The same; written down but empty, it turns something off.
    UrlOrOff,
    /// The address of an HTTP server, shown likewise.
    HttpUrl,
    /// The address of an HTTP server, in which every part may be secret.
    SecretUrl,
    /// Never shown, not even in a complaint about it.
    Secret,
    /// The same; people choose it, so it may contain spaces and what is not ASCII.
    Password,
    BucketName,
    /// Of requests to S3.
    SignatureVersion,
    /// Public keys of age.
    AgeRecipients,
    /// A person's mail address, or several with commas between.
    MailAddresses,
}

#[derive(Clone, Copy, Debug)]
pub struct Variable {
    pub name: &'static str,
    pub kind: Kind,
    /// `None`: there is no default; the passes that need it say so.
    pub default: Option<&'static str>,
    pub example: &'static str,
    pub meaning: &'static str,
}

const fn variable(
    name: &'static str,
    kind: Kind,
    default: Option<&'static str>,
    example: &'static str,
    meaning: &'static str,
) -> Variable {
    Variable {
        name,
        kind,
        default,
        example,
        meaning,
    }
}

const PORT: Kind = Kind::Whole { max: 65_535 };
/// Of backups that are kept.
const COUNT: Kind = Kind::Count { max: 10_000 };

pub static VARIABLES: &[Variable] = &[
    variable(
        "HORDE_DB",
        Kind::Path,
        None,
        "/var/lib/horde/horde.db",
        "the SQLite file; else horde.db in $STATE_DIRECTORY, else in ~/.local/share/horde",
    ),
    variable(
        "BITTENSOR_NETUID",
        PORT,
        None,
        "12",
        "the subnet: 12 on mainnet, 174 on testnet",
    ),
    variable(
        "BITTENSOR_NETWORK",
        Kind::Node,
        None,
        "finney",
        "finney, test, archive, local, or host:port, ws:// or wss:// of a node",
    ),
    variable(
        "BITTENSOR_WALLET_DIRECTORY",
        Kind::Path,
        Some("~/.bittensor/wallets"),
        "/var/lib/horde/wallets",
        "where the wallets lie",
    ),
    variable(
        "BITTENSOR_WALLET_NAME",
        Kind::Text,
        None,
        "mywallet",
        "the wallet's folder",
    ),
    variable(
        "BITTENSOR_WALLET_HOTKEY_NAME",
        Kind::Text,
        None,
        "default",
        "the hotkey's file",
    ),
    variable(
        "BITTENSOR_WALLET_PASSWORD_FILE",
        Kind::Path,
        None,
        "/run/credentials/horde/password",
        "file with the password of an encrypted hotkey file",
    ),
    variable(
        "FACILITATOR_URI",
        Kind::Url,
        Some("wss://facilitator.computehorde.io/ws/v0/"),
        "wss://facilitator.computehorde.io/ws/v0/",
        "where users' jobs come from",
    ),
    variable(
        "STATS_COLLECTOR_URL",
        Kind::UrlOrOff,
        Some("https://facilitator.computehorde.io/stats_collector/v0/"),
        "https://facilitator.computehorde.io/stats_collector/v0/",
        "where system events are sent; empty: nowhere",
    ),
    variable(
        "DYNAMIC_CONFIG_ENV",
        Kind::ConfigEnv,
        Some("prod"),
        "prod",
        "which published parameters: prod, staging, testing",
    ),
    variable(
        "DYNAMIC_CONFIG_URL",
        Kind::Url,
        None,
        "https://example.org/validator-config-prod.json",
        "the published parameters themselves, instead of the subnet owner's",
    ),
    variable(
        "VALIDATOR_VERSION",
        Kind::Text,
        None,
        "0.1.0",
        "version told to the facilitator; else that of this program",
    ),
    variable(
        "VALIDATOR_RUNNER_VERSION",
        Kind::Text,
        None,
        "0.1.0",
        "version of what runs it, told likewise",
    ),
    variable(
        "HORDE_SEND_MACHINE_SPECS",
        Kind::Switch,
        Some("0"),
        "1",
        "tell the facilitator the hardware of executors that passed a batch",
    ),
    variable(
        "MIGRATING",
        Kind::Switch,
        Some("0"),
        "1",
        "1: start without serving",
    ),
    variable(
        "SYNTHETIC_JOBS_RUN_OFFSET",
        Kind::Whole { max: 10_000 },
        Some("24"),
        "24",
        "blocks between the start of a cycle and its first batch",
    ),
    variable(
        "HORDE_SCORE_AVG_PARAM",
        Kind::Real,
        Some("0"),
        "0",
        "alpha of the horde score: weight of the mean job score",
    ),
    variable(
        "HORDE_SCORE_SIZE_PARAM",
        Kind::Real,
        Some("0"),
        "0",
        "beta of the horde score: steepness in the size of the horde",
    ),
    variable(
        "HORDE_SCORE_CENTRAL_SIZE_PARAM",
        Kind::Real,
        Some("1"),
        "1",
        "size of a horde at the middle of the curve (delta = 1 / this)",
    ),
    variable(
        "PROMPT_GENERATION_MODEL",
        Kind::Text,
        Some("phi3"),
        "phi3",
        "which model the trusted miner generates prompts with",
    ),
    variable(
        "TRUSTED_MINER_KEY",
        Kind::Text,
        None,
        "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY",
        "hotkey of the miner that generates prompts and answers",
    ),
    variable(
        "TRUSTED_MINER_ADDRESS",
        Kind::Text,
        None,
        "203.0.113.7",
        "its address",
    ),
    variable("TRUSTED_MINER_PORT", PORT, None, "8000", "its port"),
    variable(
        "AWS_ACCESS_KEY_ID",
        Kind::Text,
        None,
        "AKIAIOSFODNN7EXAMPLE",
        "key pair for the buckets: its name",
    ),
    variable(
        "AWS_SECRET_ACCESS_KEY",
        Kind::Secret,
        None,
        "...",
        "its secret half",
    ),
    variable(
        "AWS_ENDPOINT_URL",
        Kind::HttpUrl,
        None,
        "https://s3.eu-central-1.amazonaws.com",
        "the S3 server; else Amazon's, with public addresses at https://s3.amazonaws.com",
    ),
    variable(
        "AWS_DEFAULT_REGION",
        Kind::Text,
        None,
        "eu-central-1",
        "region of the buckets; else AWS_REGION, else us-east-1",
    ),
    variable(
        "AWS_REGION",
        Kind::Text,
        None,
        "eu-central-1",
        "the same, where AWS_DEFAULT_REGION is not set",
    ),
    variable(
        "AWS_SIGNATURE_VERSION",
        Kind::SignatureVersion,
        None,
        "s3v4",
        "how uploads are signed: s3v4, or s3 for servers that know only version 2",
    ),
    variable(
        "S3_BUCKET_NAME_PROMPTS",
        Kind::BucketName,
        None,
        "myprompts",
        "bucket of generated prompts",
    ),
    variable(
        "S3_BUCKET_NAME_ANSWERS",
        Kind::BucketName,
        None,
        "myanswers",
        "bucket of sampled prompts and of answers",
    ),
    variable(
        "BACKUP_DIRECTORY",
        Kind::Path,
        None,
        "/var/lib/horde/backups",
        "where backups are kept; else backups in $STATE_DIRECTORY, else .backups where you are",
    ),
    variable(
        "BACKUP_LOCAL_ROTATE_KEEP_LAST",
        COUNT,
        None,
        "14",
        "keep this many newest backups; all, if this and the three below are unset",
    ),
    variable(
        "BACKUP_LOCAL_ROTATE_KEEP_DAILY",
        COUNT,
        None,
        "14",
        "keep also the newest of each of so many days",
    ),
    variable(
        "BACKUP_LOCAL_ROTATE_KEEP_WEEKLY",
        COUNT,
        None,
        "8",
        "keep also the newest of each of so many weeks",
    ),
    variable(
        "BACKUP_LOCAL_ROTATE_KEEP_MONTHLY",
        COUNT,
        None,
        "12",
        "keep also the newest of each of so many months",
    ),
    variable(
        "BACKUP_AGE_RECIPIENTS",
        Kind::AgeRecipients,
        None,
        "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kudkqdzsq8d3q0t",
        "public keys that what leaves this machine is encrypted for, with commas between",
    ),
    variable(
        "BACKUP_B2_BUCKET_NAME",
        Kind::Text,
        None,
        "mybackups",
        "Backblaze B2: the bucket",
    ),
    variable(
        "BACKUP_B2_BUCKET",
        Kind::Text,
        None,
        "mybackups",
        "the same, where BACKUP_B2_BUCKET_NAME is not set",
    ),
    variable(
        "BACKUP_B2_KEY_ID",
        Kind::Text,
        None,
        "0012a3b4c5d6e7f0000000001",
        "its application key: the name",
    ),
    variable(
        "BACKUP_B2_KEY_SECRET",
        Kind::Secret,
        None,
        "...",
        "its application key: the secret half",
    ),
    variable(
        "BACKUP_B2_API_URL",
        Kind::HttpUrl,
        Some("https://api.backblazeb2.com"),
        "https://api.backblazeb2.com",
        "where a key of B2 is told its server",
    ),
    variable(
        "BACKUP_S3_BUCKET_NAME",
        Kind::BucketName,
        None,
        "mybackups",
        "any S3 server: the bucket of backups",
    ),
    variable(
        "BACKUP_S3_ACCESS_KEY_ID",
        Kind::Text,
        None,
        "AKIAIOSFODNN7EXAMPLE",
        "its key pair; if unset, key pair, server and region are those of AWS_*",
    ),
    variable(
        "BACKUP_S3_SECRET_ACCESS_KEY",
        Kind::Secret,
        None,
        "...",
        "the secret half of that",
    ),
    variable(
        "BACKUP_S3_ENDPOINT_URL",
        Kind::HttpUrl,
        None,
        "https://s3.eu-central-1.amazonaws.com",
        "its server; else Amazon's",
    ),
    variable(
        "BACKUP_S3_REGION",
        Kind::Text,
        Some("us-east-1"),
        "eu-central-1",
        "its region",
    ),
    variable(
        "EMAIL_HOST",
        Kind::Text,
        None,
        "smtp.example.org",
        "server that mail is handed to",
    ),
    variable(
        "EMAIL_PORT",
        PORT,
        Some("587"),
        "587",
        "its port; 465 speaks TLS from the first byte on",
    ),
    variable(
        "EMAIL_USE_TLS",
        Kind::Switch,
        Some("1"),
        "1",
        "1: nothing is said before STARTTLS; 0: nothing is encrypted",
    ),
    variable(
        "EMAIL_HOST_USER",
        Kind::Text,
        None,
        "validator@example.org",
        "login there, if it wants one",
    ),
    variable(
        "EMAIL_HOST_PASSWORD",
        Kind::Password,
        None,
        "...",
        "password of that login",
    ),
    variable(
        "EMAIL_TARGET",
        Kind::MailAddresses,
        None,
        "me@example.org",
        "who gets backups by mail; several with commas between",
    ),
    variable(
        "DEFAULT_FROM_EMAIL",
        Kind::MailAddresses,
        None,
        "validator@example.org",
        "sender of mail; else EMAIL_HOST_USER, else EMAIL_TARGET",
    ),
    variable(
        "EMAIL_ATTACHMENT_LIMIT_MIB",
        Kind::Whole { max: 200 },
        Some("20"),
        "20",
        "a larger backup is not attached; the mail says where it is",
    ),
    variable(
        "HORDE_HEALTHCHECK_URL",
        Kind::SecretUrl,
        None,
        "https://hc-ping.com/your-uuid",
        "called after each pass, with /fail after one that failed: a dead man's switch",
    ),
    variable(
        "HORDE_MONITORING_CERTS",
        Kind::Path,
        Some("/etc/horde/monitoring"),
        "/etc/horde/monitoring",
        "where cert.crt, cert.key and ca.crt are; with them `horde metrics` serves over TLS only",
    ),
    variable(
        "SENTRY_DSN",
        Kind::SecretUrl,
        None,
        "https://key@sentry.example/1",
        "failures are told to this Sentry",
    ),
    variable(
        "ENV",
        Kind::Text,
        Some("prod"),
        "staging",
        "name of the environment in what is told to Sentry",
    ),
    variable(
        "DEBUG_MINER_KEY",
        Kind::Text,
        None,
        "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY",
        "test this miner instead of those of the metagraph",
    ),
    variable(
        "DEBUG_MINER_ADDRESS",
        Kind::Text,
        None,
        "127.0.0.1",
        "its address",
    ),
    variable(
        "DEBUG_MINER_PORT",
        PORT,
        Some("0"),
        "8000",
        "its port; further miners count up",
    ),
    variable(
        "DEBUG_MINER_COUNT",
        Kind::Whole { max: 4096 },
        Some("1"),
        "4",
        "how many such miners; from the second on with made-up hotkeys",
    ),
    variable(
        "DEBUG_DONT_STAGGER_VALIDATORS",
        Kind::Switch,
        Some("0"),
        "1",
        "run a batch at once, without waiting for its block",
    ),
    variable(
        "DEBUG_OVERRIDE_WEIGHTS_VERSION",
        Kind::Whole { max: 4 },
        None,
        "4",
        "instead of DYNAMIC_WEIGHTS_VERSION",
    ),
    variable(
        "DEBUG_HASH_JOB",
        Kind::HashJobSize,
        None,
        "2,0,3",
        "letters,digits,hashes of each part of a hash job; refused on the main network",
    ),
    variable(
        "DEBUG_BATCH_TIME_SCALE",
        Kind::Real,
        None,
        "0.05",
        "factor on the time limits of a batch; refused on the main network",
    ),
];

/// The table's entry for a name that stands in it.
pub(super) fn variable_named(name: &str) -> Option<&'static Variable> {
    VARIABLES.iter().find(|variable| variable.name == name)
}
