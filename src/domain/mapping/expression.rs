//! CEL expressions: what they may use, and how they are bounded (the language itself has no limit of cost).

use std::sync::{Arc, LazyLock};

use cel::common::ast::IdedExpr;
use cel::{Context, Env, ExecutionError, Program};
use serde_json::Value;

use super::expression_check::Checker;
use super::expression_function;
use super::view::Members;

/// The most characters of an expression.
const MAX_LENGTH: usize = 2_000;

static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut environment = Env::stdlib();
    #[expect(clippy::expect_used, reason = "the names are fixed; the first test would find a clash")]
    expression_function::add(&mut environment).expect("no function is declared twice");
    Arc::new(environment.with_optional_support(false))
});

/// A context without variables.
pub(super) fn context() -> Context<'static, 'static> {
    Context::with_env(Arc::clone(&ENVIRONMENT))
}

/// A checked expression.
#[derive(Debug)]
pub(super) struct Expression(Program);

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
        Checker::new(members).check(&as_written(source)?)?;
        Ok(Self(program))
    }

    /// Evaluates; the error says why, and holds nothing of the message.
    pub(super) fn evaluate(&self, context: &Context<'_, '_>) -> Result<Value, String> {
        let value = self.0.execute(context).map_err(|error| reason(&error))?;
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
