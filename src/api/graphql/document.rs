//! Looks at a document before the library does: how large it unfolds, and which operation is asked for.

use std::collections::HashMap;

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, OperationType, Selection, SelectionSet,
};
use async_graphql::{Name, Positioned, Request, ServerError};

use super::error::Error;

/// The most selections that a document may unfold to, fragments counted wherever they are spread. The library
/// walks all of them before it applies its own limits, so that a chain of fragments which doubles at each link
/// would keep it busy for years.
const MAX_SELECTIONS: usize = 10_000;

/// Parses the request's document, refuses one that unfolds too large, and tells what kind of operation is asked.
pub fn inspect(request: &mut Request) -> Result<OperationType, ServerError> {
    let name = request.operation_name.clone();
    let document = request.parsed_query()?;
    if unfolded(document) > MAX_SELECTIONS {
        return Err(Error::TooComplex(format!(
            "The document unfolds to more than {MAX_SELECTIONS} selections: ask for less at once."
        ))
        .into());
    }
    operation_type(document, name.as_deref())
}

fn operation_type(document: &ExecutableDocument, name: Option<&str>) -> Result<OperationType, ServerError> {
    let invalid = |sentence: &str| ServerError::from(Error::InvalidArgument(sentence.to_owned()));
    match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Ok(operation.node.ty),
        (DocumentOperations::Single(_), Some(_)) => {
            Err(invalid("The document's only operation has no name: leave `operationName` out."))
        }
        (DocumentOperations::Multiple(operations), Some(name)) => operations
            .get(name)
            .map(|operation| operation.node.ty)
            .ok_or_else(|| invalid("The document has no operation of this `operationName`.")),
        (DocumentOperations::Multiple(operations), None) => {
            let mut all = operations.values();
            match (all.next(), all.next()) {
                (Some(only), None) => Ok(only.node.ty),
                _ => Err(invalid("The document has several operations: name one by `operationName`.")),
            }
        }
    }
}

/// How many selections the document has once its fragments are unfolded. Fragments that hold themselves count as
/// nothing where they do: the library refuses them.
fn unfolded(document: &ExecutableDocument) -> usize {
    let mut known = HashMap::new();
    document
        .operations
        .iter()
        .map(|(_, operation)| size(&operation.node.selection_set, document, &mut known))
        .fold(0, usize::saturating_add)
}

fn size<'a>(
    set: &'a Positioned<SelectionSet>,
    document: &'a ExecutableDocument,
    known: &mut HashMap<&'a Name, usize>,
) -> usize {
    let mut total = 0_usize;
    for selection in &set.node.items {
        let inner = match &selection.node {
            Selection::Field(field) => size(&field.node.selection_set, document, known),
            Selection::InlineFragment(fragment) => size(&fragment.node.selection_set, document, known),
            Selection::FragmentSpread(spread) => {
                let name = &spread.node.fragment_name.node;
                match (known.get(name), document.fragments.get_key_value(name)) {
                    (Some(size), _) => *size,
                    (None, None) => 0,
                    (None, Some((name, fragment))) => {
                        known.insert(name, 0);
                        let size = size(&fragment.node.selection_set, document, known);
                        known.insert(name, size);
                        size
                    }
                }
            }
        };
        total = total.saturating_add(1).saturating_add(inner);
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_of_fragments_that_doubles_is_refused() {
        let mut query = String::from("query { ...F0 } ");
        for link in 0..40 {
            let next = link + 1;
            query.push_str(&format!(
                "fragment F{link} on Query {{ a: viewer {{ ...F{next} }} b: viewer {{ ...F{next} }} }} "
            ));
        }
        query.push_str("fragment F40 on Query { viewer { subject } }");
        let error = inspect(&mut Request::new(query)).unwrap_err();
        assert!(error.source::<Error>().is_some_and(|e| matches!(e, Error::TooComplex(_))));
    }

    #[test]
    fn a_fragment_that_holds_itself_is_left_to_the_library() {
        let mut request = Request::new("{ ...A } fragment A on Query { ...A }");
        assert_eq!(inspect(&mut request).unwrap(), OperationType::Query);
    }

    #[test]
    fn the_operation_asked_for_is_found_by_its_name() {
        let text = "query A { viewer { subject } } mutation B { x }";
        let mut request = Request::new(text).operation_name("B");
        assert_eq!(inspect(&mut request).unwrap(), OperationType::Mutation);
        assert!(inspect(&mut Request::new(text)).is_err());
        assert!(inspect(&mut Request::new(text).operation_name("C")).is_err());
    }
}
