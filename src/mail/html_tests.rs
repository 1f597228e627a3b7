use super::{content_ids, safe_html};
use crate::mail::markup::{Attributes, Token, Tokens};

const PIXEL: &str = "data:image/gif;base64,R0lGODlhAQABAAAAACw=";

fn shown(html: &str) -> String {
    safe_html(html, false, &|id| (id == "logo@x.example").then(|| "/files/logo?signature=1".to_owned()))
}

/// What no output may hold as markup, whatever went in.
fn assert_harmless(input: &str, output: &str) {
    let lower = output.to_lowercase();
    let tags = [
        "<script",
        "<svg",
        "<math",
        "<style",
        "<iframe",
        "<object",
        "<embed",
        "<form",
        "<input",
        "<button",
        "<base",
        "<meta",
        "<link",
        "<template",
        "<video",
        "<audio",
        "<source",
        "<frame",
        "<!--",
        "<applet",
        "<body",
        "<select",
        "<textarea",
        "<noscript",
        "<xmp",
        "<isindex",
    ];
    for tag in tags {
        assert!(!lower.contains(tag), "{tag} in {output} from {input}");
    }
    for token in Tokens::new(output) {
        let Token::Start(_, attributes) = token else { continue };
        for (name, value) in Attributes::new(attributes) {
            let allowed = [
                "src", "href", "style", "alt", "title", "target", "rel", "color", "size", "face", "width",
                "height", "colspan", "border",
            ];
            assert!(allowed.contains(&name), "{name} in {output} from {input}");
            let code = ["javascript:", "vbscript:", "url(", "expression", "\\", "data:text", "svg"];
            let is_shown_alone = matches!(name, "alt" | "title");
            assert!(
                is_shown_alone || !code.iter().any(|code| value.contains(code)),
                "{value} in {output} from {input}"
            );
            assert!(name != "src" || value.starts_with("data:image/gif"), "{value} in {output} from {input}");
        }
    }
}

#[test]
fn code_and_remote_content_never_pass() {
    for input in [
        "<script>alert(1)</script>",
        "<SCRIPT SRC=http://evil.example/x.js></SCRIPT>",
        "<scr<script>ipt>alert(1)</scr</script>ipt>",
        "<script/src=//evil.example>",
        "<img src=x onerror=alert(1)>",
        "<img/src=x/onerror=alert(1)>",
        "<img src='x'onerror='alert(1)'>",
        "<img \"\"\"><script>alert(1)</script>\">",
        "<IMG SRC=javascript:alert(1)>",
        "<img src=\"jav&#x09;ascript:alert(1)\">",
        "<img src=`javascript:alert(1)`>",
        "<img src=http://evil.example/pixel.gif>",
        "<img src=//evil.example/pixel.gif>",
        "<img src=/relative.gif>",
        "<img srcset='http://evil.example/a 1x' src=y>",
        "<img lowsrc=http://evil.example/a dynsrc=http://evil.example/b>",
        "<table background=http://evil.example/a><tr><td background=http://evil.example/b>x</table>",
        "<body background=http://evil.example/a onload=alert(1)>x",
        "<div style='background:url(http://evil.example/a)'>x</div>",
        "<div style='background-image:\\75rl(http://evil.example/a)'>x</div>",
        "<div style='width:expression(alert(1))'>x</div>",
        "<p style='behavior:url(x.htc);color:red'>x</p>",
        "<style>@import 'http://evil.example/a.css';</style>",
        "<style><img src='</style><img src=x onerror=alert(1)>'>",
        "<link rel=stylesheet href=http://evil.example/a.css>",
        "<meta http-equiv=refresh content='0;url=http://evil.example'>",
        "<base href=http://evil.example/>",
        "<a href=javascript:alert(1)>x</a>",
        "<a href=' java\nscript:alert(1)'>x</a>",
        "<a href=\"&#106;avascript:alert(1)\">x</a>",
        "<a href=data:text/html,<script>alert(1)</script>>x</a>",
        "<a href=vbscript:x>x</a>",
        "<a href=cid:logo@x.example>x</a>",
        "<a href=/relative ping=http://evil.example>x</a>",
        "<a href=http://ok.example onclick=alert(1)>x</a>",
        "<svg onload=alert(1)>",
        "<svg><script>alert(1)</script></svg>",
        "<svg><a xlink:href=javascript:alert(1)><text>x</text></a></svg>",
        "<svg><style><img src=x onerror=alert(1)></style></svg>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
        "<math href=javascript:alert(1)>x</math>",
        "<iframe src=http://evil.example></iframe>",
        "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
        "<object data=http://evil.example/x.swf></object>",
        "<embed src=http://evil.example/x.swf>",
        "<form action=http://evil.example><input name=p><button formaction=javascript:alert(1)>x</button></form>",
        "<isindex action=javascript:alert(1) type=image>",
        "<video poster=http://evil.example/a><source src=http://evil.example/b onerror=alert(1)></video>",
        "<audio src=http://evil.example/a></audio>",
        "<details open ontoggle=alert(1)>x</details>",
        "<marquee onstart=alert(1)>x</marquee>",
        "<input autofocus onfocus=alert(1)>",
        "<select><option><style></option></select><img src=x onerror=alert(1)></style>",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
        "<textarea><img title='</textarea><img src=x onerror=alert(1)>'>",
        "<title><img title='</title><img src=x onerror=alert(1)>'>",
        "<xmp><p title='</xmp><img src=x onerror=alert(1)>'>",
        "<template><img src=x onerror=alert(1)></template>",
        "<!--><img src=x onerror=alert(1)>-->",
        "<!-- --!><img src=x onerror=alert(1)> -->",
        "<![CDATA[<img src=x onerror=alert(1)>]]>",
        "<?xml version=\"1.0\"?><img src=x onerror=alert(1)>",
        "<!--[if gte mso 9]><script>alert(1)</script><![endif]-->",
        "<img src=data:image/svg+xml;base64,PHN2Zz4=>",
        "<img src=data:text/html;base64,PHNjcmlwdD4=>",
        "<b onmouseover=alert(1)>x</b>",
        "<a name=x id=y class=z>x</a>",
        "<o:p onclick=x>y</o:p>",
        "</p><img src=x onerror=alert(1)",
        "<<img src=x onerror=alert(1)>>",
        "<im\0g src=x onerror=alert(1)>",
        "<table><td><form><svg><style><a title='</style><img src onerror=alert(1)>'>",
    ] {
        assert_harmless(input, &shown(input));
        let output = safe_html(input, true, &|_| None);
        for code in ["<script", "onerror=\"", "href=\"javascript", "<svg", "<iframe", "url("] {
            assert!(!output.contains(code), "{code} in {output} from {input}");
        }
    }
}

#[test]
fn what_is_harmless_stays() {
    for (input, output) in [
        ("<p>x</p>", "<p>x</p>"),
        ("1 < 2 & 3", "1 &lt; 2 &amp; 3"),
        ("<font color=red size=2>x</font>", "<font color=\"red\" size=\"2\">x</font>"),
        ("<p style='color: red; position: fixed'>x</p>", "<p style=\"color:red\">x</p>"),
        (
            "<table border=0 cellpadding=2><tr><td bgcolor=#fff colspan=2>x</td></tr></table>",
            "<table border=\"0\" cellpadding=\"2\"><tbody><tr><td bgcolor=\"#fff\" colspan=\"2\">x</td></tr></tbody></table>",
        ),
        ("<img alt=x src=http://a.example/b>", "<img alt=\"x\">"),
    ] {
        assert_eq!(shown(input), output, "{input}");
    }
}

#[test]
fn links_open_elsewhere_and_tell_nothing() {
    for address in ["https://a.example/?b=1", "http://a.example", "mailto:a@b.example", "tel:+49123"] {
        let output = shown(&format!("<a href='{address}' target=_self rel=opener>x</a>"));
        for part in
            [&*format!("href=\"{address}\""), "target=\"_blank\"", "rel=\"noopener noreferrer nofollow\""]
        {
            assert!(output.contains(part), "{part} is missing in {output}");
        }
    }
}

#[test]
fn inline_images_get_their_address_and_unknown_ones_go() {
    let address = "<img src=\"/files/logo?signature=1\">";
    assert_eq!(shown("<img src=cid:logo@x.example>"), address);
    assert_eq!(shown("<IMG SRC='CID:logo%40x.example'>"), address);
    assert_eq!(shown("<img src=cid:other@x.example>"), "<img>");
    assert_eq!(shown(&format!("<img src={PIXEL}>")), format!("<img src=\"{PIXEL}\">"));
    assert_eq!(shown(&format!("<img src=data:image/png;base64,{}>", "A".repeat(50_000))), "<img>");
}

#[test]
fn remote_images_pass_when_they_are_allowed() {
    let allowed = |html| safe_html(html, true, &|_| None);
    assert_eq!(allowed("<img src=https://a.example/b>"), "<img src=\"https://a.example/b\">");
    assert!(
        allowed("<table background=https://a.example/b></table>")
            .contains("background=\"https://a.example/b\"")
    );
    for html in ["<img src=ftp://a.example/b>", "<img src=//a.example/b>", "<img src=javascript:x>"] {
        assert_eq!(allowed(html), "<img>");
    }
}

#[test]
fn hostile_html_is_sanitised_in_no_time() {
    let fonts: String = (0..20_000).map(|n| format!("<font color={n}>")).collect();
    for html in [
        "<div>".repeat(200_000),
        fonts + &"<p>x".repeat(20_000),
        "<a href=x>".repeat(50_000),
        "<!--".repeat(500_000),
    ] {
        let started = std::time::Instant::now();
        shown(&html);
        assert!(started.elapsed() < std::time::Duration::from_secs(5), "{:?}", started.elapsed());
    }
}

#[test]
fn content_ids_are_found_in_html() {
    let ids = content_ids("<img src=\"cid:a@b\"> url(CID:c%40d) cid: acid:x");
    for id in ["a@b", "c@d"] {
        assert!(ids.contains(id), "{id} is missing in {ids:?}");
    }
}
