//! How important the author thinks a message (RFC 4021 section 2.1.54, and older fields).

use super::fields::Fields;
use crate::domain::parsed::Importance;

/// The first field that says something: Importance, X-Priority, X-MSMail-Priority, Priority.
pub(super) fn of(header: &Fields<'_>) -> Importance {
    let fields = ["Importance", "X-Priority", "X-MSMail-Priority", "Priority"];
    fields
        .iter()
        .filter_map(|name| header.first(name))
        .find_map(|value| from_value(&value))
        .unwrap_or(Importance::Normal)
}

fn from_value(value: &str) -> Option<Importance> {
    let word = value.split([' ', '(', ';']).next().unwrap_or_default().to_ascii_lowercase();
    match word.as_str() {
        "high" | "urgent" | "1" | "2" => Some(Importance::High),
        "normal" | "3" => Some(Importance::Normal),
        "low" | "non-urgent" | "4" | "5" => Some(Importance::Low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Fields, Importance, of};
    use crate::mail::Limits;

    #[test]
    fn the_fields_of_all_times_are_understood() {
        for (header, importance) in [
            ("Importance: High\n", Importance::High),
            ("X-Priority: 1 (Highest)\n", Importance::High),
            ("X-Priority: 5\nImportance: normal\n", Importance::Normal),
            ("Priority: non-urgent\n", Importance::Low),
            ("X-MSMail-Priority: Low\n", Importance::Low),
            ("Importance: whatever\nX-Priority: 2\n", Importance::High),
            ("Subject: x\n", Importance::Normal),
        ] {
            assert_eq!(of(&Fields::read(header.as_bytes(), 0, &Limits::default())), importance, "{header}");
        }
    }
}
