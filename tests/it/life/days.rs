//! Thirty days of a validator: its timers run, users order jobs, and on every second day everything
//! around it fails in turn. A cycle stands for the 2.4 hours that it takes on the main network: by
//! so much all that is kept is made older after each.
//!
//! `HORDE_TEST_CYCLES=300 cargo test --test it life::days -- --nocapture` is the long form.

use std::collections::BTreeMap;
use std::time::Duration;

use horde_validator::devnet::accounts::Account;
use horde_validator::devnet::node::{CommitScheme, Neuron};
use rusqlite::Connection;
use tokio::time::sleep;

use super::validator::{BLOCK_TIME, End, Validator};
use super::{setting, truth};

const DAY: usize = 10;
const MINUTES_OF_A_CYCLE: i64 = 144;
const JOB_EVERY: Duration = Duration::from_secs(1);
/// Passes that timers start, and the pause after each.
const TIMERS: [(&str, Duration); 11] = [
    ("set-weights", Duration::from_millis(300)),
    ("run-synthetic", Duration::from_millis(200)),
    ("schedule-synthetic", Duration::from_millis(500)),
    ("relay-organic --for 10s", Duration::ZERO),
    ("fetch-receipts", Duration::from_millis(1_500)),
    ("send-events", Duration::from_secs(1)),
    ("sync-params", Duration::from_secs(2)),
    ("prompts generate", Duration::from_secs(2)),
    ("prompts sample", Duration::from_secs(2)),
    ("prompts answer", Duration::from_secs(2)),
    ("metrics", Duration::from_secs(2)),
];
/// Tables whose rows are not made older: a miner has its receipts still, and what is read from
/// the chain anew has the time of the clock.
const NOT_AGED: [&str; 4] = ["receipts", "meta", "neurons", "refinery_schema_history"];

#[tokio::test(flavor = "multi_thread")]
async fn days_of_outages_and_upgrades_lose_nothing_and_fill_no_disk() {
    let cycles = setting("HORDE_TEST_CYCLES").unwrap_or(DAY);
    let validator = Validator::start(CommitScheme::BlockIntervals);
    let timers = TIMERS
        .iter()
        .map(|(pass, pause)| timer(&validator, pass, *pause));
    let mut sizes = Vec::new();
    tokio::select! {
        () = days(&validator, cycles, &mut sizes) => (),
        never = futures_util::future::join_all(timers) => unreachable!("{never:?}"),
        never = validator.subnet.order_jobs(JOB_EVERY) => match never {},
    }
    validator.settle().await;
    let truth = truth::assert_nothing_lost_or_twice(&validator);
    println!("{cycles} cycles: {truth}\n{}", validator.ends());
    assert!(truth.in_force * 2 >= cycles, "{truth}");
    assert_no_growth_per_pass(&sizes);
    assert_bounded(&validator).await;
}

async fn timer(validator: &Validator, pass: &str, pause: Duration) {
    loop {
        validator.run(pass).await;
        sleep(pause).await;
    }
}

/// Rows of each table.
type Sizes = BTreeMap<String, i64>;

async fn days(validator: &Validator, cycles: usize, sizes: &mut Vec<Sizes>) {
    for number in 0..cycles {
        match number * 3 / cycles {
            1 if (number - 1) * 3 / cycles == 0 => upgrade(validator, CommitScheme::Epochs),
            2 if (number - 1) * 3 / cycles == 1 => upgrade(validator, CommitScheme::Timelocked),
            _ => (),
        }
        let is_quiet = number / DAY % 2 == 1;
        let stop = validator.cycle().stop;
        if !is_quiet {
            misfortune(validator, number % DAY).await;
        }
        while i64::try_from(validator.subnet.node.block()).is_ok_and(|block| block <= stop) {
            sleep(BLOCK_TIME).await;
        }
        age(validator, MINUTES_OF_A_CYCLE);
        if number % DAY == DAY - 1 {
            for pass in ["backup-db", "evict"] {
                validator.run(pass).await;
            }
            let now = rows(&validator.db());
            let all: i64 = now.values().sum();
            println!("day {}: {all} rows", number / DAY + 1);
            sizes.push(now);
        }
    }
}

fn upgrade(validator: &Validator, scheme: CommitScheme) {
    println!("upgrade: {scheme:?}");
    validator.subnet.node.upgrade(scheme);
}

/// What goes wrong in a cycle, by its number in the day.
async fn misfortune(validator: &Validator, number: usize) {
    let subnet = &validator.subnet;
    let miner = &subnet.inhabitants[0];
    let half_a_cycle = BLOCK_TIME * 60;
    match number {
        2 => {
            subnet.node.fault(|faults| faults.stalled = true);
            sleep(half_a_cycle).await;
            subnet.node.fault(|faults| faults.stalled = false);
        }
        3 => {
            subnet.node.fault(|faults| faults.silent = true);
            sleep(half_a_cycle).await;
            subnet.node.fault(|faults| faults.silent = false);
        }
        4 => validator.restart(),
        5 => {
            subnet.facilitator.pause();
            sleep(half_a_cycle).await;
            subnet.facilitator.resume().expect("its port is free");
        }
        6 => subnet.node.set_axon(&miner.miner.hotkey(), None),
        7 => {
            let address = Some(miner.miner.address());
            subnet.node.set_axon(&miner.miner.hotkey(), address);
            subnet.node.cut_connections();
        }
        8 => subnet.node.deregister(&miner.miner.hotkey()),
        9 => subnet.node.register(
            miner.uid,
            &Neuron {
                hotkey: miner.miner.hotkey(),
                coldkey: Account::miners_coldkey().hotkey(),
                stake_tao: 0,
                axon: Some(miner.miner.address()),
                validator_permit: false,
            },
        ),
        _ => (),
    }
}

/// Makes all that is kept older, as if so much time had passed.
fn age(validator: &Validator, minutes: i64) {
    let db = Connection::open(validator.database()).expect("it opens");
    db.busy_timeout(Duration::from_secs(10)).expect("set");
    db.execute_batch("BEGIN IMMEDIATE")
        .expect("nobody holds it for long");
    for table in rows(&db).into_keys() {
        if NOT_AGED.contains(&table.as_str()) {
            continue;
        }
        for column in times(&db, &table) {
            let sql = format!(
                "UPDATE {table} SET {column} =
                     strftime('%Y-%m-%dT%H:%M:%f', {column}, '-{minutes} minutes') || '000Z'
                 WHERE {column} IS NOT NULL"
            );
            db.execute(&sql, []).expect("aged");
        }
    }
    db.execute_batch("COMMIT").expect("kept");
}

/// The columns of a table that hold times.
fn times(db: &Connection, table: &str) -> Vec<String> {
    let mut query = db
        .prepare("SELECT name FROM pragma_table_info(?1)")
        .expect("SQL");
    let columns = query.query_map([table], |row| row.get(0)).expect("rows");
    let columns = columns.map(|name| name.expect("text"));
    columns
        .filter(|name: &String| name.ends_with("_at") || name == "at" || name == "timestamp")
        .collect()
}

fn rows(db: &Connection) -> Sizes {
    let mut query = db
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        .expect("SQL");
    let tables = query.query_map([], |row| row.get(0)).expect("rows");
    tables
        .map(|table| {
            let table: String = table.expect("text");
            let count = format!("SELECT count(*) FROM {table}");
            let count = db.query_row(&count, [], |row| row.get(0));
            (table, count.expect("a number"))
        })
        .collect()
}

/// A late day adds as many rows as an early one, whatever the database holds by then.
fn assert_no_growth_per_pass(sizes: &[Sizes]) {
    let third = sizes.len() / 3;
    if third < 2 {
        return;
    }
    let grown = |table: &str, from: usize| sizes[from + third - 1][table] - sizes[from][table];
    for table in sizes[0].keys() {
        let (early, late) = (grown(table, third), grown(table, sizes.len() - third));
        let most = early * 3 / 2 + 100;
        assert!(
            late <= most,
            "{table}: {late} rows after {early}: {sizes:#?}"
        );
    }
}

/// Once all is past its time, what is left does not depend on how long the validator has lived.
async fn assert_bounded(validator: &Validator) {
    age(validator, 400 * 24 * 60);
    assert_eq!(validator.run("evict").await, End::Good);
    let left = rows(&validator.db());
    for (table, rows) in &left {
        let is_aged = !NOT_AGED.contains(&table.as_str());
        let is_bounded = *rows <= 250;
        assert!(!is_aged || is_bounded, "{table}: {left:#?}");
    }
}
