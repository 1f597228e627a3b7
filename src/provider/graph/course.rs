//! The way of one order: what is asked next, and what follows from each answer; pure.
//!
//! ```text
//! look ─▶ mark ─▶ move ─▶ done        look: where it is, and which categories it has
//!   └───────┴───────┴──▶ elsewhere    mark: one PATCH, whose answer is a look too
//! ```

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::GENERATION;
use super::refusal::{Kind, Refusal};
use super::reply::Message;
use crate::domain::folder::Place;
use crate::provider::{DisposeOutcome, Error, Order};

/// How often one step is tried.
const TRIES: u32 = 3;
/// How often another's change at the same moment is given way to.
const CONFLICTS: u32 = 3;

/// Where an original goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// With `/`.
    pub path: String,
    /// The folder's id.
    pub id: String,
}

/// What is asked next.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// Where is it?
    Look,
    /// A PATCH.
    Mark(Value),
    /// To the target.
    Move,
}

/// One order on its way.
#[derive(Debug)]
pub(super) struct Course {
    source: String,
    target: Option<Target>,
    mark_read: bool,
    categories: Vec<String>,
    /// A move may have been carried out without our knowing.
    unsure: bool,
    /// What a look found, as long as it holds.
    seen: Option<Message>,
    marked: bool,
    moved: bool,
    version: Option<String>,
    conflicts: u32,
    tries: u32,
    /// What became of it.
    pub outcome: Option<DisposeOutcome>,
}

impl Course {
    /// Of an order for a message that was found in the folder `source`.
    pub(super) fn new(order: &Order, source: &str, target: Option<Target>) -> Self {
        let target = target.filter(|target| target.id != source);
        let disposition = &order.disposition;
        let nothing = !disposition.mark_read && disposition.categories.is_empty() && target.is_none();
        Self {
            source: source.to_owned(),
            unsure: order.repeated && target.is_some(),
            target,
            mark_read: disposition.mark_read,
            categories: disposition.categories.clone(),
            seen: None,
            marked: false,
            moved: false,
            version: None,
            conflicts: 0,
            tries: 0,
            outcome: nothing.then_some(DisposeOutcome::Done { moved_to: None, version: None }),
        }
    }

    /// The folder that it is to be moved to.
    pub(super) fn target_id(&self) -> &str {
        self.target.as_ref().map_or("", |target| target.id.as_str())
    }

    /// What is asked next; None when it is at its end.
    pub(super) fn next(&self) -> Option<Step> {
        if self.outcome.is_some() {
            return None;
        }
        let marks = self.mark_read || !self.categories.is_empty();
        if self.seen.is_none() && (self.unsure || !self.categories.is_empty() || !marks) {
            return Some(Step::Look);
        }
        if marks && !self.marked {
            return Some(Step::Mark(self.patch()));
        }
        Some(Step::Move)
    }

    /// What is changed; the list of categories replaces the one that is there.
    fn patch(&self) -> Value {
        let mut patch = Map::new();
        if self.mark_read {
            patch.insert("isRead".to_owned(), json!(true));
        }
        if !self.categories.is_empty() {
            let mut all = self.seen.as_ref().and_then(|seen| seen.categories.clone()).unwrap_or_default();
            for category in &self.categories {
                if !all.iter().any(|known| known.eq_ignore_ascii_case(category)) {
                    all.push(category.clone());
                }
            }
            patch.insert("categories".to_owned(), json!(all));
        }
        Value::Object(patch)
    }

    /// The step was carried out; the answer is the message as it is now.
    pub(super) fn done(&mut self, step: &Step, message: Message) {
        self.tries = 0;
        self.version = message.version().or(self.version.take());
        if *step == Step::Move {
            return self.end(Some(message.id));
        }
        let marking = matches!(step, Step::Mark(_));
        self.marked |= marking;
        let is_here = message.parent_folder_id.as_deref() == Some(self.source.as_str());
        let is_there = self
            .target
            .as_ref()
            .is_some_and(|target| message.parent_folder_id.as_deref() == Some(&target.id));
        self.moved = is_there && self.unsure;
        if !is_here && !self.moved {
            if marking && message.parent_folder_id.is_none() {
                // Marked, and not told where.
                return self.unsure_where();
            }
            self.outcome = Some(elsewhere(marking));
            return;
        }
        let marks = self.mark_read || !self.categories.is_empty();
        let id = message.id.clone();
        self.seen = Some(message);
        if self.moved && (self.marked || !marks) {
            self.end(Some(id));
        } else if self.target.is_none() && self.marked {
            self.end(None);
        }
    }

    fn unsure_where(&mut self) {
        if self.target.is_none() {
            return self.end(None);
        }
        self.seen = None;
        self.unsure = true;
    }

    fn end(&mut self, id: Option<String>) {
        let place = self.target.as_ref().map(|target| Place {
            folder: target.path.clone(),
            generation: Some(GENERATION.to_owned()),
            source_id: id.filter(|id| !id.is_empty()),
        });
        self.outcome = Some(DisposeOutcome::Done { moved_to: place, version: self.version.clone() });
    }

    /// The step was refused. How long to wait before the next, if at all.
    pub(super) fn refused(&mut self, step: &Step, refusal: Refusal) -> Option<Duration> {
        let after = refusal.after;
        match refusal.kind {
            Kind::ItemGone => self.outcome = Some(vanished()),
            Kind::Conflict if self.conflicts < CONFLICTS => {
                self.conflicts += 1;
                self.look_again(*step == Step::Move);
            }
            Kind::Throttled if self.tries + 1 < TRIES => {
                self.tries += 1;
                return after;
            }
            kind if kind.is_unclear() && self.tries + 1 < TRIES => {
                self.tries += 1;
                if *step == Step::Move {
                    self.look_again(true);
                }
                return after;
            }
            Kind::FolderGone if *step == Step::Move => {
                let folder = self.target.as_ref().map(|target| target.path.clone()).unwrap_or_default();
                self.outcome = Some(DisposeOutcome::Refused(Arc::new(Error::FolderNotFound { folder })));
            }
            _ => self.outcome = Some(DisposeOutcome::Refused(Arc::new(Error::Graph(refusal)))),
        }
        None
    }

    /// It is unknown whether the step was carried out: false when that was tried often enough.
    pub(super) fn lost(&mut self, step: &Step) -> bool {
        self.tries += 1;
        if *step == Step::Move {
            self.look_again(true);
        }
        self.tries < TRIES
    }

    fn look_again(&mut self, moved_perhaps: bool) {
        self.seen = None;
        self.unsure |= moved_perhaps;
        // Without a target and without categories the mark is simply made again.
        self.marked &= moved_perhaps;
    }
}

/// Nothing bears the id any more.
pub(super) fn vanished() -> DisposeOutcome {
    DisposeOutcome::Elsewhere("The original is no longer in the mailbox: someone else deleted it.".to_owned())
}

fn elsewhere(marked: bool) -> DisposeOutcome {
    let note = if marked {
        "The original is no longer in the folder: someone else moved it. It was marked where it is now, and left there."
    } else {
        "The original is no longer in the folder: someone else moved it."
    };
    DisposeOutcome::Elsewhere(note.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::handling::{Disposition, OriginalFate};

    fn course(disposition: Disposition, repeated: bool) -> Course {
        let target = (disposition.original != OriginalFate::Keep)
            .then(|| Target { path: "Done".to_owned(), id: "there".to_owned() });
        let order = Order {
            generation: GENERATION.to_owned(),
            source_id: "m".to_owned(),
            internet_message_id: None,
            size: 1,
            disposition,
            repeated,
        };
        Course::new(&order, "here", target)
    }

    fn moving(mark_read: bool) -> Disposition {
        Disposition {
            mark_read,
            original: OriginalFate::Move,
            folder: Some("Done".to_owned()),
            categories: Vec::new(),
        }
    }

    fn at(folder: &str) -> Message {
        serde_json::from_value(json!({
            "id": "m2", "parentFolderId": folder, "changeKey": "k", "categories": ["Blue"],
        }))
        .unwrap()
    }

    fn refusal(kind: Kind) -> Refusal {
        Refusal { kind, code: "x".to_owned(), request_id: None, after: None }
    }

    /// Answers each step with a message in the folder given for it; the steps that were asked.
    fn walk(course: &mut Course, folders: &[&str]) -> Vec<Step> {
        let mut steps = Vec::new();
        for folder in folders {
            let step = course.next().unwrap();
            course.done(&step, at(folder));
            steps.push(step);
        }
        assert!(course.next().is_none(), "{course:?}");
        steps
    }

    fn read() -> Step {
        Step::Mark(json!({ "isRead": true }))
    }

    fn is_moved(course: &Course) -> bool {
        matches!(&course.outcome, Some(DisposeOutcome::Done { moved_to: Some(place), .. })
            if place.folder == "Done" && place.source_id.as_deref() == Some("m2"))
    }

    fn is_elsewhere(course: &Course) -> bool {
        matches!(course.outcome, Some(DisposeOutcome::Elsewhere(_)))
    }

    #[test]
    fn marking_is_one_request_and_its_answer_tells_the_version() {
        let mut course = course(Disposition::READ, false);
        assert_eq!(walk(&mut course, &["here"]), [read()]);
        let Some(DisposeOutcome::Done { moved_to: None, version }) = course.outcome else { panic!() };
        assert_eq!(version.as_deref(), Some("k"));
    }

    #[test]
    fn nothing_to_do_asks_nothing() {
        assert!(course(Disposition::KEEP, true).next().is_none());
    }

    #[test]
    fn a_move_follows_the_mark_whose_answer_says_where_the_message_is() {
        let mut marked = course(moving(true), false);
        assert_eq!(walk(&mut marked, &["here", "there"]), [read(), Step::Move]);
        assert!(is_moved(&marked));
        let mut unmarked = course(moving(false), false);
        assert_eq!(walk(&mut unmarked, &["here", "there"]), [Step::Look, Step::Move]);
        assert!(is_moved(&unmarked));
    }

    #[test]
    fn what_someone_else_moved_is_not_moved_even_if_to_our_target() {
        for folder in ["theirs", "there"] {
            for mark_read in [true, false] {
                let mut course = course(moving(mark_read), false);
                walk(&mut course, &[folder]);
                assert!(is_elsewhere(&course), "{folder} {course:?}");
            }
        }
    }

    #[test]
    fn a_repeated_order_looks_first_and_finds_what_was_done() {
        let mut course = self::course(moving(true), true);
        assert_eq!(walk(&mut course, &["there", "there"]), [Step::Look, read()]);
        assert!(is_moved(&course));
        let mut again = self::course(moving(true), true);
        assert_eq!(walk(&mut again, &["here", "here", "there"]), [Step::Look, read(), Step::Move]);
        let mut theirs = self::course(moving(true), true);
        walk(&mut theirs, &["theirs"]);
        assert!(is_elsewhere(&theirs));
    }

    #[test]
    fn a_move_whose_answer_is_lost_is_looked_for_and_never_sent_blindly() {
        for (found, done) in [("there", true), ("theirs", false)] {
            let mut course = course(moving(true), false);
            course.done(&read(), at("here"));
            assert_eq!(course.next(), Some(Step::Move));
            assert!(course.lost(&Step::Move));
            assert_eq!(walk(&mut course, &[found]), [Step::Look]);
            assert_eq!((is_moved(&course), is_elsewhere(&course)), (done, !done));
        }
        let mut course = course(moving(true), false);
        course.done(&read(), at("here"));
        course.refused(&Step::Move, refusal(Kind::Busy));
        assert_eq!(walk(&mut course, &["here", "there"]), [Step::Look, Step::Move]);
        assert!(is_moved(&course));
    }

    #[test]
    fn categories_are_read_and_merged() {
        let categories = vec!["blue".to_owned(), "Red".to_owned()];
        let mut course = course(Disposition { categories, ..Disposition::READ }, false);
        let patch = json!({ "isRead": true, "categories": ["Blue", "Red"] });
        assert_eq!(walk(&mut course, &["here", "here"]), [Step::Look, Step::Mark(patch)]);
    }

    #[test]
    fn a_conflict_is_given_way_to_three_times() {
        let mut course = course(Disposition::READ, false);
        for _ in 0..3 {
            let step = course.next().unwrap();
            course.refused(&step, refusal(Kind::Conflict));
        }
        let step = course.next().unwrap();
        course.refused(&step, refusal(Kind::Conflict));
        assert!(matches!(course.outcome, Some(DisposeOutcome::Refused(_))));
    }

    #[test]
    fn a_throttled_step_is_repeated_after_the_time_that_was_asked_for() {
        let mut course = course(moving(true), false);
        course.done(&read(), at("here"));
        let after = Some(Duration::from_secs(2));
        assert_eq!(course.refused(&Step::Move, Refusal { after, ..refusal(Kind::Throttled) }), after);
        assert_eq!(course.next(), Some(Step::Move), "nothing was done, so nothing is looked for");
    }

    #[test]
    fn one_that_vanished_is_elsewhere() {
        let mut course = course(Disposition::READ, false);
        course.refused(&read(), refusal(Kind::ItemGone));
        assert!(is_elsewhere(&course));
    }
}
