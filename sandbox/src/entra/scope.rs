//! For whom a token is asked: one resource and `/.default`.

use super::refusal::Refusal;

/// Resources of Microsoft's that a tenant has from the start.
const KNOWN: [&str; 8] = [
    "https://graph.microsoft.com",
    "00000003-0000-0000-c000-000000000000",
    "https://graph.microsoft.us",
    "https://dod-graph.microsoft.us",
    "https://microsoftgraph.chinacloudapi.cn",
    "https://outlook.office365.com",
    "https://outlook.office.com",
    "https://management.azure.com",
];

/// The audience of the token that a scope asks for. A resource that is this server itself, under whatever name its
/// client knows it, is Graph: some clients derive the scope from where they send their calls.
pub fn audience(scope: &str, tenant: &str, host: &str) -> Result<String, Refusal> {
    let mut scopes = scope.split_whitespace();
    let (Some(first), others) = (scopes.next(), scopes) else { return Err(Refusal::missing("scope")) };
    let resource = resource(first)?;
    for other in others {
        if self::resource(other)? != resource {
            return Err(Refusal::scopes(scope));
        }
    }
    let bare = resource.trim_end_matches('/');
    if KNOWN.contains(&bare) {
        return Ok(bare.to_owned());
    }
    let authority = bare.split_once("://").map(|(_, rest)| rest.split('/').next().unwrap_or(rest));
    if authority == Some(host) {
        return Ok("https://graph.microsoft.com".to_owned());
    }
    Err(Refusal::resource(resource, tenant))
}

fn resource(scope: &str) -> Result<&str, Refusal> {
    match scope.strip_suffix("/.default") {
        Some("") => Err(Refusal::scope_form(scope)),
        Some(resource) => Ok(resource),
        None => Err(Refusal::scope(scope)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_resource_and_default_is_what_a_scope_is() {
        let number =
            |scope: &str| audience(scope, "contoso.example", "h:1").map_err(|refusal| refusal.number);
        let graph = Ok("https://graph.microsoft.com".to_owned());
        assert_eq!(number("https://graph.microsoft.com/.default"), graph);
        assert_eq!(number("https://graph.microsoft.com//.default"), graph);
        assert_eq!(number("http://h:1/.default"), graph);
        assert_eq!(number("https://graph.microsoft.com/Mail.Read"), Err(1_002_012));
        assert_eq!(number("/.default"), Err(70_011));
        assert_eq!(number(" "), Err(900_144));
        assert_eq!(number("https://nothing.example/.default"), Err(500_011));
        let two = "https://graph.microsoft.com/.default https://outlook.office365.com/.default";
        assert_eq!(number(two), Err(700_022));
    }
}
