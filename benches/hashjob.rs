//! How long a batch's jobs take to make: 2,048 of full size, on all cores.

use criterion::{Criterion, criterion_group, criterion_main};
use horde_validator::hashjob::{generate, generate_all};
use horde_validator::params::WeightsVersion;

const MINER: &str = "5HBVrFGy6oYhhh71m9fFGYD7zbKyAeHnWN8i8s9fJTBMCtEE";

fn jobs(criterion: &mut Criterion) {
    criterion.bench_function("one chained job", |bencher| {
        bencher.iter(|| generate(WeightsVersion::V4, MINER, 0, None));
    });
    let mut group = criterion.benchmark_group("batch");
    group.sample_size(10);
    let miners = vec![MINER; 2_048];
    group.bench_function("2048 chained jobs", |bencher| {
        bencher.iter(|| generate_all(WeightsVersion::V4, &miners, 0, None));
    });
    group.finish();
}

criterion_group!(benches, jobs);
criterion_main!(benches);
