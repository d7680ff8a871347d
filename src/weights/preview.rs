//! What a dry run shows: the weights that would be written now, and the reason for each.

use serde_json::json;

use super::draft::{draft, due_batch, nobody_in};
use super::pass::{View, Writing};
use super::window::not_yet;
use crate::pass::{Failure, Outcome};

/// Shows what the pass would decide now, without storing or sending anything.
pub(super) async fn preview(writing: &mut Writing<'_>, view: &View) -> Result<Outcome, Failure> {
    let Some((batch, older)) = due_batch(writing, view)? else {
        return Ok(Outcome::idle("no finished batch waits for weights"));
    };
    let draft = draft(writing, view, &batch).await?;
    let mut report = vec![format!(
        "{:<48}  {:>4}  {:>10}  {:>6}  why",
        "hotkey", "uid", "score", "weight"
    )];
    report.extend(draft.decision.lines.iter().map(|line| {
        let uid = line
            .uid
            .map_or_else(|| "-".to_owned(), |uid| uid.to_string());
        let reason = line.standing.reason();
        format!(
            "{:<48}  {uid:>4}  {:>10.6}  {:>6}  {reason}",
            line.hotkey, line.score, line.weight
        )
    }));
    let reason = not_yet(writing, view, draft.new.way);
    let reason = reason.or_else(|| draft.new.entries.is_empty().then(|| nobody_in(batch.id)));
    let summary = match reason {
        Some(reason) => format!("batch {}: {reason}; nothing was sent", batch.id.number()),
        None => format!(
            "batch {} would be written ({}), {} uids; nothing was sent",
            batch.id.number(),
            draft.new.way.name(),
            draft.new.entries.len()
        ),
    };
    let details = json!({
        "dry_run": true,
        "batch": batch.id.number(),
        "superseded": older.iter().map(|id| id.number()).collect::<Vec<_>>(),
        "way": draft.new.way.name(),
        "weights": draft.new.basis["miners"],
    });
    Ok(Outcome::done(summary)
        .with_details(details)
        .with_report(report))
}
