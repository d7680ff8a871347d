//! Messages as they may be shown: credentials in addresses and signatures are cut, and so is
//! whatever is long or no JSON.

use serde_json::Value;
use url::Url;

/// Characters of a text inside of a message that are shown.
const LONGEST_TEXT: usize = 200;
/// Of an address without what is secret in it.
const LONGEST_ADDRESS: usize = 1000;
/// Of a message with all its texts cut.
const LONGEST_SHOWN: usize = 4000;
/// Bytes of a message that is no JSON.
const LONGEST_GARBAGE: usize = 400;
/// Larger messages are not looked into.
const LARGEST: usize = 4 * 1024 * 1024;

/// The message on one line of printable characters.
pub fn redacted(message: &str) -> String {
    let parsed = (message.len() <= LARGEST).then(|| serde_json::from_str::<Value>(message));
    match parsed {
        Some(Ok(mut value)) => {
            cut(&mut value);
            // no text in it has control characters but `\n`, which JSON escapes
            within(LONGEST_SHOWN, &value.to_string(), message.len())
        }
        _ => {
            let start = &message[..message.floor_char_boundary(LONGEST_GARBAGE)];
            format!("{} ({} bytes)", start.escape_debug(), message.len())
        }
    }
}

fn cut(value: &mut Value) {
    match value {
        Value::String(text) => *text = shown(text),
        Value::Array(items) => items.iter_mut().for_each(cut),
        Value::Object(entries) => {
            let read = std::mem::take(entries).into_iter();
            entries.extend(read.map(|(name, mut entry)| {
                let is_secret = name.contains("signature") || name.contains("signed_headers");
                match entry {
                    Value::Null => {}
                    _ if is_secret => entry = Value::from("..."),
                    _ => cut(&mut entry),
                }
                (shown(&name), entry)
            }));
        }
        _ => {}
    }
}

fn shown(text: &str) -> String {
    if let Some(url) = without_credentials(text) {
        return within(LONGEST_ADDRESS, &url, text.len());
    }
    let shown = within(LONGEST_TEXT, text, text.len());
    let printable = |c: char| if c.is_control() && c != '\n' { '?' } else { c };
    shown.chars().map(printable).collect()
}

/// At most so many bytes of a text that was `whole` bytes long.
fn within(most: usize, text: &str, whole: usize) -> String {
    match text.floor_char_boundary(most) {
        all if all == text.len() => text.to_owned(),
        cut => format!("{}... ({whole} bytes)", &text[..cut]),
    }
}

/// An address without user, password and query, in which storage services put signatures.
fn without_credentials(text: &str) -> Option<String> {
    let mut url = Url::parse(text).ok().filter(Url::has_host)?;
    if url.query().is_some() {
        url.set_query(Some("..."));
    }
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    url.set_fragment(None);
    Some(url.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_not_shown() {
        let message = r#"{"signature": "0xabc", "payload": {"t": 1}, "output_upload":
            {"url": "https://me:pw@s3.example/key?X-Amz-Signature=abc", "signed_headers": {"a": "b"}}}"#;
        let shown = redacted(message);
        for secret in ["0xabc", "pw", "X-Amz", "\"b\""] {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert!(shown.contains("https://s3.example/key?..."), "{shown}");
    }

    #[test]
    fn what_is_shown_is_one_short_line() {
        let garbage = "\u{1b}\u{9b}2J".to_owned() + &"x\n".repeat(100_000);
        let long = serde_json::json!({"contents": garbage}).to_string();
        let named = serde_json::json!({&garbage: 1}).to_string();
        let many = serde_json::json!(vec![1; 100_000]).to_string();
        let address = serde_json::json!([format!("http://a/{garbage}")]).to_string();
        for text in [&garbage, &long, &named, &many, &address].map(|text| redacted(text)) {
            assert!(text.len() < 4100, "{} bytes", text.len());
            assert!(text.chars().all(|c| !c.is_control()), "{text:?}");
        }
    }
}
