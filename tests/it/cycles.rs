//! Epochs, cycles, start blocks and the whole schedule against their vectors.

use horde_validator::keys::Hotkey;
use horde_validator::schedule::{Cycle, Epoch, cycle_containing, order, run_order, start_block};
use proptest::prelude::*;
use serde_json::Value;

use crate::vectors;

fn number<T: TryFrom<i64>>(value: &Value) -> T {
    value
        .as_i64()
        .and_then(|n| n.try_into().ok())
        .expect("a number in range")
}

fn hotkey(value: &Value) -> Hotkey {
    value
        .as_str()
        .and_then(|text| text.parse().ok())
        .expect("a hotkey")
}

fn hotkeys(value: &Value) -> Vec<Hotkey> {
    value.as_array().expect("list").iter().map(hotkey).collect()
}

#[test]
fn every_recorded_case_agrees() {
    for case in vectors::cases("cycles") {
        match case["op"].as_str().expect("text") {
            "epoch" => {
                let epoch = Epoch::containing(
                    number(&case["block"]),
                    number(&case["netuid"]),
                    number(&case["tempo"]),
                );
                let expected = Epoch {
                    start: number(&case["start"]),
                    stop: number(&case["stop"]),
                };
                assert_eq!(epoch, expected, "{case}");
            }
            "cycle" => {
                let cycle = cycle_containing(
                    number(&case["block"]),
                    number(&case["netuid"]),
                    number(&case["tempo"]),
                );
                let expected = Cycle {
                    start: number(&case["start"]),
                    stop: number(&case["stop"]),
                };
                assert_eq!(cycle, expected, "{case}");
            }
            "job_start" => {
                let cycle = Cycle {
                    start: number(&case["cycle_start"]),
                    stop: number(&case["cycle_stop"]),
                };
                let block = start_block(
                    cycle,
                    number(&case["offset"]),
                    number(&case["total"]),
                    number(&case["index"]),
                );
                assert_eq!(block, number::<i64>(&case["block"]), "{case}");
            }
            "schedule" => whole_schedule(&case),
            other => panic!("unknown op {other}"),
        }
    }
}

fn whole_schedule(case: &Value) {
    let cycle = cycle_containing(
        number(&case["current_block"]),
        number(&case["netuid"]),
        number(&case["tempo"]),
    );
    assert_eq!(cycle.start, number::<i64>(&case["cycle_start"]));
    assert_eq!(cycle.stop, number::<i64>(&case["cycle_stop"]));

    let neurons = || {
        let neurons = case["neurons"].as_array().expect("list").iter();
        neurons.map(|neuron| {
            (
                hotkey(&neuron["hotkey"]),
                neuron["stake_rao"].as_u64().expect("stake"),
            )
        })
    };
    assert_eq!(
        order::validators(neurons()),
        hotkeys(&case["validators_before_shuffle"])
    );

    let run_order = run_order(neurons(), case["seed_block_hash"].as_str().expect("text"));
    let own = hotkey(&case["own_hotkey"]);
    let index = run_order.iter().position(|validator| *validator == own);
    assert_eq!(
        index,
        case["index"].as_u64().map(|index| index as usize),
        "{case}"
    );
    if let Some(index) = index {
        assert_eq!(run_order, hotkeys(&case["validators_after_shuffle"]));
        let block = start_block(cycle, number(&case["offset"]), run_order.len(), index);
        assert_eq!(block, number::<i64>(&case["block"]));
    }
}

#[test]
fn the_validator_that_always_takes_part_needs_no_stake_and_comes_first() {
    let favoured: Hotkey = "5HBVrFGy6oYhhh71m9fFGYD7zbKyAeHnWN8i8s9fJTBMCtEE"
        .parse()
        .expect("a hotkey");
    assert_eq!(favoured, order::ALWAYS_TAKES_PART);
    let rich = Hotkey::new([7; 32]);
    let poor = Hotkey::new([8; 32]);
    let neurons = [
        (rich, u64::MAX),
        (poor, order::MIN_STAKE_RAO - 1),
        (favoured, 0),
    ];
    assert_eq!(order::validators(neurons), [favoured, rich]);
}

proptest! {
    #[test]
    fn cycles_and_epochs_partition_the_blocks(
        block in -1_000_000_i64..1 << 40,
        netuid: u16,
        tempo: u16,
    ) {
        let epoch = Epoch::containing(block, netuid, tempo);
        prop_assert!(epoch.start < block && block <= epoch.stop);
        prop_assert_eq!(epoch.stop - epoch.start, i64::from(tempo) + 1);

        let cycle = cycle_containing(block, netuid, tempo);
        prop_assert!(cycle.contains(block));
        prop_assert!(epoch.start == cycle.start || epoch.stop == cycle.stop);
        prop_assert_eq!(cycle_containing(cycle.start + 1, netuid, tempo), cycle);
        prop_assert_eq!(cycle_containing(cycle.stop, netuid, tempo), cycle);
        prop_assert_eq!(cycle_containing(cycle.stop + 1, netuid, tempo).start, cycle.stop);
    }

    #[test]
    fn validators_start_in_their_order_and_inside_the_cycle(
        start in 0_i64..1 << 40,
        total in 1_usize..=order::MAX_VALIDATORS,
    ) {
        let cycle = Cycle { start, stop: start + 722 };
        let starts: Vec<i64> = (0..total).map(|index| start_block(cycle, 24, total, index)).collect();
        prop_assert_eq!(starts[0], start + 24);
        prop_assert!(starts.is_sorted());
        prop_assert!(starts.iter().all(|block| cycle.contains(*block)));
    }

    #[test]
    fn at_most_24_validators_run_and_each_once(
        stakes in proptest::collection::vec(0_u64..3_000_000_000_000, 0..60),
        seed in "0x[0-9a-f]{64}",
    ) {
        let neurons: Vec<(Hotkey, u64)> =
            (0_u8..).zip(stakes).map(|(n, stake)| (Hotkey::new([n; 32]), stake)).collect();
        let mut order = run_order(neurons.clone(), &seed);
        prop_assert!(order.len() <= order::MAX_VALIDATORS);
        order.sort_unstable();
        order.dedup();
        let eligible = neurons.iter().filter(|(_, stake)| *stake >= order::MIN_STAKE_RAO).count();
        prop_assert_eq!(order.len(), eligible.min(order::MAX_VALIDATORS));
    }
}
