//! Faults on demand: rules that say what becomes of which calls.
//!
//! | file | holds |
//! |---|---|
//! | `pattern` | paths, and what rules say of them |
//! | `rule` | which calls a rule is about, and what becomes of them |
//! | `around` | the layer around Graph and the token endpoint that does it |
//! | `body` | answers that come slowly, break off or never come |
//! | `scenario` | a file with switches and rules |

mod around;
mod body;
pub mod pattern;
mod rule;
mod scenario;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use around::around;
pub use rule::{Call, Fate, Mistake, Rule};
pub use scenario::{Scenario, ScenarioError};

use rule::Armed;

/// The rules of a sandbox. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// So that calls without any rule take no lock.
    any: AtomicBool,
    rules: Mutex<Rules>,
}

#[derive(Debug, Default)]
struct Rules {
    armed: Vec<Armed>,
    named: u64,
}

/// A rule and what it did.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The rule.
    pub rule: Rule,
    /// How many calls it was about.
    pub seen: u64,
    /// On how many of them it fell.
    pub used: u64,
}

impl Faults {
    /// Adds a rule, in place of one of the same name; the name that it has.
    pub fn add(&self, mut rule: Rule) -> Result<String, Mistake> {
        rule.check()?;
        let mut rules = self.lock();
        rules.named += 1;
        let name = rule.name.clone().unwrap_or_else(|| format!("rule-{}", rules.named));
        rule.name = Some(name.clone());
        rules.armed.retain(|armed| armed.rule.name.as_ref() != Some(&name));
        rules.armed.push(Armed::new(rule));
        self.0.any.store(true, Ordering::Release);
        Ok(name)
    }

    /// Takes a rule away; whether there was one of that name.
    pub fn remove(&self, name: &str) -> bool {
        let mut rules = self.lock();
        let before = rules.armed.len();
        rules.armed.retain(|armed| armed.rule.name.as_deref() != Some(name));
        self.0.any.store(!rules.armed.is_empty(), Ordering::Release);
        rules.armed.len() < before
    }

    /// Takes all rules away.
    pub fn clear(&self) {
        self.lock().armed.clear();
        self.0.any.store(false, Ordering::Release);
    }

    /// The rules, and what each did.
    pub fn list(&self) -> Vec<Report> {
        let report = |armed: &Armed| Report { rule: armed.rule.clone(), seen: armed.seen, used: armed.used };
        self.lock().armed.iter().map(report).collect()
    }

    /// Whether there is any rule.
    pub fn any(&self) -> bool {
        self.0.any.load(Ordering::Acquire)
    }

    /// The first rule that falls on a call; each that is about it counts it.
    pub fn strike(&self, call: &Call) -> Option<Rule> {
        let mut rules = self.lock();
        let falling: Vec<bool> = rules.armed.iter_mut().map(|armed| armed.falls_on(call)).collect();
        let first = falling.iter().position(|falls| *falls)?;
        let armed = rules.armed.get_mut(first)?;
        armed.used += 1;
        Some(armed.rule.clone())
    }

    /// When each copy of a notification is sent, from now on: none where it is dropped, two where it is doubled. The
    /// names are all that the tenant and the mailbox go by.
    pub fn notification(
        &self,
        tenant: &[String],
        app: Option<uuid::Uuid>,
        mailbox: &[String],
    ) -> Vec<Duration> {
        let now = Duration::ZERO;
        if !self.any() {
            return vec![now];
        }
        let (tenant, mailbox) = (tenant.to_vec(), mailbox.to_vec());
        let call = Call { tenant, app, mailbox, is_notification: true, ..Call::default() };
        let Some(rule) = self.strike(&call) else { return vec![now] };
        let late = Duration::from_millis(rule.delay_ms.unwrap_or_default());
        match rule.notification {
            Some(Fate::Drop) => vec![],
            Some(Fate::Double) => vec![now, late],
            Some(Fate::Delay) | None => vec![late],
        }
    }

    fn lock(&self) -> MutexGuard<'_, Rules> {
        self.0.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_falls_is_the_one() {
        let faults = Faults::default();
        let rule = |name: &str, status| Rule {
            name: Some(name.to_owned()),
            status: Some(status),
            count: Some(1),
            ..Rule::default()
        };
        faults.add(rule("a", 500)).unwrap();
        faults.add(rule("b", 503)).unwrap();
        let strike = || faults.strike(&Call::default()).and_then(|rule| rule.status);
        assert_eq!([strike(), strike(), strike()], [Some(500), Some(503), None]);
        assert_eq!(
            faults.list().iter().map(|report| (report.seen, report.used)).collect::<Vec<_>>(),
            [(3, 1), (3, 1)]
        );
        assert!(faults.remove("a") && !faults.remove("a") && faults.any());
        faults.clear();
        assert!(!faults.any());
    }

    #[test]
    fn notifications_are_dropped_doubled_and_late() {
        let faults = Faults::default();
        let send = || faults.notification(&[], None, &["a@x".to_owned()]);
        assert_eq!(send(), [Duration::ZERO]);
        for (fate, expected) in [(Fate::Drop, &[][..]), (Fate::Double, &[0, 50]), (Fate::Delay, &[50])] {
            let rule = Rule {
                notification: Some(fate),
                delay_ms: Some(50),
                mailbox: Some("A@x".to_owned()),
                count: Some(1),
                ..Rule::default()
            };
            faults.add(rule).unwrap();
            let times: Vec<Duration> = expected.iter().map(|ms| Duration::from_millis(*ms)).collect();
            assert_eq!(send(), times, "{fate:?}");
        }
        assert!(faults.strike(&Call { mailbox: vec!["a@x".to_owned()], ..Call::default() }).is_none());
    }
}
