//! A file with switches and rules, in TOML or JSON.

use std::path::Path;

use super::rule::{Mistake, Rule};
use crate::state::State;
use crate::switches::Switches;

/// What a scenario file holds.
#[derive(Debug, Clone, PartialEq, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Scenario {
    /// Switches that differ from their defaults.
    pub switches: Option<Switches>,
    /// Rules, in order: the first that falls on a call is the one.
    pub rules: Vec<Rule>,
    /// Apps, by client id, whose secrets have expired.
    pub lapsed: Vec<uuid::Uuid>,
}

/// Why a scenario can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The file can't be read.
    #[error("the scenario {0} can't be read")]
    Read(String, #[source] std::io::Error),
    /// It is not TOML, or says something that scenarios don't have.
    #[error("the scenario is not understood: {0}")]
    Toml(Box<toml::de::Error>),
    /// It is not JSON, or says something that scenarios don't have.
    #[error("the scenario is not understood: {0}")]
    Json(serde_json::Error),
    /// A rule makes no sense.
    #[error("rule {number} of the scenario: {mistake}")]
    Rule {
        /// Its place; 1 is the first.
        number: usize,
        /// Why.
        mistake: Mistake,
    },
}

impl Scenario {
    /// Reads a file: JSON where it is named so, else TOML.
    pub fn read(path: &Path) -> Result<Self, ScenarioError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| ScenarioError::Read(path.display().to_string(), error))?;
        let is_json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        Self::parse(&text, is_json)
    }

    /// Reads a text, and checks every rule.
    pub fn parse(text: &str, is_json: bool) -> Result<Self, ScenarioError> {
        let scenario: Self = if is_json {
            serde_json::from_str(text).map_err(ScenarioError::Json)?
        } else {
            toml::from_str(text).map_err(|error| ScenarioError::Toml(Box::new(error)))?
        };
        for (rule, number) in scenario.rules.iter().zip(1..) {
            rule.check().map_err(|mistake| ScenarioError::Rule { number, mistake })?;
        }
        Ok(scenario)
    }

    /// Puts it into force, beside the rules that are there.
    pub fn apply(self, state: &State) -> Result<(), Mistake> {
        if let Some(switches) = self.switches {
            state.switch(|at| *at = switches);
        }
        let now = state.clock.now();
        for tenant in &mut state.world_mut().tenants {
            for app in tenant.apps.values_mut().filter(|app| self.lapsed.contains(&app.client_id)) {
                app.secrets.iter_mut().for_each(|secret| secret.expires = secret.expires.min(now));
            }
        }
        self.rules.into_iter().try_for_each(|rule| state.faults.add(rule).map(drop))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOML: &str =
        "[switches]\nthrottle = false\n\n[[rules]]\npath = \"**/$value\"\nstatus = 429\nretryAfter = 2\n";

    #[test]
    fn both_formats_say_the_same() {
        let toml = Scenario::parse(TOML, false).unwrap();
        let json = r#"{"switches": {"throttle": false}, "rules": [{"path": "**/$value", "status": 429, "retryAfter": 2}]}"#;
        assert_eq!(toml, Scenario::parse(json, true).unwrap());
        let state = State::default();
        toml.apply(&state).unwrap();
        assert!(!state.switches().throttle && state.faults.any());
    }

    #[test]
    fn what_a_scenario_does_not_have_is_named() {
        let unknown = Scenario::parse("[[rules]]\nstatuss = 500\n", false).unwrap_err().to_string();
        assert!(unknown.contains("statuss"), "{unknown}");
        let senseless = Scenario::parse("[[rules]]\npath = \"**\"\n", false).unwrap_err().to_string();
        assert!(senseless.starts_with("rule 1 of the scenario: a rule says what becomes of"), "{senseless}");
    }
}
