//! The recipes of docs/mapping.md, run as they stand: the mapping is made by the API, the mails are taken in, and what
//! the query answers is what the page says. `MAILROOM_REWRITE_RECIPES=1` writes the answers anew.

use std::fmt::Write as _;
use std::sync::Arc;

use chrono::TimeDelta;
use mailroom::api::graphql::{Backend, Executor, Limits};
use mailroom::db;
use mailroom::domain::access::{Caller, Scope};
use mailroom::domain::mapping::CompiledMapping;
use mailroom::pipeline::Treatment;
use serde_json::{Value, json};

use crate::harness::database::{Fresh, on_sqlite};
use crate::pipeline::room::{Room, start};

const PAGE: &str = "docs/mapping.md";
const BEGIN: &str = "\n## Recipes\n";

/// A fenced block of the page.
struct Block<'a> {
    language: &'a str,
    text: &'a str,
}

fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut pieces = page.split("\n```");
    let _before = pieces.next();
    let mut blocks = Vec::new();
    while let Some(block) = pieces.next() {
        let (language, text) = block.split_once('\n').unwrap_or_else(|| panic!("an empty block: {block}"));
        blocks.push(Block { language, text });
        let _after = pieces.next();
    }
    blocks
}

struct Kitchen {
    room: Room,
    executor: Executor,
    minute: i64,
}

impl Kitchen {
    async fn open(fresh: Fresh) -> Self {
        let room = Room::make(fresh).await;
        let executor = Executor::new(Backend { services: room.services() }, Limits::default());
        Self { room, executor, minute: 0 }
    }

    async fn ask(&self, query: &str) -> Value {
        let caller = Caller { subject: "cook".to_owned(), name: None, scopes: vec![Scope::Admin] };
        let prepared = self.executor.prepare(async_graphql::Request::new(query), "r").unwrap();
        let answer: Value =
            serde_json::from_str(&self.executor.run(caller, prepared, "r").await.json()).unwrap();
        assert!(answer.get("errors").is_none(), "{answer:#}\n{query}");
        answer["data"].clone()
    }

    /// The mapping of the recipe treats what comes from now on.
    async fn use_mapping(&mut self, mutation: &str) {
        let data = self.ask(mutation).await;
        let made = &data["createMapping"];
        assert_eq!(made["userErrors"], json!([]), "{mutation}");
        let id = mailroom::api::graphql::node::decode(made["mapping"]["id"].as_str().unwrap()).unwrap();
        let mapping = db::mapping::get(self.room.db.read(), id).await.unwrap().unwrap();
        let compiled = CompiledMapping::new(&mapping).unwrap();
        self.room.treatment = Arc::new(Treatment { mapping, compiled });
    }

    async fn take_in(&mut self, mail: &str, query: &str) -> Value {
        self.minute += 1;
        self.room.fake.deliver("INBOX", start() + TimeDelta::minutes(self.minute), mail);
        self.room.run().await.unwrap();
        self.ask(query).await["messages"]["nodes"][0].clone()
    }
}

/// The recipes with another answer in their block of JSON number `at`.
fn with_answer(recipes: &str, at: usize, answer: &Value) -> String {
    let mut parts: Vec<String> = recipes.split("\n```json\n").map(str::to_owned).collect();
    let part = &mut parts[at + 1];
    let end = part.find("\n```").unwrap();
    part.replace_range(..end, &serde_json::to_string_pretty(answer).unwrap());
    parts.join("\n```json\n")
}

#[tokio::test]
async fn the_recipes_work_as_they_stand() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (before, recipes) = page.split_once(BEGIN).unwrap();
    let rewrite = std::env::var_os("MAILROOM_REWRITE_RECIPES").is_some();
    let mut rewritten = recipes.to_owned();
    let all = blocks(recipes);
    let query = all[0].text;
    let mut kitchen = Kitchen::open(on_sqlite().await).await;
    let mut mail = None;
    let mut wrong = String::new();
    let mut done = 0;
    for block in &all[1..] {
        match block.language {
            "graphql" => kitchen.use_mapping(block.text).await,
            "eml" => mail = Some(block.text),
            "json" => {
                let answer = kitchen.take_in(mail.take().unwrap(), query).await;
                let said: Value = serde_json::from_str(block.text).unwrap();
                if rewrite {
                    rewritten = with_answer(&rewritten, done, &answer);
                } else if said != answer {
                    writeln!(wrong, "mail {done}: the page says {said:#}\nbut it is {answer:#}").unwrap();
                }
                done += 1;
            }
            other => panic!("no recipe has a block of {other}"),
        }
    }
    if rewrite {
        std::fs::write(PAGE, format!("{before}{BEGIN}{rewritten}")).unwrap();
    }
    assert!(done >= 14, "only {done} mails were tried");
    assert!(wrong.is_empty(), "{wrong}");
}
