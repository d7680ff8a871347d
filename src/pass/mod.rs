//! What every subcommand needs: settings, store, lock, record, outcome.
