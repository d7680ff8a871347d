//! The SQLite file: the only place with SQL outside of `sql/`.
