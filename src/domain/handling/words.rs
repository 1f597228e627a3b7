//! What happens to the mail, in a sentence for people.

use super::{Disposition, Handling, OriginalFate};
use crate::domain::job::Selection;

/// Of a job without a handling.
pub const ONLY_WATCHED: &str = "Mail is only watched: nothing is fetched and the originals are left alone.";
/// Why an outcome can't be what it is with the selection UNREAD.
pub const ENDLESS: &str =
    "With the selection UNREAD this outcome would be taken again and again: mark read, move or delete here.";

impl Disposition {
    /// Whether a job of that selection would take the same mail again for ever.
    pub const fn is_endless(&self, selection: Selection) -> bool {
        matches!(selection, Selection::Unread)
            && !self.mark_read
            && matches!(self.original, OriginalFate::Keep)
    }
}

impl Handling {
    /// What happens to the originals, e.g. 'Processed mail is marked read and stays where it is; ignored and failed mail
    /// stays unread where it is.'
    pub fn summary(&self, selection: Selection) -> String {
        let outcomes =
            [("processed", &self.on_success), ("ignored", &self.on_ignored), ("failed", &self.on_failure)];
        let mut groups: Vec<(Vec<&str>, &Disposition)> = Vec::new();
        for (outcome, disposition) in outcomes {
            match groups.iter_mut().find(|(_, known)| *known == disposition) {
                Some((outcomes, _)) => outcomes.push(outcome),
                None => groups.push((vec![outcome], disposition)),
            }
        }
        let clauses: Vec<_> = groups
            .iter()
            .map(|(outcomes, disposition)| {
                let whose = if outcomes.len() == 3 { "all".to_owned() } else { outcomes.join(" and ") };
                format!("{whose} mail {}", self.words(disposition))
            })
            .collect();
        let mut sentence = capitalised(&clauses.join("; "));
        sentence.push('.');
        let comes_again = |end: &Disposition| end.mark_read && end.original == OriginalFate::Keep;
        if selection == Selection::Unread && outcomes.iter().any(|(_, end)| comes_again(end)) {
            sentence.push_str(" What someone marks unread again is processed again.");
        }
        sentence
    }

    /// What happens to an original with that disposition, e.g. 'is marked read and stays where it is'.
    pub fn words(&self, disposition: &Disposition) -> String {
        let Disposition { mark_read, original, folder, categories } = disposition;
        let mut acts = Vec::new();
        if *mark_read {
            acts.push("is marked read".to_owned());
        }
        if !categories.is_empty() {
            acts.push(format!("gets the categories {}", categories.join(", ")));
        }
        let after = match self.grace_hours {
            0 => String::new(),
            1 => " after an hour".to_owned(),
            hours => format!(" after {hours} hours"),
        };
        let unread = if *mark_read { "" } else { ", unread" };
        acts.push(match (original, folder.as_deref()) {
            (OriginalFate::Keep, _) if *mark_read => "stays where it is".to_owned(),
            (OriginalFate::Keep, _) => "stays unread where it is".to_owned(),
            (OriginalFate::Move, Some(folder)) => format!("is moved to {folder}{after}{unread}"),
            (OriginalFate::Move, None) => format!("is moved{after}{unread}"),
            (OriginalFate::Delete, _) if self.purge_at_end_of_run => {
                format!("is gone for good{after}, at the end of the run")
            }
            (OriginalFate::Delete, _) => format!("lies in the deleted items{after}{unread}"),
        });
        match acts.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
            _ => acts.concat(),
        }
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
        let sentence = "Processed mail is marked read and stays where it is; ignored and failed mail stays unread where it is.";
        assert_eq!(Handling::default().summary(Selection::New), sentence);
        let again = format!("{sentence} What someone marks unread again is processed again.");
        assert_eq!(Handling::default().summary(Selection::Unread), again);
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
        let mut all = Handling {
            on_success: moved,
            on_ignored: deleted,
            on_failure: Disposition::KEEP,
            purge_at_end_of_run: true,
            grace_hours: 24,
        };
        let moved = "Processed mail is marked read, gets the categories mailroom and is moved to Done/2026 after 24 hours";
        assert_eq!(
            all.summary(Selection::Unread),
            format!(
                "{moved}; ignored mail is gone for good after 24 hours, at the end of the run; failed mail stays unread \
                 where it is."
            )
        );
        all.purge_at_end_of_run = false;
        assert!(
            all.summary(Selection::New)
                .contains("ignored mail lies in the deleted items after 24 hours, unread;")
        );
    }
}
