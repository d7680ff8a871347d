//! Requests that look like jobs to ever smaller degrees. Each has a uuid of its own, so that one
//! that is taken for a job can be told from those that are.

use serde_json::{Value, json};
use uuid::Uuid;

use super::reply::Reply;

const GARBAGE_BYTES: usize = 1 << 20;

pub(super) fn requests() -> Vec<Reply> {
    let texts = [
        changed("surprise", json!(1)),
        changed("message_type", json!("V9JobRequest")),
        changed("message_type", json!(null)),
        changed("type", json!("job.old")),
        changed("args", json!("one text")),
        changed("use_gpu", json!("yes")),
        changed("executor_class", json!("always_on.quantum")),
        changed("docker_image", json!("")), // there is no script either
        r#"{"message_type": "V0JobRequest"}"#.to_owned(),
        "\u{0}\u{fffd} not JSON".to_owned(),
        String::new(),
        "[".repeat(GARBAGE_BYTES),
    ];
    let mut frames: Vec<Reply> = texts.map(Reply::Text).into();
    frames.push(Reply::Bytes(vec![0xff, 0xfe, 0x00, 0x80]));
    frames
}

/// A request that would be good without this entry.
fn changed(name: &str, value: Value) -> String {
    let mut request = json!({
        "type": "job.new",
        "message_type": "V0JobRequest",
        "uuid": Uuid::new_v4(),
        "miner_hotkey": "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY",
        "executor_class": "always_on.gpu-24gb",
        "docker_image": "echo",
        "raw_script": "",
        "args": [],
        "env": {},
        "use_gpu": false,
        "input_url": "",
        "output_url": "",
    });
    request[name] = value;
    request.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::FromFacilitator;

    #[test]
    fn every_one_would_be_good_without_its_change_and_none_is() {
        let unchanged = changed("use_gpu", json!(false));
        FromFacilitator::parse(&unchanged).expect("a request");
        for reply in requests() {
            if let Reply::Text(text) = reply {
                let start = text.chars().take(400).collect::<String>();
                assert!(FromFacilitator::parse(&text).is_err(), "{start}");
            }
        }
    }
}
