//! Jinja templates: what they may use, and how they are bounded.

mod scan;

use std::collections::BTreeSet;
use std::io;

use minijinja::{Environment, Error, ErrorKind, Value, filters, tests as checks};

use self::scan::{Code, scan};
use super::function;
use super::view::{Member, Members};

/// The most characters of a template.
const MAX_LENGTH: usize = 4_000;
/// The most steps that one rendering takes: an instruction is one, and so are 64 bytes read or made by a filter or
/// written.
const MAX_STEPS: u64 = 100_000;
/// The most concatenations (`~`) in a template.
const MAX_CONCATENATIONS: usize = 32;
/// The tags with which a text can't grow without bound.
const TAGS: [&str; 6] = ["if", "elif", "else", "endif", "for", "endfor"];
const FILTERS: [&str; 22] = [
    "after",
    "before",
    "capitalize",
    "d",
    "default",
    "extract",
    "field",
    "first",
    "float",
    "int",
    "join",
    "last",
    "length",
    "lines",
    "lower",
    "replace",
    "round",
    "split",
    "string",
    "title",
    "trim",
    "upper",
];
const TESTS: [&str; 10] =
    ["defined", "endingwith", "false", "in", "mapping", "none", "number", "startingwith", "string", "true"];

/// The templates of a mapping, by name.
#[derive(Debug)]
pub(super) struct Templates(Environment<'static>);

impl Templates {
    pub(super) fn new() -> Self {
        let mut environment = Environment::empty();
        environment.set_fuel(Some(MAX_STEPS));
        environment.set_debug(false);
        add_filters(&mut environment);
        add_tests(&mut environment);
        Self(environment)
    }

    /// Checks a template and keeps it under `name`; notes which members of the message it looks at.
    ///
    /// # Errors
    /// Why it can't work.
    pub(super) fn add(&mut self, name: &str, source: &str, members: &mut Members) -> Result<(), String> {
        if source.chars().count() > MAX_LENGTH {
            return Err(format!("The template is longer than {MAX_LENGTH} characters."));
        }
        check_words(&scan(source))?;
        self.0.add_template_owned(name.to_owned(), source.to_owned()).map_err(|error| sentence(&error))?;
        let template = self.0.get_template(name).map_err(|error| sentence(&error))?;
        let mut variables: Vec<_> = template.undeclared_variables(true).into_iter().collect();
        variables.sort_unstable();
        variables.iter().try_for_each(|path| note_member(path, members))
    }

    /// Renders; the error says why, and holds nothing of the message.
    pub(super) fn render(&self, name: &str, context: &Value) -> Result<String, String> {
        let mut output = Bounded(Vec::new());
        let rendered =
            self.0.get_template(name).and_then(|it| it.render_captured_to(context.clone(), &mut output));
        match rendered {
            Ok(_) => String::from_utf8(output.0).map_err(|_| "the template writes no text".to_owned()),
            Err(error) => Err(match error.kind() {
                ErrorKind::OutOfFuel => "the template takes too many steps".to_owned(),
                ErrorKind::WriteFailure => "the template writes more than 1 MiB".to_owned(),
                kind => format!("the template fails on this message ({kind})"),
            }),
        }
    }
}

struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > function::MAX_RESULT {
            return Err(io::Error::other("full"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn sentence(error: &Error) -> String {
    let place = error.line().map(|line| format!(" in line {line}")).unwrap_or_default();
    let detail = error.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
    format!("The template is no valid Jinja ({}{place}){detail}.", error.kind())
}

fn check_words(code: &Code) -> Result<(), String> {
    unknown(&code.tags, &TAGS, "tag")?;
    unknown(&code.filters, &FILTERS, "filter")?;
    unknown(&code.tests, &TESTS, "test")?;
    if code.concatenations > MAX_CONCATENATIONS {
        return Err(format!("The template has more than {MAX_CONCATENATIONS} concatenations (~)."));
    }
    Ok(())
}

fn unknown(used: &BTreeSet<String>, known: &[&str], what: &str) -> Result<(), String> {
    match used.iter().find(|word| !known.contains(&word.as_str())) {
        None => Ok(()),
        Some(word) => Err(format!("The {what} '{word}' can't be used; there are {}.", known.join(", "))),
    }
}

fn note_member(path: &str, members: &mut Members) -> Result<(), String> {
    let (root, rest) = path.split_once('.').map_or((path, None), |(root, rest)| (root, Some(rest)));
    if root != "message" {
        return Err(format!("The template uses '{root}', but there is only 'message'."));
    }
    match rest.map(|rest| rest.split('.').next().unwrap_or(rest)) {
        None => members.add_all(),
        Some(name) => members.add(Member::require(name)?),
    }
    Ok(())
}

fn add_filters(environment: &mut Environment<'static>) {
    environment.add_filter("after", |text: &str, marker: &str| function::after(text, marker).to_owned());
    environment.add_filter("before", |text: &str, marker: &str| function::before(text, marker).to_owned());
    environment.add_filter("field", |text: &str, name: &str| function::field(text, name).to_owned());
    environment.add_filter("extract", |text: &str, pattern: &str, group: Option<i64>| {
        function::extract(text, pattern, group.unwrap_or(1)).map_err(refused)
    });
    environment.add_filter("replace", |text: &str, from: &str, to: &str| {
        function::replace(text, from, to).map_err(refused)
    });
    environment.add_filter("split", |text: &str, separator: &str| {
        function::split(text, separator).into_iter().map(Value::from).collect::<Vec<_>>()
    });
    environment.add_filter("lines", |text: &str| {
        function::split(text, "\n").into_iter().map(|line| Value::from(line.trim_end())).collect::<Vec<_>>()
    });
    environment.add_filter("join", |items: Vec<Value>, separator: Option<&str>| {
        let texts: Vec<String> = items.iter().map(ToString::to_string).collect();
        function::join(texts.iter().map(String::as_str), separator.unwrap_or_default()).map_err(refused)
    });
    environment.add_filter("capitalize", filters::capitalize);
    environment.add_filter("d", filters::default);
    environment.add_filter("default", filters::default);
    environment.add_filter("first", filters::first);
    environment.add_filter("float", filters::float);
    environment.add_filter("int", filters::int);
    environment.add_filter("last", filters::last);
    environment.add_filter("length", filters::length);
    environment.add_filter("lower", filters::lower);
    environment.add_filter("round", filters::round);
    environment.add_filter("string", filters::string);
    environment.add_filter("title", filters::title);
    environment.add_filter("trim", filters::trim);
    environment.add_filter("upper", filters::upper);
}

fn add_tests(environment: &mut Environment<'static>) {
    environment.add_test("defined", checks::is_defined);
    environment.add_test("endingwith", checks::is_endingwith);
    environment.add_test("false", checks::is_false);
    environment.add_test("in", checks::is_in);
    environment.add_test("mapping", checks::is_mapping);
    environment.add_test("none", checks::is_none);
    environment.add_test("number", checks::is_number);
    environment.add_test("startingwith", checks::is_startingwith);
    environment.add_test("string", checks::is_string);
    environment.add_test("true", checks::is_true);
}

fn refused(reason: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, reason)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::domain::mapping::fixture::{jinja, message, source_problem, value_of};
    use crate::domain::mapping::rule::{AttributeType, ValueSource};

    fn refused(source: &str) -> String {
        let (path, code, message) = source_problem(ValueSource::Template(source.to_owned()));
        assert_eq!((path.as_str(), code.as_str()), ("rules.0.source.template", "INVALID"), "{source}");
        message
    }

    #[test]
    fn a_template_reads_the_message() {
        for (source, expected) in [
            ("{{ message.from.name }} <{{ message.from.address }}>", "Ann <ann@example.com>"),
            (
                "{% for a in message.to %}{{ a.address }}{% if not loop.last %}, {% endif %}{% endfor %}",
                "help@example.org, bob@example.com",
            ),
            ("{{ message.headers['x-site'] }}{{ message.headers['x-none'] }}", "Lyon"),
            ("{{ message.headers['x-none'] | default('none') }}", "none"),
            ("{{ message.subject | upper | replace('FIRE', 'ICE') }}", "PRINTER ON ICE"),
            ("{{ message.text | field('priority') | int + 1 }}", "3"),
            (
                "{{ message.subject | extract('on ([a-z]+)') }}/{{ message.subject | before(' ') }}",
                "fire/Printer",
            ),
            ("{{ message.subject | after('Printer') | trim | title }}", "On Fire"),
            ("{{ message.subject.split is defined }}", "False"),
            ("{{ message.from.address | split('@') | last }}", "example.com"),
            ("{{ message.text | lines | length }} {{ ['a', 'b'] | join('-') }}", "3 a-b"),
            (
                "{% if message.subject is startingwith 'Printer' and message.size > 1 %}y{% else %}n{% endif %}",
                "y",
            ),
            ("{{ message.receivedAt }} {{ message.importance }}", "2026-11-22T10:00:00Z NORMAL"),
            ("{# {% set x = 1 %} #}{{ '{% raw %}' }}<b>", "{% raw %}<b>"),
        ] {
            assert_eq!(jinja(source), Some(json!(expected)), "{source}");
        }
    }

    #[test]
    fn a_template_for_a_number_gives_a_number() {
        let given = ValueSource::Template("{{ message.text | field('Priority') }}".to_owned());
        assert_eq!(value_of(AttributeType::Integer, given, &message()).0, Some(json!(2)));
    }

    #[test]
    fn what_is_no_jinja_is_refused_with_its_place() {
        assert!(refused("a\n{{ message.subject").contains("line 2"));
        assert!(refused("{% if message.subject %}").contains("Jinja"));
        assert!(refused(&format!("{{{{ {}", "(".repeat(3_900))).contains("Jinja"));
        assert!(refused(&"{%if message%}".repeat(250)).contains("Jinja"));
        assert!(refused(&"x".repeat(4_001)).contains("longer than 4000"));
    }

    #[test]
    fn unknown_names_are_refused() {
        assert!(refused("{{ mesage.subject }}").contains("'mesage'"));
        assert!(refused("{{ message.subjct }}").contains("'subjct'; it has subject"));
        assert!(refused("{{ message.subject | shout }}").contains("filter 'shout'"));
        assert!(refused("{{ message.subject is loud }}").contains("test 'loud'"));
        assert!(refused("{{ message.subject is not loud }}").contains("test 'loud'"));
        assert!(refused("{{ range(10) }}").contains("'range'"));
    }

    #[test]
    fn what_could_cost_without_bound_is_refused() {
        assert!(refused("{% set x = message.text ~ message.text %}").contains("tag 'set'"));
        assert!(refused("{%- macro m() %}{% endmacro %}").contains("tag "));
        assert!(refused("{%+ raw %}{% endraw %}").contains("tag "));
        assert!(
            refused(&format!("{{{{ message.text{} }}}}", " ~ message.text".repeat(33)))
                .contains("concatenations")
        );
    }

    #[test]
    fn a_long_text_is_written_whole() {
        let mut message = message();
        message.new_text = "x".repeat(64 * 1024);
        let source = "{{ message.receivedAt }}: {{ message.newText | trim | upper }}";
        let (value, notes) =
            value_of(AttributeType::Text, ValueSource::Template(source.to_owned()), &message);
        assert_eq!(notes, Vec::<String>::new());
        assert_eq!(value.and_then(|value| value.as_str().map(str::len)), Some(64 * 1024 + 22));
    }

    #[test]
    fn a_template_that_writes_or_works_too_much_gives_no_value() {
        let mut message = message();
        message.text = "x".repeat(64 * 1024);
        message.to = (0..500).map(|_| message.to[0].clone()).collect();
        let double = "{% for a in message.to %}{% for b in message.to %}{{ BODY }}{% endfor %}{% endfor %}";
        for (body, reason) in [("message.text", "1 MiB"), ("''", "steps")] {
            let given = ValueSource::Template(double.replace("BODY", body));
            let (value, notes) = value_of(AttributeType::Text, given, &message);
            assert_eq!(value, None);
            assert!(notes.iter().any(|note| note.contains(reason)), "{notes:?}");
        }
    }
}
