//! CEL expressions: what they may use, and how they are bounded (the language itself has no limit of cost).

mod check;
mod functions;
mod kind;

use std::sync::{Arc, LazyLock};

use cel::common::ast::IdedExpr;
use cel::{Context, Env, ExecutionError, Program};
use serde_json::Value;

use self::check::Checker;
pub(super) use self::kind::Kind;
use super::view::Members;

/// The most characters of an expression.
const MAX_LENGTH: usize = 2_000;

static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut environment = Env::stdlib();
    #[expect(clippy::expect_used, reason = "the names are fixed; the first test would find a clash")]
    functions::add(&mut environment).expect("no function is declared twice");
    Arc::new(environment.with_optional_support(false))
});

/// A context without variables.
pub(super) fn context() -> Context<'static, 'static> {
    Context::with_env(Arc::clone(&ENVIRONMENT))
}

/// A checked expression.
#[derive(Debug)]
pub(super) struct Expression {
    program: Program,
    kind: Option<Kind>,
}

impl Expression {
    /// Checks and compiles; notes which members of the message it looks at.
    ///
    /// # Errors
    /// Why it can't work.
    pub(super) fn compile(source: &str, members: &mut Members) -> Result<Self, String> {
        if source.chars().count() > MAX_LENGTH {
            return Err(format!("The expression is longer than {MAX_LENGTH} characters."));
        }
        let program = ENVIRONMENT.compile(source).map_err(|errors| sentence(&errors))?;
        let written = as_written(source)?;
        Checker::new(members).check(&written)?;
        Ok(Self { program, kind: kind::of(&written) })
    }

    /// What it gives; None where that depends on the message.
    pub(super) const fn kind(&self) -> Option<Kind> {
        self.kind
    }

    /// Evaluates; the error says why, and holds nothing of the message.
    pub(super) fn evaluate(&self, context: &Context<'_, '_>) -> Result<Value, String> {
        let value = self.program.execute(context).map_err(|error| reason(&error))?;
        value.json().map_err(|_| "the expression gives no value that can be stored".to_owned())
    }
}

/// The expression with its macros (`map`, `exists`…) as the calls that they are written as.
fn as_written(source: &str) -> Result<IdedExpr, String> {
    let parser = Env::default().with_optional_support(false).parser();
    parser.parse(source).map_err(|errors| sentence(&errors))
}

fn sentence(errors: &cel::ParseErrors) -> String {
    let first = errors.errors.first();
    if first.is_some_and(|error| error.msg.contains("Recursion limit")) {
        return "The expression is nested too deeply.".to_owned();
    }
    let place =
        first.map(|error| format!(" in line {}, column {}", error.pos.0, error.pos.1)).unwrap_or_default();
    let detail = first.map(|error| error.msg.as_str()).unwrap_or_default();
    format!("The expression is no valid CEL{place}: {}.", detail.trim_end_matches('.'))
}

fn reason(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchKey(_) | ExecutionError::IndexOutOfBounds(_) => {
            "the expression asks for something that this message does not have".to_owned()
        }
        ExecutionError::NoSuchOverload(overload) => format!("the expression fails: {overload}"),
        ExecutionError::FunctionError { function, .. } => {
            format!("the expression fails: '{function}' can't take this message's value")
        }
        _ => "the expression fails on this message".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::domain::mapping::fixture::{cel, draft, message, rule, source_problem, value_of};
    use crate::domain::mapping::rule::{AttributeType, ValueSource};
    use crate::domain::mapping::validate;

    fn refused(source: &str) -> String {
        let (path, code, message) = source_problem(ValueSource::Expression(source.to_owned()));
        assert_eq!((path.as_str(), code.as_str()), ("rules.0.source.expression", "INVALID"), "{source}");
        message
    }

    #[test]
    fn an_expression_reads_the_message() {
        for (source, expected) in [
            ("message.from.address.split('@')[1]", json!("example.com")),
            ("message['subject'] + '!'", json!("Printer on fire!")),
            ("message.headers['x-site']", json!("Lyon")),
            ("'x-none' in message.headers ? 1 : 2", json!(2)),
            ("has(message.headers.subject)", json!(true)),
            ("message.to.map(a, a.address).join(';')", json!("help@example.org;bob@example.com")),
            ("message.to.filter(a, a.address.endsWith('.org')).map(a, a.name)", json!(["Help"])),
            ("message.attachments.exists(a, a.contentType == 'image/jpeg')", json!(true)),
            ("message.receivedAt.getFullYear()", json!(2026)),
            ("message.receivedAt > timestamp('2026-01-01T00:00:00Z')", json!(true)),
            ("message.sentAt == null", json!(true)),
            ("message.sender.address == message.from.address", json!(true)),
            ("int(field(message.text, 'priority')) + 1", json!(3)),
            ("extract(message.subject, '(?i)on ([a-z]+)', 1).upperAscii()", json!("FIRE")),
            ("message.subject.after('Printer').trim()", json!("on fire")),
            ("before(message.subject, ' ').lowerAscii()", json!("printer")),
            ("message.subject.replace('fire', 'ice').indexOf('ice')", json!(11)),
            ("message.subject.substring(0, 7) + message.subject.substring(10)", json!("Printer fire")),
            ("message.subject.matches('^Printer')", json!(true)),
            ("message.size", json!(4321)),
            ("{'a': [message.messageId]}", json!({"a": ["one@example.com"]})),
        ] {
            assert_eq!(cel(source), Some(expected), "{source}");
        }
    }

    #[test]
    fn an_expression_that_fails_on_a_message_gives_no_value_and_a_note_without_content() {
        for source in [
            "message.headers['x-none']",
            "message.subject.split(' ')[9]",
            "int(message.subject)",
            "message.subject + 1",
            "1 / (message.size - 4321)",
        ] {
            let given = ValueSource::Expression(source.to_owned());
            let (value, notes) = value_of(AttributeType::Json, given, &message());
            assert_eq!(value, None, "{source}");
            assert!(
                matches!(notes.as_slice(), [note] if note.contains("expression") && !note.contains("fire")),
                "{notes:?}"
            );
        }
    }

    #[test]
    fn a_text_beyond_the_bound_is_not_seen() {
        let mut message = message();
        message.text = "é".repeat(64 * 1024);
        let given = ValueSource::Expression("size(message.text)".to_owned());
        assert_eq!(value_of(AttributeType::Integer, given, &message).0, Some(Value::from(32 * 1024)));
    }

    #[test]
    fn what_is_no_cel_is_refused_with_its_place() {
        assert!(refused("message.subject +").contains("line 1"));
        assert!(refused(&format!("'{}'", "x".repeat(2_000))).contains("longer than 2000"));
    }

    #[test]
    fn what_is_nested_without_end_is_refused_and_leaves_no_stack() {
        for nested in ["(", "[", "{1:", "true?1:", "message.to.map(x,"] {
            let source = nested.repeat(1_900 / nested.len());
            assert_eq!(refused(&source), "The expression is nested too deeply.", "{nested}");
        }
        for chain in ["-1", ".trim()", "?true:message.size==1"] {
            let source = format!("message.size==1{}", chain.repeat(1_900 / chain.len()));
            assert!(
                !validate(&draft(vec![rule("it", AttributeType::Json, ValueSource::Expression(source))]))
                    .is_empty()
            );
        }
    }

    #[test]
    fn what_is_nested_as_deeply_as_allowed_is_evaluated() {
        assert_eq!(cel(&format!("1{}", "-1".repeat(48))), Some(json!(-47)));
        assert_eq!(cel(&format!("{}1", "1 == 2 ? 0 : ".repeat(40))), Some(json!(1)));
        assert_eq!(
            cel(&format!("{}'a'{}", "(".repeat(32), " + 'b')".repeat(32))),
            Some(json!(format!("a{}", "b".repeat(32))))
        );
    }

    #[test]
    fn unknown_names_are_refused() {
        assert!(refused("mesage.subject").contains("'mesage'"));
        assert!(refused("message.subjct").contains("'subjct'; it has subject"));
        assert!(refused("message['subjct']").contains("'subjct'"));
        assert!(refused("has(message.form)").contains("'form'"));
        assert!(refused("shout(message.subject)").contains("function 'shout'"));
        assert!(refused("message.subject.format([1])").contains("function 'format'"));
        assert!(refused("message.to.exists(a, b.address == '')").contains("'b'"));
        assert!(refused("a == 1 || message.to.exists(a, a.address == '')").contains("'a'"));
        assert!(refused("message.to.map(message, message.name)").contains("'message'"));
        assert!(refused("message.to.map('a', 1)").contains("CEL"));
        assert!(refused("google.protobuf.Duration{}").contains("type"));
    }

    #[test]
    fn what_could_cost_without_bound_is_refused() {
        assert!(refused("message.to.all(a, message.cc.all(b, a == b))").contains("within the body"));
        assert!(refused("[message.text].map(x, x + x).map(x, x + x)").contains("another 'map'"));
        assert!(
            refused("message.to.map(a, a.name).join('').split('').map(a, a + a)").contains("another 'map'")
        );
        assert!(refused(&format!("[message.text].map(x, x{})", " + x".repeat(5))).contains("additions"));
        assert!(refused(&format!("message.text{}", " + 'x'".repeat(33))).contains("additions"));
        assert!(refused("message.to.all(a, a.name.trim().trim().trim().trim().trim().trim().trim().trim().trim() == '')").contains("8 calls"));
        assert!(refused(&format!("message.subject{}", ".trim()".repeat(120))).contains("too deeply"));
        assert!(refused("message.subject.matches(message.text)").contains("stands in the expression"));
        assert!(refused("extract(message.text, '(', 1)").contains("not valid"));
        assert!(refused(r"message.text.matches('(\\w{100}){100}')").contains("too big"));
    }
}
