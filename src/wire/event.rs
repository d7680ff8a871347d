//! System events: the closed lists of types and subtypes, and one event as a value.
//! Storing and sending them is the business of others. The names are those that the
//! stats collector already knows (spec: events).

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::time::isoformat;

/// Something noteworthy that happened in a pass.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub kind: EventType,
    pub subtype: EventSubtype,
    pub timestamp: DateTime<Utc>,
    /// For an operator to read.
    pub description: String,
    /// A JSON object; `{}` when there is nothing to add.
    pub data: Value,
}

impl Event {
    /// An event without further data.
    pub fn new(
        kind: EventType,
        subtype: EventSubtype,
        timestamp: DateTime<Utc>,
        description: impl Into<String>,
    ) -> Self {
        let description = description.into();
        Self {
            kind,
            subtype,
            timestamp,
            description,
            data: Value::Object(Default::default()),
        }
    }

    /// The same event with one more entry in its data; an entry of that name is replaced.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        if let Value::Object(entries) = &mut self.data {
            entries.insert(name.to_owned(), value.into());
        }
        self
    }

    /// The form in which the stats collector takes it. An entry `description` of the data stands
    /// in the place of the event's own.
    pub fn for_collector(&self) -> Value {
        let mut data =
            Map::from_iter([("description".to_owned(), self.description.clone().into())]);
        if let Value::Object(entries) = &self.data {
            data.extend(entries.clone());
        }
        json!({
            "type": self.kind,
            "subtype": self.subtype,
            "timestamp": isoformat(&self.timestamp),
            "data": data,
        })
    }
}

/// A name that is not in the list.
#[derive(Debug, thiserror::Error)]
#[error("unknown event name `{0}`")]
pub struct UnknownEventName(String);

/// One enum whose variants have fixed names on the wire and in the database.
macro_rules! closed_list {
    ($(#[$about:meta])* $list:ident { $($variant:ident => $name:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $list { $($variant,)+ }

        impl $list {
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }

        impl fmt::Display for $list {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.pad(self.name())
            }
        }

        impl FromStr for $list {
            type Err = UnknownEventName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($name => Ok(Self::$variant),)+
                    _ => Err(UnknownEventName(text.chars().take(64).collect())),
                }
            }
        }

        impl Serialize for $list {
            fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                out.serialize_str(self.name())
            }
        }

        impl<'de> Deserialize<'de> for $list {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

closed_list! {
    /// What the event is about.
    EventType {
        WeightSettingSuccess => "WEIGHT_SETTING_SUCCESS",
        WeightSettingFailure => "WEIGHT_SETTING_FAILURE",
        MinerOrganicJobFailure => "MINER_ORGANIC_JOB_FAILURE",
        MinerOrganicJobSuccess => "MINER_ORGANIC_JOB_SUCCESS",
        MinerSyntheticJobSuccess => "MINER_SYNTHETIC_JOB_SUCCESS",
        MinerSyntheticJobFailure => "MINER_SYNTHETIC_JOB_FAILURE",
        ReceiptFailure => "RECEIPT_FAILURE",
        FacilitatorClientError => "FACILITATOR_CLIENT_ERROR",
        ValidatorMinersRefresh => "VALIDATOR_MINERS_REFRESH",
        ValidatorSyntheticJobsFailure => "VALIDATOR_SYNTHETIC_JOBS_FAILURE",
        ValidatorFailure => "VALIDATOR_FAILURE",
        ValidatorTelemetry => "VALIDATOR_TELEMETRY",
        ValidatorChannelLayerError => "VALIDATOR_CHANNEL_LAYER_ERROR",
        ValidatorSyntheticJobScheduled => "VALIDATOR_SYNTHETIC_JOB_SCHEDULED",
        ValidatorOversleptScheduledJobWarning => "VALIDATOR_OVERSLEPT_SCHEDULED_JOB_WARNING",
        LlmPromptGeneration => "LLM_PROMPT_GENERATION",
        LlmPromptAnswering => "LLM_PROMPT_ANSWERING",
    }
}

closed_list! {
    /// How it came out, or where it went wrong.
    EventSubtype {
        Success => "SUCCESS",
        Failure => "FAILURE",
        SubtensorConnectivityError => "SUBTENSOR_CONNECTIVITY_ERROR",
        CommitWeightsSuccess => "COMMIT_WEIGHTS_SUCCESS",
        CommitWeightsError => "COMMIT_WEIGHTS_ERROR",
        CommitWeightsUnrevealedError => "COMMIT_WEIGHTS_UNREVEALED_ERROR",
        RevealWeightsError => "REVEAL_WEIGHTS_ERROR",
        RevealWeightsSuccess => "REVEAL_WEIGHTS_SUCCESS",
        SetWeightsSuccess => "SET_WEIGHTS_SUCCESS",
        SetWeightsError => "SET_WEIGHTS_ERROR",
        GenericError => "GENERIC_ERROR",
        WritingToChainTimeout => "WRITING_TO_CHAIN_TIMEOUT",
        WritingToChainGenericError => "WRITING_TO_CHAIN_GENERIC_ERROR",
        GivingUp => "GIVING_UP",
        ManifestError => "MANIFEST_ERROR",
        ManifestTimeout => "MANIFEST_TIMEOUT",
        MinerConnectionError => "MINER_CONNECTION_ERROR",
        MinerSendError => "MINER_SEND_ERROR",
        MinerScoringError => "MINER_SCORING_ERROR",
        JobNotStarted => "JOB_NOT_STARTED",
        JobRejected => "JOB_REJECTED",
        JobExecutionTimeout => "JOB_EXECUTION_TIMEOUT",
        ReceiptFetchError => "RECEIPT_FETCH_ERROR",
        ReceiptSendError => "RECEIPT_SEND_ERROR",
        SpecsSendingError => "SPECS_SENDING_ERROR",
        HeartbeatError => "HEARTBEAT_ERROR",
        UnexpectedMessage => "UNEXPECTED_MESSAGE",
        Unauthorized => "UNAUTHORIZED",
        SyntheticBatch => "SYNTHETIC_BATCH",
        SyntheticJob => "SYNTHETIC_JOB",
        Checkpoint => "CHECKPOINT",
        Overslept => "OVERSLEPT",
        Warning => "WARNING",
        FailedToWait => "FAILED_TO_WAIT",
        TrustedMinerNotConfigured => "TRUSTED_MINER_NOT_CONFIGURED",
        LlmPromptAnswersDownloadFailed => "LLM_PROMPT_ANSWERS_DOWNLOAD_FAILED",
        InsufficientPrompts => "INSUFFICIENT_PROMPTS",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_to_its_own_variant() {
        for kind in EventType::ALL {
            assert_eq!(kind.name().parse::<EventType>().unwrap(), *kind);
        }
        for subtype in EventSubtype::ALL {
            assert_eq!(subtype.name().parse::<EventSubtype>().unwrap(), *subtype);
        }
        assert!("success".parse::<EventSubtype>().is_err());
    }
}
