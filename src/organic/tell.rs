//! What the facilitator is told about a job (spec: organic jobs, status updates).

use super::ended::Ended;
use crate::miner::Final;
use crate::wire::ToFacilitator;
use crate::wire::facilitator::{JobStatus, JobStatusMetadata, JobStatusUpdate, MinerResponse};

/// The executor is ready, the job is on its way to it.
pub(super) fn accepted(uuid: &str) -> ToFacilitator {
    update(
        uuid,
        JobStatus::Accepted,
        "the miner accepted the job",
        Some("V0ExecutorReadyRequest"),
        ("", ""),
    )
}

pub(super) fn ended(uuid: &str, ended: &Ended) -> ToFacilitator {
    let cause = match ended.answer {
        Some(Final::Finished(_)) => Some("V0JobFinishedRequest"),
        Some(Final::Failed(_)) => Some("V0JobFailedRequest"),
        None => None,
    };
    update(
        uuid,
        ended.verdict.status(),
        &ended.comment,
        cause,
        ended.outputs(),
    )
}

fn update(
    uuid: &str,
    status: JobStatus,
    comment: &str,
    message_type: Option<&str>,
    (stdout, stderr): (&str, &str),
) -> ToFacilitator {
    ToFacilitator::JobStatus(JobStatusUpdate {
        uuid: uuid.to_owned(),
        status,
        metadata: Some(JobStatusMetadata {
            comment: comment.to_owned(),
            miner_response: Some(MinerResponse {
                job_uuid: uuid.to_owned(),
                message_type: message_type.map(str::to_owned),
                docker_process_stderr: stderr.to_owned(),
                docker_process_stdout: stdout.to_owned(),
            }),
        }),
    })
}
