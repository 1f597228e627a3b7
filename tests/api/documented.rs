//! The documentation knows every code.

/// The values of an enum of the exported schema.
fn values(name: &str) -> Vec<String> {
    let sdl = mailroom::api::graphql::schema::sdl();
    let (_, rest) = sdl.split_once(&format!("enum {name} {{")).unwrap_or_else(|| panic!("no enum {name}"));
    let (body, _) = rest.split_once("\n}").unwrap();
    let is_value = |line: &&str| !line.is_empty() && line.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    body.lines().map(str::trim).filter(is_value).map(str::to_owned).collect()
}

#[test]
fn every_code_stands_in_the_documentation_of_errors() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors.md");
    let text = std::fs::read_to_string(path).unwrap();
    for name in ["ErrorCode", "UserErrorCode", "ProviderErrorCode"] {
        let (_, section) =
            text.split_once(&format!("## {name}\n")).unwrap_or_else(|| panic!("no section {name}"));
        let section = section.split("\n## ").next().unwrap();
        let values = values(name);
        assert!(values.len() > 8, "{name}: {values:?}");
        for value in values {
            assert!(section.contains(&format!("| `{value}` |")), "{name}.{value} is not in docs/errors.md");
        }
    }
}
