//! Where a request goes and how it is signed (spec: events, "Sending them").

use chrono::{DateTime, Utc};
use url::Url;

use crate::keys::{Hotkey, Keypair};
use crate::wire::EventsRequest;

/// The address that takes events of this validator. `collector` is a server's address, with or
/// without a slash at its end; `None` if it is none.
pub fn url(collector: &str, validator: &Hotkey) -> Option<String> {
    let mut url = Url::parse(collector.trim()).ok()?;
    url.path_segments_mut().ok()?.pop_if_empty().extend([
        "validator",
        &validator.to_string(),
        "system_events",
    ]);
    Some(url.into())
}

/// The headers of a request that is sent at `now`. A request that is sent again needs new ones:
/// the collector refuses an old signature.
pub fn headers(signer: &Keypair, now: DateTime<Utc>) -> [(&'static str, String); 2] {
    let signed = EventsRequest {
        signing_timestamp: now.timestamp(),
        validator_ss58_address: signer.hotkey(),
    };
    let signature = signer.sign(signed.blob().as_bytes());
    [
        ("Validator-Signature", signature.to_string()),
        (
            "Validator-Signing-Timestamp",
            signed.signing_timestamp.to_string(),
        ),
    ]
}
