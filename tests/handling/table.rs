//! The page about handling says what the API says.

use std::path::Path;

use mailroom::domain::handling::{Disposition, ENDLESS, Handling, OriginalFate};
use mailroom::domain::job::Selection;

/// Every combination of one outcome, in the words of the code.
fn table() -> String {
    let mut lines = vec![
        "| selection | mark read | original | purge | grace | what happens: the mail … |".to_owned(),
        "|---|---|---|---|---|---|".to_owned(),
    ];
    let yes = |it: bool| if it { "yes" } else { "no" };
    for selection in [Selection::New, Selection::Unread] {
        for mark_read in [false, true] {
            for original in OriginalFate::ALL.iter().copied() {
                for purges in [false, true] {
                    for grace_hours in [0, 24] {
                        let moves = original != OriginalFate::Keep;
                        let deletes = original == OriginalFate::Delete;
                        // What is not moved does not wait, and what is not deleted is not purged.
                        if (purges && !deletes) || (grace_hours > 0 && !moves) {
                            continue;
                        }
                        let folder = (original == OriginalFate::Move).then(|| "Done".to_owned());
                        let wanted = Disposition { mark_read, original, folder, categories: Vec::new() };
                        let handling =
                            Handling { purge_at_end_of_run: purges, grace_hours, ..Handling::default() };
                        let words = if wanted.is_endless(selection) {
                            format!("refused: {ENDLESS}")
                        } else {
                            let all = Handling {
                                on_success: wanted.clone(),
                                on_ignored: wanted.clone(),
                                on_failure: wanted.clone(),
                                ..handling
                            };
                            let sentence = all.summary(selection);
                            sentence.strip_prefix("All mail ").unwrap().to_owned()
                        };
                        lines.push(format!(
                            "| {selection} | {} | {original} | {} | {} | {words} |",
                            yes(mark_read),
                            if deletes { yes(purges) } else { "–" },
                            if moves { grace_hours.to_string() } else { "–".to_owned() },
                        ));
                    }
                }
            }
        }
    }
    lines.join("\n")
}

#[test]
fn the_page_has_the_table_of_all_combinations() {
    let page =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/handling.md")).unwrap();
    let table = table();
    assert!(page.contains(&table), "docs/handling.md is to have this table:\n\n{table}");
}
