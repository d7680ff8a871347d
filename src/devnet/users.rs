//! Users of the local subnet: they order a job every so often, of honest miners in turn.

use std::convert::Infallible;
use std::time::Duration;

use uuid::Uuid;

use super::facilitator::Order;
use super::miner::Behaviour;
use super::subnet::{CLASS, Subnet};
use crate::hashjob::payload::pack;
use crate::wire::Volume;
use crate::wire::facilitator::{JobRequestV0, JobRequestV1};

const IMAGE: &str = "devnet/echo:latest";

impl Subnet {
    /// Has a job handed out at once, and the next one so long after a validator has taken it.
    pub async fn order_jobs(&self, every: Duration) -> Infallible {
        for number in 0.. {
            if let Some(order) = self.order(number) {
                self.facilitator.order(order);
            }
            self.facilitator.nothing_waits().await;
            tokio::time::sleep(every).await;
        }
        std::future::pending().await
    }

    /// The job of that number; `None` if nobody is honest.
    fn order(&self, number: usize) -> Option<Order> {
        let honest: Vec<_> = self
            .inhabitants
            .iter()
            .filter(|one| one.character.behaviour == Behaviour::Honest)
            .filter(|one| one.character.class == CLASS)
            .map(|one| one.miner.hotkey().to_string())
            .collect();
        // one of each kind for each miner
        let turn = (number / 2).checked_rem(honest.len())?;
        let miner = honest[turn].clone();
        let uuid = Uuid::new_v4().to_string();
        Some(if number.is_multiple_of(2) {
            let mut job = JobRequestV0::new(uuid, miner, IMAGE.to_owned());
            job.executor_class = CLASS;
            job.args = vec!["job".to_owned(), number.to_string()];
            job.into()
        } else {
            let mut job = JobRequestV1::new(uuid, miner, IMAGE.to_owned());
            job.executor_class = CLASS;
            job.volume = Some(Volume::inline(pack(&format!("volume of job {number}"))));
            job.into()
        })
    }
}
