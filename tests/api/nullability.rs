//! The library keeps the contract's promises about null: later versions of it did not (docs/decisions).

use async_graphql::{EmptyMutation, EmptySubscription, Object, Request, Schema, SimpleObject, Union};
use serde_json::json;

struct Query;

#[derive(SimpleObject)]
struct Cat {
    meows: bool,
}

#[derive(SimpleObject)]
struct Dog {
    barks: bool,
}

#[derive(Union)]
enum Pet {
    Cat(Cat),
    Dog(Dog),
}

struct House;

#[Object]
impl House {
    async fn may_fail(&self) -> Option<Result<i32, String>> {
        Some(Err("it failed".to_owned()))
    }

    async fn must_not_fail(&self) -> Result<i32, String> {
        Err("it failed".to_owned())
    }

    async fn number(&self) -> i32 {
        7
    }

    async fn pet(&self) -> Pet {
        Pet::Cat(Cat { meows: true })
    }

    async fn pets(&self) -> Vec<Pet> {
        vec![Pet::Cat(Cat { meows: true }), Pet::Dog(Dog { barks: true })]
    }
}

#[Object]
impl Query {
    async fn house(&self) -> House {
        House
    }

    async fn maybe(&self) -> Option<House> {
        Some(House)
    }

    async fn echo(&self, #[graphql(default = 3)] number: i32) -> i32 {
        number
    }
}

async fn answer(query: &str) -> String {
    let schema = Schema::new(Query, EmptyMutation, EmptySubscription);
    let response = schema.execute(Request::new(query)).await;
    serde_json::to_string(&response.data).unwrap()
}

#[tokio::test]
async fn a_nullable_field_that_fails_is_an_explicit_null() {
    assert_eq!(answer("{ house { number mayFail } }").await, r#"{"house":{"number":7,"mayFail":null}}"#);
}

#[tokio::test]
async fn a_field_that_must_not_be_null_takes_the_nearest_nullable_parent_with_it() {
    assert_eq!(answer("{ a: echo maybe { number mustNotFail } }").await, r#"{"a":3,"maybe":null}"#);
    assert_eq!(answer("{ house { mustNotFail } }").await, "null");
}

#[tokio::test]
async fn an_object_on_which_no_fragment_matches_is_empty_and_not_null() {
    assert_eq!(answer("{ house { pet { ... on Dog { barks } } } }").await, r#"{"house":{"pet":{}}}"#);
    assert_eq!(
        answer("{ house { pets { ... on Dog { barks } } } }").await,
        r#"{"house":{"pets":[{},{"barks":true}]}}"#
    );
}

#[tokio::test]
async fn a_document_may_mix_all_members_of_a_union() {
    assert_eq!(
        answer("{ house { pets { __typename ... on Dog { barks } ... on Cat { meows } } } }").await,
        r#"{"house":{"pets":[{"__typename":"Cat","meows":true},{"__typename":"Dog","barks":true}]}}"#
    );
}

#[tokio::test]
async fn keys_come_in_the_order_asked_for() {
    assert_eq!(
        answer("{ house { z: number a: number } echo maybe { number } }").await,
        r#"{"house":{"z":7,"a":7},"echo":3,"maybe":{"number":7}}"#
    );
}

#[tokio::test]
async fn an_argument_with_a_default_refuses_an_explicit_null() {
    let schema = Schema::new(Query, EmptyMutation, EmptySubscription);
    assert_eq!(schema.execute("{ echo }").await.data.into_json().unwrap(), json!({ "echo": 3 }));
    assert!(!schema.execute("{ echo(number: null) }").await.errors.is_empty());
}
