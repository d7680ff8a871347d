//! The settings as the passes want them: typed, and complete or refused.

use std::path::PathBuf;

use super::Secret;
use super::environment::{Environment, SettingsError, parse_hash_job_size};

/// Where the hotkey lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalletPlace {
    pub directory: PathBuf,
    pub name: String,
    pub hotkey_name: String,
    pub password_file: Option<PathBuf>,
    /// Where systemd puts the password, if it was given one; may be empty.
    pub credential: Option<PathBuf>,
}

/// Shape of the horde score; see `scoring`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HordeScore {
    pub avg_param: f64,
    pub size_param: f64,
    pub central_size_param: f64,
}

/// Miners that are tested instead of those of the metagraph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DebugMiners {
    pub hotkey: String,
    pub address: String,
    pub port: u16,
    pub count: u16,
}

impl Environment {
    /// The SQLite file, wherever it is; it need not exist.
    pub fn database(&self) -> PathBuf {
        if let Some(path) = self.text("HORDE_DB") {
            return self.home_expanded(path);
        }
        match self.state_directory() {
            Some(folder) => folder.join("horde.db"),
            None => self.home_expanded("~/.local/share/horde/horde.db"),
        }
    }

    /// The folder that systemd gives a unit for its state.
    pub(super) fn state_directory(&self) -> Option<PathBuf> {
        // a list when a unit has several
        let list = self.text("STATE_DIRECTORY")?;
        list.split(':').next().map(PathBuf::from)
    }

    pub fn netuid(&self) -> Result<u16, SettingsError> {
        self.required("BITTENSOR_NETUID")?;
        Ok(self
            .parsed("BITTENSOR_NETUID")
            .expect("checked when the settings were read"))
    }

    /// A network's name or a node's address, as written.
    pub fn network(&self) -> Result<&str, SettingsError> {
        self.required("BITTENSOR_NETWORK")
    }

    pub fn wallet(&self) -> Result<WalletPlace, SettingsError> {
        Ok(WalletPlace {
            directory: self.home_expanded(self.required("BITTENSOR_WALLET_DIRECTORY")?),
            name: self.required("BITTENSOR_WALLET_NAME")?.to_owned(),
            hotkey_name: self.required("BITTENSOR_WALLET_HOTKEY_NAME")?.to_owned(),
            password_file: self
                .text("BITTENSOR_WALLET_PASSWORD_FILE")
                .map(|path| self.home_expanded(path)),
            credential: self
                .text("CREDENTIALS_DIRECTORY")
                .map(|folder| PathBuf::from(folder).join("wallet-password")),
        })
    }

    /// The dead man's switch, which is called after each pass.
    pub fn healthcheck_url(&self) -> Option<Secret> {
        self.text("HORDE_HEALTHCHECK_URL").map(Secret::new)
    }

    /// The folder of the certificates with which metrics are served.
    pub fn monitoring_certificates(&self) -> PathBuf {
        let folder = self.text("HORDE_MONITORING_CERTS");
        PathBuf::from(folder.expect("it has a default"))
    }

    /// Where failures are told, if anywhere.
    pub fn sentry_dsn(&self) -> Option<Secret> {
        self.text("SENTRY_DSN").map(Secret::new)
    }

    /// What this installation is called where failures are told.
    pub fn name(&self) -> &str {
        self.text("ENV").expect("it has a default")
    }

    /// The websocket that users' jobs come from.
    pub fn facilitator(&self) -> &str {
        self.text("FACILITATOR_URI").expect("it has a default")
    }

    /// Version of this validator and of what runs it, as the facilitator is told; `None`: that of
    /// this program.
    pub fn told_versions(&self) -> (Option<&str>, Option<&str>) {
        let [version, runner] = ["VALIDATOR_VERSION", "VALIDATOR_RUNNER_VERSION"];
        (self.text(version), self.text(runner))
    }

    /// Where events are sent, if anywhere; with or without a slash at its end.
    pub fn stats_collector(&self) -> Option<&str> {
        self.text("STATS_COLLECTOR_URL")
            .filter(|url| !url.is_empty())
    }

    /// The address of the published parameters.
    pub fn dynamic_config_url(&self) -> String {
        if let Some(url) = self.text("DYNAMIC_CONFIG_URL") {
            return url.to_owned();
        }
        let name = self.text("DYNAMIC_CONFIG_ENV").expect("it has a default");
        format!(
            "https://raw.githubusercontent.com/backend-developers-ltd/compute-horde-dynamic-config/\
             master/validator-config-{name}.json"
        )
    }

    pub fn sends_machine_specs(&self) -> bool {
        self.switch("HORDE_SEND_MACHINE_SPECS")
    }

    pub fn is_migrating(&self) -> bool {
        self.switch("MIGRATING")
    }

    /// Blocks between the start of a cycle and its first batch.
    pub fn run_offset(&self) -> i64 {
        self.parsed("SYNTHETIC_JOBS_RUN_OFFSET").unwrap_or(24)
    }

    pub fn horde_score(&self) -> HordeScore {
        HordeScore {
            avg_param: self.parsed("HORDE_SCORE_AVG_PARAM").unwrap_or(0.0),
            size_param: self.parsed("HORDE_SCORE_SIZE_PARAM").unwrap_or(0.0),
            central_size_param: self.parsed("HORDE_SCORE_CENTRAL_SIZE_PARAM").unwrap_or(1.0),
        }
    }

    /// `None` unless `DEBUG_MINER_KEY` is set; then the address is required too.
    pub fn debug_miners(&self) -> Result<Option<DebugMiners>, SettingsError> {
        let Some(hotkey) = self.text("DEBUG_MINER_KEY") else {
            return Ok(None);
        };
        Ok(Some(DebugMiners {
            hotkey: hotkey.to_owned(),
            address: self.required("DEBUG_MINER_ADDRESS")?.to_owned(),
            port: self.parsed("DEBUG_MINER_PORT").unwrap_or(0),
            count: self.parsed("DEBUG_MINER_COUNT").unwrap_or(1),
        }))
    }

    pub fn dont_stagger(&self) -> bool {
        self.switch("DEBUG_DONT_STAGGER_VALIDATORS")
    }

    pub fn weights_version_override(&self) -> Option<u64> {
        self.parsed("DEBUG_OVERRIDE_WEIGHTS_VERSION")
    }

    /// Letters, digits and hashes of each part of a hash job, if they are to be small.
    pub fn debug_hash_job(&self) -> Option<[usize; 3]> {
        self.text("DEBUG_HASH_JOB").and_then(parse_hash_job_size)
    }

    /// Factor on the time limits of a batch, above 0.
    pub fn batch_time_scale(&self) -> Option<f64> {
        self.parsed("DEBUG_BATCH_TIME_SCALE")
            .filter(|factor| *factor > 0.0)
    }

    pub(super) fn home_expanded(&self, path: &str) -> PathBuf {
        match (path.strip_prefix("~/"), self.text("HOME")) {
            (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
            _ => PathBuf::from(path),
        }
    }
}
