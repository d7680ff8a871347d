//! Who has signed a request: version 4 in the header or in the address, version 2 in the address.
//! Written from Amazon's description of it, independently of what the client uses.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::BucketConfig;
use super::encoding::encoded;
use super::refusal::{
    CHANGED, EXPIRED, MALFORMED, OTHER_REGION, Refusal, SKEWED, UNKNOWN_KEY, WRONG_SIGNATURE,
};
use super::request::Asked;

/// How far clocks may be apart.
const SKEW: TimeDelta = TimeDelta::minutes(15);
const LONGEST: TimeDelta = TimeDelta::days(7);
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signer {
    Nobody,
    /// The one key pair.
    Owner,
}

pub(super) fn signer(
    asked: &Asked,
    config: &BucketConfig,
    now: DateTime<Utc>,
) -> Result<Signer, Refusal> {
    if let Some(header) = asked.header("authorization") {
        in_header(asked, header, config, now)?;
    } else if asked.parameter("X-Amz-Signature").is_some() {
        in_address(asked, config, now)?;
    } else if asked.parameter("Signature").is_some() {
        version_2(asked, config, now)?;
    } else {
        return Ok(Signer::Nobody);
    }
    Ok(Signer::Owner)
}

fn in_header(
    asked: &Asked,
    header: &str,
    config: &BucketConfig,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    let fields = header.strip_prefix(ALGORITHM).ok_or(MALFORMED)?;
    let field = |name: &str| {
        let mut fields = fields.split(',').map(str::trim);
        fields.find_map(|field| field.strip_prefix(name)?.strip_prefix('='))
    };
    let time = asked.header("x-amz-date").ok_or(MALFORMED)?;
    let signed_at = parsed_time(time).ok_or(MALFORMED)?;
    if (now - signed_at).abs() > SKEW {
        return Err(SKEWED);
    }
    let payload = asked.header("x-amz-content-sha256").ok_or(MALFORMED)?;
    let is_named = payload == UNSIGNED || payload.starts_with("STREAMING-");
    if !is_named && payload != hex::encode(Sha256::digest(&asked.body)) {
        return Err(CHANGED);
    }
    let claim = Claim {
        credential: field("Credential").ok_or(MALFORMED)?,
        signed_headers: field("SignedHeaders").ok_or(MALFORMED)?,
        signature: field("Signature").ok_or(MALFORMED)?,
        time,
        payload,
    };
    claim.check(asked, config)
}

fn in_address(asked: &Asked, config: &BucketConfig, now: DateTime<Utc>) -> Result<(), Refusal> {
    let parameter = |name| asked.parameter(name).ok_or(MALFORMED);
    if parameter("X-Amz-Algorithm")? != ALGORITHM {
        return Err(MALFORMED);
    }
    let time = parameter("X-Amz-Date")?;
    let signed_at = parsed_time(time).ok_or(MALFORMED)?;
    let seconds: u32 = parameter("X-Amz-Expires")?.parse().map_err(|_| MALFORMED)?;
    let valid = TimeDelta::seconds(seconds.into());
    if valid > LONGEST || signed_at > now + SKEW {
        return Err(MALFORMED);
    }
    if now > signed_at + valid {
        return Err(EXPIRED);
    }
    let claim = Claim {
        credential: parameter("X-Amz-Credential")?,
        signed_headers: parameter("X-Amz-SignedHeaders")?,
        signature: parameter("X-Amz-Signature")?,
        time,
        payload: UNSIGNED,
    };
    claim.check(asked, config)
}

/// What a request says of its own signature of version 4.
struct Claim<'a> {
    credential: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
    time: &'a str,
    payload: &'a str,
}

impl Claim<'_> {
    fn check(&self, asked: &Asked, config: &BucketConfig) -> Result<(), Refusal> {
        let (key, scope) = self.credential.split_once('/').ok_or(MALFORMED)?;
        if key != config.access_key_id {
            return Err(UNKNOWN_KEY);
        }
        let [date, region, service, end] = scope.split('/').collect::<Vec<_>>()[..] else {
            return Err(MALFORMED);
        };
        if region != config.region {
            return Err(OTHER_REGION);
        }
        if (service, end) != ("s3", "aws4_request") || !self.time.starts_with(date) {
            return Err(MALFORMED);
        }
        // an address is signed for one host
        if !self.signed_headers.split(';').any(|name| name == "host") {
            return Err(MALFORMED);
        }
        let canonical = self.canonical(asked).ok_or(MALFORMED)?;
        let hashed = hex::encode(Sha256::digest(canonical));
        let text = format!("{ALGORITHM}\n{}\n{scope}\n{hashed}", self.time);
        let secret = format!("AWS4{}", config.secret_access_key).into_bytes();
        let key = [date, region, service, end]
            .iter()
            .fold(secret, |key, part| sha256(&key, part));
        match hex::encode(sha256(&key, &text)) == self.signature {
            true => Ok(()),
            false => Err(WRONG_SIGNATURE),
        }
    }

    fn canonical(&self, asked: &Asked) -> Option<String> {
        let mut pairs: Vec<(String, String)> = asked
            .query
            .iter()
            .filter(|(name, _)| name != "X-Amz-Signature")
            .map(|(name, value)| (encoded(name, false), encoded(value, false)))
            .collect();
        pairs.sort();
        let pairs = pairs.iter().map(|(name, value)| format!("{name}={value}"));
        let mut headers = String::new();
        for name in self.signed_headers.split(';') {
            let values = asked.headers.get_all(name).iter();
            let values: Option<Vec<&str>> = values.map(|value| value.to_str().ok()).collect();
            let words = |value: &str| value.split_whitespace().collect::<Vec<_>>().join(" ");
            let values: Vec<String> = values?.into_iter().map(words).collect();
            headers.push_str(&format!("{name}:{}\n", values.join(",")));
        }
        Some(format!(
            "{}\n{}\n{}\n{headers}\n{}\n{}",
            asked.method,
            encoded(&asked.path, true),
            pairs.collect::<Vec<_>>().join("&"),
            self.signed_headers,
            self.payload
        ))
    }
}

/// Over method, Content-MD5, Content-Type, end and resource; subresources are not for addresses
/// that are handed out.
fn version_2(asked: &Asked, config: &BucketConfig, now: DateTime<Utc>) -> Result<(), Refusal> {
    let parameter = |name| asked.parameter(name).ok_or(MALFORMED);
    if parameter("AWSAccessKeyId")? != config.access_key_id {
        return Err(UNKNOWN_KEY);
    }
    let until: i64 = parameter("Expires")?.parse().map_err(|_| MALFORMED)?;
    if now.timestamp() > until {
        return Err(EXPIRED);
    }
    let text = format!(
        "{}\n{}\n{}\n{until}\n{}",
        asked.method,
        asked.header("content-md5").unwrap_or_default(),
        asked.header("content-type").unwrap_or_default(),
        encoded(&asked.path, true)
    );
    let mut mac: Hmac<Sha1> = Hmac::new_from_slice(config.secret_access_key.as_bytes())
        .expect("a key of any length will do");
    mac.update(text.as_bytes());
    match STANDARD.encode(mac.finalize().into_bytes()) == parameter("Signature")? {
        true => Ok(()),
        false => Err(WRONG_SIGNATURE),
    }
}

fn sha256(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac: Hmac<Sha256> = Hmac::new_from_slice(key).expect("a key of any length will do");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn parsed_time(text: &str) -> Option<DateTime<Utc>> {
    let time = NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%SZ").ok()?;
    Some(time.and_utc())
}
