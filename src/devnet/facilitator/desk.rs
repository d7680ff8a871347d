//! Jobs that wait to be handed out, and who may take them: the newest of the connections that
//! are authenticated, since older ones may be dead without knowing.

use std::collections::{BTreeSet, VecDeque};

use super::Order;

#[derive(Debug, Default)]
pub(super) struct Desk {
    waiting: VecDeque<Order>,
    /// Numbers of authenticated connections.
    serving: BTreeSet<usize>,
}

impl Desk {
    pub(super) fn order(&mut self, order: Order) {
        self.waiting.push_back(order);
    }

    /// An order that did not reach the validator is the next one again, once.
    pub(super) fn put_back(&mut self, order: Order) {
        if self.waiting.front() != Some(&order) {
            self.waiting.push_front(order);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn serve(&mut self, connection: usize) {
        self.serving.insert(connection);
    }

    pub(super) fn leave(&mut self, connection: usize) {
        self.serving.remove(&connection);
    }

    /// The next order, if it is this connection's turn.
    pub(super) fn take(&mut self, connection: usize) -> Option<Order> {
        let is_newest = self.serving.last() == Some(&connection);
        is_newest.then(|| self.waiting.pop_front()).flatten()
    }
}
