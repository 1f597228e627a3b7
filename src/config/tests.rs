//! What an operator may write, and what is answered when it is wrong.

use secrecy::ExposeSecret as _;

use super::*;

const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

fn env(variables: &[(&str, &str)]) -> Sources {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Sources { variables, ..Sources::default() }
}

fn refused(sources: &Sources) -> String {
    Config::load(sources).unwrap_err().to_string()
}

fn file(text: &str) -> (tempfile::TempDir, Sources) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mailroom.toml");
    std::fs::write(&path, text).unwrap();
    (folder, Sources { file: Some(path), ..Sources::default() })
}

#[test]
fn the_defaults_are_whole_and_lie_in_the_data_folder() {
    let config = Config::load(&env(&[("MAILROOM_DATA_DIR", "/srv/mail")])).unwrap();
    assert_eq!(config.database.url.expose_secret(), "sqlite:/srv/mail/mailroom.db");
    assert_eq!(config.blob.url, "file:///srv/mail/blobs");
    assert_eq!(config.public.url, "http://127.0.0.1:8080");
    assert_eq!(config.mail.max_bytes, 50 * 1024 * 1024);
    assert_eq!(config.worker.roles, [Role::Api, Role::Worker]);
}

#[test]
fn every_key_of_the_defaults_is_explained() {
    let mut previous = "";
    for line in DEFAULT_TOML.lines() {
        if line.contains(" = ") && !line.starts_with('#') {
            assert!(previous.starts_with('#'), "{line} has no explanation above it");
        }
        previous = line;
    }
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
    let (_folder, mut sources) = file("[http]\nlisten = \"0.0.0.0:1\"\ndrain_seconds = 3\n");
    sources.variables = vec![("MAILROOM_HTTP__LISTEN".into(), "0.0.0.0:2".into())];
    let config = Config::load(&sources).unwrap();
    assert_eq!(config.http.listen.port(), 2);
    assert_eq!(config.http.drain_seconds, 3);
}

#[test]
fn an_unknown_key_of_a_file_is_refused_with_its_line_and_the_nearest_one() {
    let (_folder, sources) = file("data_dir = \"/x\"\n\n[database]\nmax_connection = 3\n");
    let message = refused(&sources);
    assert!(message.contains("mailroom.toml:4: unknown key database.max_connection"), "{message}");
    assert!(message.ends_with("the nearest known one is database.max_connections"), "{message}");
}

#[test]
fn an_unknown_variable_is_refused_with_the_nearest_one() {
    let message = refused(&env(&[("MAILROOM_DATABSE__URL", "sqlite:x")]));
    assert_eq!(
        message,
        "MAILROOM_DATABSE__URL: unknown key MAILROOM_DATABSE__URL; the nearest known one is MAILROOM_DATABASE__URL"
    );
    assert!(refused(&env(&[("MAILROOM_HTTP_LISTEN", "x")])).ends_with("MAILROOM_HTTP__LISTEN"));
}

#[test]
fn what_kubernetes_says_of_the_services_beside_us_is_passed_over() {
    let links = [
        ("MAILROOM_SERVICE_HOST", "10.0.0.1"),
        ("MAILROOM_SERVICE_PORT_HTTP", "80"),
        ("MAILROOM_PORT", "tcp://10.0.0.1:80"),
        ("MAILROOM_PORT_80_TCP_ADDR", "10.0.0.1"),
        ("MAILROOM_METRICS_SERVICE_PORT", "9090"),
    ];
    Config::load(&env(&links)).unwrap();
}

#[test]
fn a_value_of_the_wrong_type_is_refused_with_what_would_be_right() {
    let message = refused(&env(&[("MAILROOM_WORKER__CONCURRENCY", "many")]));
    assert_eq!(
        message,
        "MAILROOM_WORKER__CONCURRENCY: worker.concurrency = \"many\" will not do; right would be a whole number"
    );
    let (_folder, sources) = file("[api]\ngraphiql = \"yes\"\n");
    assert!(refused(&sources).contains("right would be true or false"));
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let wrong = [
        ("MAILROOM_WORKER__CONCURRENCY", "0"),
        ("MAILROOM_HTTP__LISTEN", "localhost"),
        ("MAILROOM_LOG__FORMAT", "xml"),
        ("MAILROOM_WORKER__ROLES", "api,cook"),
        ("MAILROOM_NET__ALLOW", "example.com"),
        ("MAILROOM_BLOB__URL", "ftp://x"),
    ];
    assert_eq!(refused(&env(&wrong)).lines().count(), wrong.len());
}

#[test]
fn a_secret_is_never_shown() {
    let message =
        refused(&env(&[("MAILROOM_SECRETS__KEYS", "hunter2"), ("MAILROOM_AUTH__LOCAL_KEY", "hunter2")]));
    assert!(!message.contains("hunter2") && message.contains("secrets.keys = ***"), "{message}");
    let keys = format!("a:{KEY}");
    let sources = env(&[
        ("MAILROOM_SECRETS__KEYS", &keys),
        ("MAILROOM_DATABASE__URL", "postgres://me:hunter2@db/mail?password=hunter2"),
    ]);
    let printed = print(&sources).unwrap();
    assert!(!printed.contains("hunter2") && !printed.contains(KEY), "{printed}");
    assert!(
        printed.contains("url = \"postgres://me:***@db/mail?***\"  # MAILROOM_DATABASE__URL"),
        "{printed}"
    );
    assert!(!format!("{:?}", Config::load(&sources).unwrap()).contains("hunter2"));
}

#[test]
fn any_value_can_come_from_a_file_without_its_last_newline() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    std::fs::write(&path, format!("k2:{KEY}\nk1:{KEY}\n")).unwrap();
    let path = path.to_str().unwrap();
    let config = Config::load(&env(&[("MAILROOM_SECRETS__KEYS_FILE", path)])).unwrap();
    assert_eq!(config.secrets.keys.len(), 2);
    let both = env(&[("MAILROOM_SECRETS__KEYS_FILE", path), ("MAILROOM_SECRETS__KEYS", "x")]);
    assert!(refused(&both).contains("MAILROOM_SECRETS__KEYS and MAILROOM_SECRETS__KEYS_FILE are both set"));
    let missing = refused(&env(&[("MAILROOM_LOG__LEVEL_FILE", "/nowhere/level")]));
    assert_eq!(missing, "/nowhere/level (named by MAILROOM_LOG__LEVEL_FILE) could not be read");
}

#[test]
fn a_key_that_itself_ends_in_file_is_no_file_of_another() {
    let config = Config::load(&env(&[("MAILROOM_NET__CA_FILE", "/etc/ca.pem")])).unwrap();
    assert_eq!(config.net.ca_file, std::path::Path::new("/etc/ca.pem"));
}

#[test]
fn sizes_are_read_with_their_units() {
    let config = Config::load(&env(&[("MAILROOM_MAIL__MAX_BYTES", "2 MiB")])).unwrap();
    assert_eq!(config.mail.max_bytes, 2 * 1024 * 1024);
    assert!(refused(&env(&[("MAILROOM_MAIL__MAX_BYTES", "2 MB")])).contains("such as \"8MiB\""));
}

#[test]
fn a_file_that_is_not_toml_is_refused_with_its_line() {
    let (_folder, sources) = file("[http]\nlisten = \n");
    let message = refused(&sources);
    assert!(message.contains("mailroom.toml:2 is not TOML"), "{message}");
}

#[test]
fn serving_needs_a_key_to_encrypt_with_and_one_to_sign_with() {
    let message = Config::defaults().unwrap().require_keys().unwrap_err().to_string();
    assert!(message.contains("secrets.keys is not set") && message.contains("auth.local_key is not set"));
    let keys = format!("a:{KEY}");
    let whole = env(&[("MAILROOM_SECRETS__KEYS", &keys), ("MAILROOM_AUTH__LOCAL_KEY", KEY)]);
    Config::load(&whole).unwrap().require_keys().unwrap();
}

#[test]
fn two_keys_of_one_name_are_refused() {
    let keys = format!("a:{KEY},a:{KEY}");
    assert!(refused(&env(&[("MAILROOM_SECRETS__KEYS", &keys)])).contains("different names"));
}
