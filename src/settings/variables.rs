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
    /// Never shown, not even in a complaint about it.
    Secret,
    BucketName,
    /// Of requests to S3.
    SignatureVersion,
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
