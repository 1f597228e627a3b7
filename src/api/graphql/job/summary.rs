//! A job's handling, in a sentence for people.

use crate::domain::handling::{Disposition, Handling, OriginalFate};

/// What happens to the originals, e.g. 'Processed mail is marked read and stays where it is; ignored and failed mail
/// is left alone.'
pub fn handling(handling: Option<&Handling>) -> String {
    let Some(handling) = handling else {
        return "Mail is only watched: nothing is fetched and the originals are left alone.".to_owned();
    };
    let mut groups: Vec<(Vec<&str>, &Disposition)> = Vec::new();
    for (outcome, disposition) in [
        ("processed", &handling.on_success),
        ("ignored", &handling.on_ignored),
        ("failed", &handling.on_failure),
    ] {
        match groups.iter_mut().find(|(_, known)| *known == disposition) {
            Some((outcomes, _)) => outcomes.push(outcome),
            None => groups.push((vec![outcome], disposition)),
        }
    }
    let clauses: Vec<_> = groups
        .iter()
        .map(|(outcomes, disposition)| {
            let whose = if outcomes.len() == 3 { "all".to_owned() } else { outcomes.join(" and ") };
            format!("{whose} mail {}", what(disposition))
        })
        .collect();
    let mut sentence = capitalised(&clauses.join("; "));
    sentence.push('.');
    let ends = [&handling.on_success, &handling.on_ignored, &handling.on_failure];
    if handling.grace_hours > 0 && ends.iter().any(|end| end.original != OriginalFate::Keep) {
        let hours = if handling.grace_hours == 1 { "hour" } else { "hours" };
        sentence.push_str(&format!(" Moving and deleting wait {} {hours}.", handling.grace_hours));
    }
    if handling.purge_at_end_of_run && ends.iter().any(|end| end.original == OriginalFate::Delete) {
        sentence.push_str(" What was deleted is removed for good at the end of the run.");
    }
    sentence
}

fn what(disposition: &Disposition) -> String {
    if disposition.is_nothing() {
        return "is left alone".to_owned();
    }
    let mut acts = Vec::new();
    if disposition.mark_read {
        acts.push("is marked read".to_owned());
    }
    if !disposition.categories.is_empty() {
        acts.push(format!("gets the categories {}", disposition.categories.join(", ")));
    }
    acts.push(match (disposition.original, disposition.folder.as_deref()) {
        (OriginalFate::Keep, _) => "stays where it is".to_owned(),
        (OriginalFate::Move, Some(folder)) => format!("is moved to {folder}"),
        (OriginalFate::Move, None) => "is moved".to_owned(),
        (OriginalFate::Delete, _) => "is deleted".to_owned(),
    });
    match acts.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => acts.concat(),
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_handling_reads_as_a_sentence() {
        assert_eq!(
            handling(Some(&Handling::default())),
            "Processed mail is marked read and stays where it is; ignored and failed mail is left alone."
        );
    }

    #[test]
    fn moving_deleting_and_purging_are_told() {
        let moved = Disposition {
            mark_read: true,
            original: OriginalFate::Move,
            folder: Some("Done/2026".into()),
            categories: vec!["mailroom".into()],
        };
        let deleted = Disposition { original: OriginalFate::Delete, ..Disposition::KEEP };
        let all = Handling {
            on_success: moved,
            on_ignored: deleted,
            on_failure: Disposition::KEEP,
            purge_at_end_of_run: true,
            grace_hours: 24,
        };
        assert_eq!(
            handling(Some(&all)),
            "Processed mail is marked read, gets the categories mailroom and is moved to Done/2026; ignored mail is \
             deleted; failed mail is left alone. Moving and deleting wait 24 hours. What was deleted is removed for \
             good at the end of the run."
        );
    }

    #[test]
    fn a_job_without_handling_only_watches() {
        assert!(handling(None).starts_with("Mail is only watched"));
    }
}
