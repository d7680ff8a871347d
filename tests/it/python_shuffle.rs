//! Python's seeded shuffle against its vectors. Of the generator's inner values only the draws
//! are compared: they depend on all the others.

use horde_validator::schedule::order::shuffle;
use proptest::prelude::*;
use serde_json::Value;

use crate::vectors;

fn shuffled(mut list: Vec<Value>, seed: &str) -> Vec<Value> {
    shuffle(&mut list, seed);
    list
}

/// The order of 24 entries after swaps with the recorded draws below 24, 23, ..., 2.
fn swapped(draws: &Value) -> Vec<Value> {
    let mut list: Vec<Value> = (0..24).map(Value::from).collect();
    let draws = draws.as_array().expect("list").iter();
    for (draw, last) in draws.zip((1..24).rev()) {
        list.swap(last, draw.as_u64().expect("draw") as usize);
    }
    list
}

#[test]
fn lists_come_out_in_the_recorded_order() {
    for case in vectors::cases("python_shuffle") {
        let seed = case["seed"].as_str().expect("text");
        let input = match case["kind"].as_str().expect("text") {
            "integers" => (0..case["n"].as_u64().expect("count"))
                .map(Value::from)
                .collect(),
            "hotkeys" => case["input"].as_array().expect("list").clone(),
            "internals" => (0..24).map(Value::from).collect(),
            other => panic!("unknown kind {other}"),
        };
        let expected = match &case["output"] {
            Value::Array(output) => output.clone(),
            _ => swapped(&case["randbelow_24_down_to_2"]),
        };
        assert_eq!(shuffled(input, seed), expected, "{seed}");
    }
}

proptest! {
    #[test]
    fn a_shuffle_only_reorders(seed in ".{0,80}", n in 0_usize..300) {
        let mut list: Vec<usize> = (0..n).collect();
        shuffle(&mut list, &seed);
        let mut sorted = list.clone();
        sorted.sort_unstable();
        prop_assert_eq!(sorted, (0..n).collect::<Vec<_>>());

        let mut again: Vec<usize> = (0..n).collect();
        shuffle(&mut again, &seed);
        prop_assert_eq!(list, again);
    }
}
