//! Backups: when, how large, where.

use maud::Markup;

use super::table::{Cell, Row, number, rows, table, text};
use super::words::{minute, size};
use super::{Section, nothing};
use crate::report::figures::{Backup, Elsewhere, Newest};

pub(super) fn section(backups: &Newest<Backup>) -> Section {
    Section {
        id: "backups",
        title: "Backups",
        inside: match backups.rows.is_empty() {
            true => nothing("No backup was made in this time."),
            false => newest(backups),
        },
    }
}

fn newest(backups: &Newest<Backup>) -> Markup {
    let columns = [
        text("made_at", "Made at"),
        text("name", "File"),
        number("bytes", "Size"),
        text("folder", "Folder"),
        text("copies", "Elsewhere"),
        text("verified_at", "Found whole"),
    ];
    let row = |backup: &Backup| Row {
        key: backup.name.clone(),
        cells: vec![
            Cell::new(backup.made_at.to_rfc3339(), &minute(backup.made_at)),
            Cell::plain(&backup.name),
            Cell::new(backup.bytes, &size(backup.bytes)),
            Cell::new(&backup.folder, &folder(backup)).long(),
            Cell::plain(copies(backup))
                .long()
                .bad_if(backup.copies.iter().any(|copy| copy.outcome == "failed")),
            Cell::maybe(backup.verified_at.map(|at| at.to_rfc3339()), |_| {
                backup.verified_at.map(minute).unwrap_or_default()
            }),
        ],
    };
    table("backups", &columns, rows(backups, row), "backup")
}

fn folder(backup: &Backup) -> String {
    match backup.removed_at {
        Some(at) => format!("removed {}", minute(at)),
        None => backup.folder.clone(),
    }
}

fn copies(backup: &Backup) -> String {
    let copy = |copy: &Elsewhere| match copy.finding.as_str() {
        "" => format!("{} {}", copy.target, copy.outcome),
        finding => format!("{} {}: {finding}", copy.target, copy.outcome),
    };
    let copies: Vec<String> = backup.copies.iter().map(copy).collect();
    copies.join(", ")
}
