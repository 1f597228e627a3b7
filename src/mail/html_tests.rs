use super::safe_html;

#[test]
fn text_stays() {
    assert_eq!(safe_html("<p>x</p>", false, &|_| None), "<p>x</p>");
}
