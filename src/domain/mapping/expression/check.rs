//! Walks a CEL expression as it is written: only known names, and nothing whose cost is out of proportion.

use cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, LiteralValue, SelectExpr, operators};

use crate::domain::mapping::function;
use crate::domain::mapping::view::{Member, Members};

/// The macros that walk a list.
const WALKS: [&str; 5] = ["all", "exists", "exists_one", "filter", "map"];
/// Every function that may be called, beside the operators and [`WALKS`].
const FUNCTIONS: [&str; 35] = [
    "after",
    "before",
    "bool",
    "contains",
    "double",
    "duration",
    "endsWith",
    "extract",
    "field",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getFullYear",
    "getHours",
    "getMilliseconds",
    "getMinutes",
    "getMonth",
    "getSeconds",
    "has",
    "indexOf",
    "int",
    "join",
    "lowerAscii",
    "matches",
    "replace",
    "size",
    "split",
    "startsWith",
    "string",
    "substring",
    "timestamp",
    "trim",
    "uint",
    "upperAscii",
];
/// How deep calls and selections may be nested.
const MAX_DEPTH: usize = 50;
/// The most additions in an expression: each may copy a text.
const MAX_ADDITIONS: usize = 32;
/// The most additions within the body of a walk, which is evaluated for each element.
const MAX_ADDITIONS_IN_BODY: usize = 4;
/// The most calls within the body of a walk.
const MAX_CALLS_IN_BODY: usize = 8;

/// Checks one expression.
pub(super) struct Checker<'m> {
    members: &'m mut Members,
    /// Names that a walk around gives to its elements.
    variables: Vec<String>,
    in_body: bool,
    additions: usize,
    calls: usize,
    depth: usize,
}

impl<'m> Checker<'m> {
    pub(super) fn new(members: &'m mut Members) -> Self {
        Self { members, variables: Vec::new(), in_body: false, additions: 0, calls: 0, depth: 0 }
    }

    /// # Errors
    /// What may not be used.
    pub(super) fn check(&mut self, node: &IdedExpr) -> Result<(), String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("The expression is nested too deeply.".to_owned());
        }
        let checked = match &node.expr {
            Expr::Unspecified | Expr::Literal(_) => Ok(()),
            Expr::Ident(name) => self.variable(name),
            Expr::Select(select) => self.select(select),
            Expr::Call(call) => self.call(call),
            Expr::List(list) => list.elements.iter().try_for_each(|element| self.check(element)),
            Expr::Map(map) => map.entries.iter().try_for_each(|entry| self.entry(&entry.expr)),
            Expr::Struct(_) => {
                Err("The expression makes a structure of a type, but there are no types.".to_owned())
            }
            Expr::Comprehension(_) => Err("The expression can't be checked.".to_owned()),
        };
        self.depth -= 1;
        checked
    }

    fn variable(&mut self, name: &str) -> Result<(), String> {
        if name == "message" {
            self.members.add_all();
        } else if !self.variables.iter().any(|known| known == name) {
            return Err(format!("The expression uses '{name}', but there is only 'message'."));
        }
        Ok(())
    }

    fn select(&mut self, select: &SelectExpr) -> Result<(), String> {
        if is_message(&select.operand) {
            self.members.add(Member::require(&select.field)?);
            return Ok(());
        }
        self.check(&select.operand)
    }

    fn entry(&mut self, entry: &EntryExpr) -> Result<(), String> {
        match entry {
            EntryExpr::StructField(field) => self.check(&field.value),
            EntryExpr::MapEntry(entry) => {
                self.check(&entry.key)?;
                self.check(&entry.value)
            }
        }
    }

    fn call(&mut self, call: &CallExpr) -> Result<(), String> {
        let name = call.func_name.as_str();
        if call.target.is_some() && WALKS.contains(&name) {
            return self.walk(call);
        }
        if is_operator(name) {
            return self.operator(call);
        }
        if !FUNCTIONS.contains(&name) {
            return Err(format!(
                "There is no function '{name}'; there are {} and {}.",
                WALKS.join(", "),
                FUNCTIONS.join(", ")
            ));
        }
        self.calls += 1;
        check_pattern(call)?;
        call.target.iter().map(|target| &**target).chain(&call.args).try_for_each(|part| self.check(part))
    }

    fn operator(&mut self, call: &CallExpr) -> Result<(), String> {
        if call.func_name == operators::ADD {
            self.additions += 1;
            if self.additions > MAX_ADDITIONS {
                return Err(format!("The expression has more than {MAX_ADDITIONS} additions."));
            }
        }
        if call.func_name == operators::INDEX
            && let [of, key] = call.args.as_slice()
            && is_message(of)
            && let Some(name) = literal(key)
        {
            self.members.add(Member::require(name)?);
            return Ok(());
        }
        call.args.iter().try_for_each(|part| self.check(part))
    }

    /// `list.map(x, …)` and its kin. One in another one's body would multiply their costs, and a map over what
    /// a map made could double a text with each step.
    fn walk(&mut self, call: &CallExpr) -> Result<(), String> {
        let name = call.func_name.as_str();
        if self.in_body {
            return Err(format!("'{name}' can't be used within the body of another walk over a list."));
        }
        let Some(range) = &call.target else { return Ok(()) };
        if name == "map" && has_map(range) {
            return Err("'map' can't be used on what another 'map' made.".to_owned());
        }
        self.check(range)?;
        let Some((IdedExpr { expr: Expr::Ident(variable), .. }, body)) = call.args.split_first() else {
            return Err(format!("'{name}' wants a name for the element first: list.{name}(x, …)."));
        };
        if variable == "message" {
            return Err("An element can't be named 'message'.".to_owned());
        }
        let (additions, calls) = (self.additions, self.calls);
        self.variables.push(variable.clone());
        self.in_body = true;
        let checked = body.iter().try_for_each(|part| self.check(part));
        self.in_body = false;
        self.variables.pop();
        checked?;
        if self.additions - additions > MAX_ADDITIONS_IN_BODY || self.calls - calls > MAX_CALLS_IN_BODY {
            return Err(format!(
                "Within '{name}' there may be {MAX_ADDITIONS_IN_BODY} additions and {MAX_CALLS_IN_BODY} calls."
            ));
        }
        Ok(())
    }
}

fn is_message(node: &IdedExpr) -> bool {
    matches!(&node.expr, Expr::Ident(name) if name == "message")
}

fn literal(node: &IdedExpr) -> Option<&str> {
    match &node.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}

fn is_operator(name: &str) -> bool {
    name.starts_with(['_', '@', '!', '-'])
}

/// Patterns stand in the expression itself: so they are checked now, and never come from a message.
fn check_pattern(call: &CallExpr) -> Result<(), String> {
    let name = call.func_name.as_str();
    let position = match (name, call.target.is_some()) {
        ("matches" | "extract", true) => 0,
        ("matches" | "extract", false) => 1,
        _ => return Ok(()),
    };
    let source = call.args.get(position).and_then(literal);
    let source = source
        .ok_or_else(|| format!("The pattern of '{name}' has to be a text that stands in the expression."))?;
    function::pattern(source).map_err(|reason| format!("The pattern of '{name}' is not valid: {reason}."))?;
    Ok(())
}

fn has_map(node: &IdedExpr) -> bool {
    match &node.expr {
        Expr::Call(call) => {
            (call.func_name == "map" && call.target.is_some())
                || call.target.as_deref().is_some_and(has_map)
                || call.args.iter().any(has_map)
        }
        Expr::Select(select) => has_map(&select.operand),
        Expr::List(list) => list.elements.iter().any(has_map),
        Expr::Map(map) => map.entries.iter().any(|entry| match &entry.expr {
            EntryExpr::MapEntry(entry) => has_map(&entry.key) || has_map(&entry.value),
            EntryExpr::StructField(field) => has_map(&field.value),
        }),
        _ => false,
    }
}
