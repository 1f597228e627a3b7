//! How much memory a mail takes at most: measured in a process of its own, where nothing else allocates.

use std::process::Command;

use peak_alloc::PeakAlloc;

use super::chance::Chance;
use super::corpus;
use super::whole::{all_the_way, mapping};

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

const IN_A_PROCESS_OF_ITS_OWN: &str = "MAILROOM_MEMORY_MEASURED";
/// What a small mail may take, whatever is in it; and what each byte of a mail may.
const BASE: usize = 2 * 1024 * 1024;
const A_BYTE: usize = 40;

/// Mails whose form multiplies what is kept of them.
fn big() -> Vec<(String, Vec<u8>)> {
    let mail = |name: &str, head: &str, body: String| {
        (
            name.to_owned(),
            format!("From: ann@sender.example\r\nSubject: big\r\n{head}\r\n{body}").into_bytes(),
        )
    };
    let parts = |count: usize, part: &str| format!("--b\r\n{part}\r\n").repeat(count);
    let multipart = "Content-Type: multipart/mixed; boundary=b\r\n";
    let html = "Content-Type: text/html\r\n";
    vec![
        mail("a long text", "", "It is long. ".repeat(400_000)),
        mail("html in html", html, "<div><b style='color:red'>x".repeat(150_000)),
        mail("entities", html, "&lt;&eacute;".repeat(300_000)),
        mail("attributes", html, format!("<p {}>x", "a=b ".repeat(800_000))),
        mail(
            "data urls",
            html,
            format!("<img src='data:image/png;base64,{}'>", "A".repeat(30_000)).repeat(100),
        ),
        mail("cids", html, "<img src=cid:a>".repeat(200_000)),
        mail("parts", multipart, parts(30_000, "Content-Type: text/html\r\n\r\n<p>x</p>")),
        mail("headers in parts", multipart, parts(900, &("X: y\r\n".repeat(500) + "\r\nx"))),
        mail(
            "attachment",
            multipart,
            parts(
                1,
                &format!(
                    "Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
                    ("QUJD".repeat(19) + "\r\n").repeat(100_000)
                ),
            ),
        ),
        mail("header fields", &"X-Field: value\r\n".repeat(300_000), "x".to_owned()),
        mail("addresses", &format!("To: {}\r\n", "a@b.example, ".repeat(20_000)), "x".to_owned()),
        mail(
            "encoded words",
            &format!("Subject: {}\r\n", "=?utf-8?B?w7w=?= ".repeat(14_000)),
            "x".to_owned(),
        ),
        mail(
            "iso-2022-jp",
            "Content-Type: text/plain; charset=iso-2022-jp\r\n",
            "\u{1b}$B$3$s\u{1b}(B".repeat(200_000),
        ),
        mail("nested", "", "Content-Type: message/rfc822\r\n\r\n".repeat(100_000)),
    ]
}

/// Runs alone in its process; the test below starts it. Elsewhere it measures nothing.
#[test]
#[ignore = "started by the test that measures memory"]
fn measured_alone() {
    assert!(std::env::var_os(IN_A_PROCESS_OF_ITS_OWN).is_some(), "started by hand");
    let (mapping, mut chance) = (mapping(), Chance::new(4));
    let mut mails = corpus();
    all_the_way(&mails[0].1, &mapping);
    for (name, raw) in corpus() {
        mails.push((format!("{name}, changed"), chance.damaged(&raw)));
        mails.push((format!("{name}, cut"), raw[..chance.below(raw.len() + 1)].to_vec()));
    }
    mails.extend(big());
    for (name, raw) in mails {
        let before = ALLOCATED.current_usage();
        ALLOCATED.reset_peak_usage();
        all_the_way(&raw, &mapping);
        let most = ALLOCATED.peak_usage() - before;
        let allowed = BASE + A_BYTE * raw.len();
        assert!(most <= allowed, "{name}: {most} bytes for {}, {allowed} are allowed", raw.len());
        if raw.len() > 200_000 {
            let line =
                format!("{name}: {:.1} bytes for each of {}\n", most as f64 / raw.len() as f64, raw.len());
            std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes()).unwrap();
        }
    }
}

#[test]
fn no_mail_takes_more_memory_than_its_size_allows() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "mail::memory::measured_alone", "--ignored", "--nocapture", "--test-threads=1"])
        .env(IN_A_PROCESS_OF_ITS_OWN, "1")
        .output()
        .unwrap();
    let told =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
}
