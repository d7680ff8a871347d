//! Commit and reveal windows against their vectors.

use std::num::NonZeroU32;

use horde_validator::schedule::CommitWindows;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::vectors;

fn blocks(value: &Value) -> u32 {
    value
        .as_u64()
        .and_then(|n| n.try_into().ok())
        .expect("a number of blocks")
}

fn windows(case: &Value) -> CommitWindows {
    CommitWindows {
        interval_length: NonZeroU32::new(blocks(&case["interval_length"])).expect("not 0"),
        commit_start_offset: blocks(&case["commit_start_offset"]),
        commit_end_buffer: blocks(&case["commit_end_buffer"]),
        reveal_end_buffer: blocks(&case["reveal_end_buffer"]),
    }
}

#[test]
fn every_recorded_case_agrees() {
    for case in vectors::cases("commit_reveal_windows") {
        match case["op"].as_str().expect("text") {
            "window" => {
                let block = case["block"].as_i64().expect("block");
                let found = windows(&case).at(block);
                for (field, value) in [
                    ("start", json!(found.interval.start)),
                    ("stop", json!(found.interval.end)),
                    ("reveal_start", json!(found.reveal.start)),
                    ("reveal_stop", json!(found.reveal.end)),
                    ("commit_start", json!(found.commit.start)),
                    ("commit_stop", json!(found.commit.end)),
                    ("in_reveal_window", json!(found.reveal.contains(&block))),
                    ("in_commit_window", json!(found.commit.contains(&block))),
                ] {
                    assert_eq!(value, case[field], "{field} of {case}");
                }
            }
            "reveal_decision" => {
                let decision = windows(&case).reveal_decision(
                    case["committed_at_block"].as_i64(),
                    case["already_revealed"].as_bool().expect("boolean"),
                    case["current_block"].as_i64().expect("block"),
                );
                assert_eq!(decision.name(), case["decision"], "{case}");
            }
            other => panic!("unknown op {other}"),
        }
    }
}

proptest! {
    #[test]
    fn intervals_cover_all_blocks_and_their_windows_never_overlap(
        block in 0_i64..1 << 40,
        length in 1_u32..5_000,
        offset in 0_u32..5_000,
        commit_end_buffer in 0_u32..100,
        reveal_end_buffer in 0_u32..100,
    ) {
        let windows = CommitWindows {
            interval_length: NonZeroU32::new(length).expect("not 0"),
            commit_start_offset: offset,
            commit_end_buffer,
            reveal_end_buffer,
        };
        let found = windows.at(block);
        prop_assert!(found.interval.contains(&block));
        prop_assert_eq!(windows.at(found.interval.end).interval.start, found.interval.end);
        prop_assert!(!(found.reveal.contains(&block) && found.commit.contains(&block)));
        prop_assert!(found.reveal.end <= found.commit.start);
        prop_assert!(found.commit.end <= found.interval.end);
    }
}
