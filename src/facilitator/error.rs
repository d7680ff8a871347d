//! What can go wrong with the facilitator. Texts leave out its address, which may hold a secret.

use std::time::Duration;

use tokio_tungstenite::tungstenite;

use crate::wire::facilitator::ResponseError;

#[derive(Debug, thiserror::Error)]
pub enum FacilitatorError {
    #[error("the facilitator cannot be reached: {0}")]
    Unreachable(String),
    #[error("the facilitator did not answer within {} s", .0.as_secs_f64())]
    Slow(Duration),
    #[error("the facilitator closed the connection{}", reason(.0))]
    Closed(String),
    #[error("nothing came from the facilitator for {} s", .0.as_secs_f64())]
    Silent(Duration),
    #[error("the facilitator does not accept this validator: {}", told(.0))]
    Refused(Vec<ResponseError>),
    #[error("the facilitator answered the authentication with something else: {0}")]
    NoAnswer(String),
}

impl FacilitatorError {
    /// Whether a new attempt may help without any change on this side.
    pub fn is_passing(&self) -> bool {
        !matches!(self, Self::Refused(_) | Self::NoAnswer(_))
    }
}

impl From<tungstenite::Error> for FacilitatorError {
    fn from(error: tungstenite::Error) -> Self {
        match error {
            tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed => {
                Self::Closed(String::new())
            }
            tungstenite::Error::Protocol(error) => Self::Closed(error.to_string()),
            tungstenite::Error::Http(response) => {
                Self::Unreachable(format!("it answered with status {}", response.status()))
            }
            other => Self::Unreachable(other.to_string()),
        }
    }
}

fn reason(reason: &str) -> String {
    match reason {
        "" => String::new(),
        reason => format!(" ({})", short(reason)),
    }
}

fn told(errors: &[ResponseError]) -> String {
    let told: Vec<String> = errors
        .iter()
        .take(3)
        .map(|error| match error.help.as_str() {
            "" => short(&error.msg),
            help => format!("{} ({})", short(&error.msg), short(help)),
        })
        .collect();
    match told.is_empty() {
        true => "it does not say why".to_owned(),
        false => told.join("; "),
    }
}

/// The beginning of somebody's text, on one line.
fn short(text: &str) -> String {
    let start = &text[..text.floor_char_boundary(200)];
    start.escape_debug().to_string()
}
