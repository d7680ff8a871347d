//! Files of prompts and answers, and what travels with hash jobs.

use std::collections::HashMap;

use horde_validator::hashjob::payload::{Payload, pack, unpack};
use horde_validator::hashjob::{is_right, secret};
use horde_validator::llmjob::{
    AnswerReader, KnownAnswer, UnreadableAnswers, compare, draw, finding, is_prompt,
};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::{split_number, vectors};

const WANTED: [&str; 3] = ["a", "b", "\u{e9} \"q\""];

/// The first byte says in which pieces the file comes. What is found is what any reader of JSON
/// finds.
pub(super) fn answers(input: &[u8]) {
    let (size, file) = split_number(input);
    let found = read(file.chunks(size.max(1)));
    assert_eq!(read([file]), found, "in pieces of {size}");
    let plain = serde_json::from_slice::<HashMap<String, String>>(file);
    match found {
        Ok(found) => {
            let mut plain = plain.expect("it is an object of texts");
            plain.retain(|prompt, _| WANTED.contains(&prompt.as_str()));
            assert_eq!(found, plain);
            let known = WANTED.map(|prompt| KnownAnswer {
                id: 1,
                prompt: prompt.to_owned(),
                answer: "yes".to_owned(),
            });
            let compared = compare(&known, &found);
            let is_same = |prompt: &&str| found.get(*prompt).is_some_and(|one| one == "yes");
            assert_eq!(finding(&compared).is_none(), WANTED.iter().all(is_same));
            let cut = compared.iter().filter_map(|one| one.found.as_deref());
            assert!(cut.into_iter().all(|text| text.chars().count() <= 2000));
        }
        Err(UnreadableAnswers::Long) => {}
        Err(error) => assert!(plain.is_err(), "{error}, and yet it is an object of texts"),
    }
}

fn read<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Result<HashMap<String, String>, UnreadableAnswers> {
    let mut reader = AnswerReader::new(WANTED.map(str::to_owned));
    pieces
        .into_iter()
        .try_for_each(|piece| reader.take(piece))?;
    reader.finish()
}

pub(super) fn answer_seeds() -> Vec<Vec<u8>> {
    let files = [
        r#"{"a": "yes", "b": "yes", "\u00e9 \"q\"": "yes"}"#,
        r#" { "c" : "no", "a" : "\ud83d\ude00 \\ \n" , "a":"last" } "#,
        "{}",
        r#"{"a": ["b"]}"#,
        "{\"a\": \"new\nline\"}",
    ];
    files
        .map(|file| format!("\u{7}{file}").into_bytes())
        .to_vec()
}

/// A file of prompts, one a line.
pub(super) fn series(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let drawn = draw(text, 3, &mut StdRng::seed_from_u64(1));
    for prompt in drawn.into_iter().flatten() {
        assert!(is_prompt(&prompt) && text.contains(&prompt));
        assert_eq!(prompt.lines().count(), 1);
    }
}

pub(super) fn series_seeds() -> Vec<Vec<u8>> {
    let texts = [
        "one\ntwo\nthree\nfour\nfive\n",
        "a\r\nb\r\n c\nd \ne\u{2028}f\ng\u{b}h\ni\n\nj",
    ];
    texts.map(|text| text.as_bytes().to_vec()).to_vec()
}

/// A volume, a payload, a token: whatever the bytes are taken for.
pub(super) fn hash_job(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    if let Ok(payload) = unpack(text) {
        assert!(payload.len() <= 1 << 20);
    }
    let packed = unpack(&pack(text));
    assert_eq!(packed.expect("what we pack can be unpacked"), text);
    if let Ok(payload) = serde_json::from_str::<Payload>(text) {
        let written = serde_json::to_string(&payload).expect("it is JSON");
        assert_eq!(
            serde_json::from_str::<Payload>(&written).expect("ours"),
            payload
        );
    }
    let (key, token) = text.split_once('\n').unwrap_or((text, text));
    let opened = secret::open(key, token);
    assert!(!secret::decrypt("secret", token).is_ok_and(|plain| plain.is_empty()));
    if let Ok(plain) = opened {
        assert!(plain.len() <= token.len());
    }
    assert_eq!(
        secret::decrypt(key, &secret::encrypt(key, token)).as_deref(),
        Ok(token)
    );
    assert!(is_right(
        text.trim_matches(|c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)),
        text
    ));
}

pub(super) fn hash_job_seeds() -> Vec<Vec<u8>> {
    let mut seeds = vectors::seeds(vectors::HASHCAT_JOB, |case| {
        match case["kind"].as_str()? {
            "fernet" => {
                let (key, token) = (case["key"].as_str()?, case["token"].as_str()?);
                Some(format!("{key}\n{token}").into_bytes())
            }
            "v0_job" => Some(pack(case["payload_text"].as_str()?).into_bytes()),
            _ => None,
        }
    });
    let payload = r#"{"parts": [{"hash_type": "1410", "mask": "?1?1", "hashes": "ab:cd"}]}"#;
    seeds.push(payload.as_bytes().to_vec());
    seeds.push(pack(payload).into_bytes());
    seeds
}
