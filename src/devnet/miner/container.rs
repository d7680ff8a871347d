//! What a job's container would do, by the name of its image: echo its arguments, sleep, fail,
//! make prompts or answer them. Any other job is taken for a hash job.

use std::time::Duration;

use super::llm::{self, Cheat, Files};
use super::solver::solve;
use super::upload::upload;
use crate::hashjob::payload::unpack;
use crate::wire::{OutputUpload, Volume};

/// What the container would be started with.
#[derive(Debug, Clone, Default)]
pub(super) struct Task {
    pub(super) docker_image: String,
    pub(super) volume: Option<Volume>,
    pub(super) docker_run_cmd: Vec<String>,
    pub(super) output_upload: Option<OutputUpload>,
    pub(super) cheat: Option<Cheat>,
}

/// How its process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Exit {
    pub(super) status: i64,
    pub(super) stdout: String,
    pub(super) stderr: String,
    /// Output beside what it printed.
    pub(super) files: Files,
}

impl Exit {
    fn good(stdout: String) -> Self {
        Self {
            status: 0,
            stdout,
            stderr: String::new(),
            files: Files::new(),
        }
    }

    fn bad(stderr: impl ToString) -> Self {
        Self {
            status: 1,
            stdout: String::new(),
            stderr: stderr.to_string(),
            files: Files::new(),
        }
    }

    fn of_files(made: Result<Files, String>) -> Self {
        match made {
            Ok(files) => Self {
                files,
                ..Self::good("done".to_owned())
            },
            Err(error) => Self::bad(error),
        }
    }
}

/// Runs a job to its end, the upload of its output included.
pub(super) async fn run(task: Task) -> Exit {
    let (output_upload, cheat) = (task.output_upload.clone(), task.cheat.clone());
    let exit = run_process(task).await;
    match (output_upload, cheat) {
        (Some(_), Some(Cheat::NoUpload)) => exit,
        (Some(to), Some(Cheat::LateUpload(by))) if exit.status == 0 => {
            let late = exit.clone();
            tokio::spawn(async move {
                tokio::time::sleep(by).await;
                // it has cheated, and there is nobody to tell
                let _ = upload(&to, &late).await;
            });
            exit
        }
        (Some(to), _) if exit.status == 0 => match upload(&to, &exit).await {
            Ok(()) => exit,
            Err(error) => Exit::bad(error),
        },
        _ => exit,
    }
}

async fn run_process(task: Task) -> Exit {
    let is = |name| task.docker_image.contains(name);
    if is("echo") {
        Exit::good(echo(&task.docker_run_cmd, task.volume.as_ref()))
    } else if is("fail") {
        Exit {
            status: 3,
            stdout: "began".to_owned(),
            stderr: "failed as its image says".to_owned(),
            files: Files::new(),
        }
    } else if is("sleep") {
        let Some((milliseconds, rest)) = task.docker_run_cmd.split_first() else {
            return Exit::bad("how many milliseconds?");
        };
        let Ok(milliseconds) = milliseconds.parse() else {
            return Exit::bad(format!("`{milliseconds}` are no milliseconds"));
        };
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        Exit::good(echo(rest, task.volume.as_ref()))
    } else if is("prompt-gen") {
        Exit::of_files(llm::generate(&task))
    } else if is("prompt-solver") {
        Exit::of_files(llm::solve(&task).await)
    } else {
        match tokio::task::spawn_blocking(move || solve(&task)).await {
            Ok(Ok(stdout)) => Exit::good(stdout),
            Ok(Err(error)) => Exit::bad(error),
            Err(panic) => Exit::bad(panic),
        }
    }
}

/// The arguments, or without any the `payload.txt` of the volume, if it is there.
fn echo(arguments: &[String], volume: Option<&Volume>) -> String {
    match volume {
        Some(Volume::Inline(packed)) if arguments.is_empty() => {
            unpack(&packed.contents).unwrap_or_default()
        }
        _ => arguments.join(" "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hashjob::payload::pack;

    fn task(docker_image: &str, arguments: &[&str]) -> Task {
        Task {
            docker_image: docker_image.to_owned(),
            docker_run_cmd: arguments.iter().map(|one| (*one).to_owned()).collect(),
            ..Task::default()
        }
    }

    #[tokio::test]
    async fn echo_prints_its_arguments_or_its_volume_or_nothing() {
        let mut task = task("some/echo:1", &["a", "b c"]);
        task.volume = Some(Volume::inline(pack("from the volume\n")));
        assert_eq!(run(task.clone()).await, Exit::good("a b c".to_owned()));
        task.docker_run_cmd.clear();
        let printed = Exit::good("from the volume\n".to_owned());
        assert_eq!(run(task.clone()).await, printed);
        for volume in [Some(Volume::inline(Volume::EMPTY_ZIP.to_owned())), None] {
            task.volume = volume;
            assert_eq!(run(task.clone()).await, Exit::good(String::new()));
        }
    }

    #[tokio::test]
    async fn fail_ends_with_a_status_of_its_own_and_both_texts() {
        let exit = run(task("some/fail:1", &["a"])).await;
        assert_eq!(exit.status, 3);
        assert!(!exit.stdout.is_empty() && !exit.stderr.is_empty());
    }

    #[tokio::test]
    async fn sleep_waits_and_echoes_the_rest() {
        let began = tokio::time::Instant::now();
        let exit = run(task("some/sleep:1", &["50", "a", "b"])).await;
        assert_eq!(exit, Exit::good("a b".to_owned()));
        assert!(began.elapsed() >= Duration::from_millis(50));
        for arguments in [&[] as &[&str], &["soon"]] {
            assert_eq!(run(task("some/sleep:1", arguments)).await.status, 1);
        }
    }

    #[tokio::test]
    async fn any_other_job_is_a_hash_job() {
        let exit = run(task("some/other:1", &["a"])).await;
        assert_eq!(exit, Exit::bad("the job is not a hash job"));
    }
}
