//! Stage 3: makes one job per executor and writes its messages. Costs CPU, so it runs aside.

use chrono::Timelike;

use super::BatchInput;
use super::job::Job;
use super::llm::LlmTask;
use crate::hashjob;
use crate::miner::Executors;
use crate::wire::ExecutorClass;

/// A job has some 60 KiB in three copies while it is made; so many are made at once.
const AT_ONCE: usize = 256;

/// The jobs of each miner, in the order of `miners`. Blocks, and uses all cores.
///
/// There is one of `llm` for each LLM executor, or there are none and LLM executors get no job.
pub(super) fn jobs(
    input: &BatchInput,
    miners: &[(String, Executors)],
    llm: Vec<LlmTask>,
) -> Vec<Vec<Job>> {
    let mut wanted: Vec<(usize, &str, ExecutorClass)> = Vec::new();
    for (index, (hotkey, executors)) in miners.iter().enumerate() {
        for (class, count) in executors.iter().filter(|(class, _)| !class.is_llm()) {
            wanted.extend((0..*count).map(|_| (index, hotkey.as_str(), *class)));
        }
    }
    let mut jobs: Vec<Vec<Job>> = miners.iter().map(|_| Vec::new()).collect();
    for part in wanted.chunks(AT_ONCE) {
        let hotkeys: Vec<&str> = part.iter().map(|(_, hotkey, _)| *hotkey).collect();
        let hour = input.now.hour();
        let version = input.dance.weights_version;
        let made = hashjob::generate_all(version, &hotkeys, hour, input.hash_size);
        for ((index, _, class), job) in part.iter().zip(made) {
            jobs[*index].push(Job::hash(*class, job));
        }
    }
    let llm_executors = miners
        .iter()
        .enumerate()
        .flat_map(|(index, (_, executors))| {
            let counts = executors.iter().filter(|(class, _)| class.is_llm());
            counts.flat_map(move |(class, count)| (0..*count).map(move |_| (index, *class)))
        });
    for ((index, class), task) in llm_executors.zip(llm) {
        jobs[index].push(Job::llm(class, task.job, task.test));
    }
    jobs
}
