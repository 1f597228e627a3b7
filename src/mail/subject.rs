//! What the beginning of a subject says: answered, forwarded, out of office, not delivered.

use super::signs::begins;

const FORWARD: [&str; 6] = ["fw", "fwd", "tr", "transf", "wg", "weitergeleitet"];
const REPLY: [&str; 9] = ["re", "aw", "sv", "rép", "rép.", "réf", "antw", "antwort", "ref"];

/// Subjects of automatic answers by the usual programs. A person may write them too; `absence` has those that
/// nobody else writes.
const ABSENT: [&str; 22] = [
    "automatic reply",
    "automatic response",
    "auto reply",
    "auto-reply",
    "autoreply",
    "auto:",
    "auto response",
    "out of office",
    "out of the office",
    "vacation",
    "réponse automatique",
    "réponse auto",
    "absence du bureau",
    "absent du bureau",
    "message d'absence",
    "automatische antwort",
    "automatische rückantwort",
    "abwesenheit",
    "abwesend",
    "nicht im büro",
    "respuesta automática",
    "risposta automatica",
];

/// Subjects of messages about one that was not delivered. A person may write them too.
const UNDELIVERED: [&str; 24] = [
    "undeliverable",
    "undelivered mail returned to sender",
    "delivery status notification",
    "delivery failure",
    "delivery has failed",
    "delivery notification",
    "delayed:",
    "delivery delayed",
    "mail delivery failed",
    "mail delivery failure",
    "mail delivery system",
    "message delivery failed",
    "mail system error",
    "failure notice",
    "returned mail",
    "warning: could not send message",
    "warning: message",
    "non remis",
    "non distribuable",
    "échec de la remise",
    "notification d'état de remise",
    "unzustellbar",
    "zustellung fehlgeschlagen",
    "nicht zugestellt",
];

/// How a subject begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marked {
    Not,
    Reply,
    Forward,
}

/// By its outermost mark: `RE: FW: x` is a reply. Tags such as [EXTERNAL] before it are passed over.
pub(super) fn marked(subject: &str) -> Marked {
    let Some((mark, _)) = without_tags(subject).split_once(':') else { return Marked::Not };
    // French puts a blank before the colon; some count: Re[2]:
    let mark = mark.split(['[', '(']).next().unwrap_or_default().trim();
    if mark.len() > 16 {
        return Marked::Not;
    }
    let mark = mark.to_lowercase();
    match mark.as_str() {
        mark if FORWARD.contains(&mark) => Marked::Forward,
        mark if REPLY.contains(&mark) => Marked::Reply,
        _ => Marked::Not,
    }
}

/// Without the tags that gateways and lists put before it.
pub(super) fn without_tags(subject: &str) -> &str {
    let mut rest = subject.trim_start();
    while let Some((_, after)) = rest.strip_prefix('[').and_then(|tag| tag.split_once(']')) {
        rest = after.trim_start();
    }
    rest
}

/// Whether it is what programs write over an automatic answer.
pub(super) fn says_absent(subject: &str) -> bool {
    ABSENT.iter().any(|known| begins(subject, known))
}

/// Whether it is what servers write over a message about one that was not delivered.
pub(super) fn says_undelivered(subject: &str) -> bool {
    UNDELIVERED.iter().any(|known| begins(subject, known))
}

#[cfg(test)]
mod tests {
    use super::{Marked, marked, says_absent, says_undelivered};

    #[test]
    fn the_outermost_mark_counts() {
        for (subject, is) in [
            ("FW: printer", Marked::Forward),
            ("Fwd: Re: printer", Marked::Forward),
            ("TR : imprimante", Marked::Forward),
            ("TR\u{a0}: imprimante", Marked::Forward),
            ("WG: Drucker", Marked::Forward),
            ("[EXTERNAL] [ext] Fw: printer", Marked::Forward),
            ("RE: FW: printer", Marked::Reply),
            ("Re[2]: printer", Marked::Reply),
            ("AW: WG: Drucker", Marked::Reply),
            ("RÉP : imprimante", Marked::Reply),
            ("fwd printer", Marked::Not),
            ("Forward: motion", Marked::Not),
            ("a long sentence about tr: nothing", Marked::Not),
            ("", Marked::Not),
            ("[", Marked::Not),
        ] {
            assert_eq!(marked(subject), is, "{subject}");
        }
    }

    #[test]
    fn absences_and_failures_are_known_in_three_languages() {
        for subject in
            ["Automatic reply: x", "Réponse automatique : x", "RÉPONSE AUTOMATIQUE", "Abwesenheitsnotiz: x"]
        {
            assert!(says_absent(subject), "{subject}");
        }
        for subject in ["Undeliverable: x", "Non remis : x", "Unzustellbar: x", "Échec de la remise"] {
            assert!(says_undelivered(subject), "{subject}");
        }
        assert!(!says_absent("Re: Automatic reply: x") && !says_undelivered("My undeliverable parcel"));
    }
}
