//! Parameters that an operator pins: a pinned value wins over what is published until it is
//! unpinned. Says what was in force before and what is now.

use chrono::{DateTime, Utc};

use crate::params::{InForce, Parameter, Setting, Source, in_force, overview};
use crate::store::{Store, StoreError};

/// What an act of the operator did to one parameter.
#[derive(Debug, Clone)]
pub struct Change {
    pub before: InForce,
    pub now: InForce,
}

impl Change {
    /// Whether the passes find another value than before.
    pub fn is_felt(&self) -> bool {
        self.before.setting != self.now.setting
    }
}

/// Every parameter with its value in force.
pub fn all(store: &Store, is_migrating: bool) -> Result<Vec<InForce>, StoreError> {
    Ok(overview(&store.params_since()?, is_migrating))
}

/// One of them.
pub fn one(
    store: &Store,
    parameter: &'static Parameter,
    is_migrating: bool,
) -> Result<InForce, StoreError> {
    Ok(in_force(parameter, &store.params_since()?, is_migrating))
}

/// `setting` is a value of this parameter.
pub fn pin(
    store: &mut Store,
    parameter: &'static Parameter,
    setting: &Setting,
    is_migrating: bool,
    now: DateTime<Utc>,
) -> Result<Change, StoreError> {
    change(store, parameter, is_migrating, |store| {
        store.store_param(parameter.name, Source::Pinned, &setting.into(), now)
    })
}

/// One that is not pinned stays as it is.
pub fn unpin(
    store: &mut Store,
    parameter: &'static Parameter,
    is_migrating: bool,
) -> Result<Change, StoreError> {
    change(store, parameter, is_migrating, |store| {
        store.unpin_param(parameter.name).map(drop)
    })
}

fn change(
    store: &mut Store,
    parameter: &'static Parameter,
    is_migrating: bool,
    act: impl FnOnce(&mut Store) -> Result<(), StoreError>,
) -> Result<Change, StoreError> {
    let before = one(store, parameter, is_migrating)?;
    act(store)?;
    let now = one(store, parameter, is_migrating)?;
    Ok(Change { before, now })
}
