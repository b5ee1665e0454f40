//! The text of an HTML page that says why a request failed.

/// Elements whose content is no text of the page.
const HIDDEN: [&str; 5] = ["style", "script", "noscript", "template", "svg"];

/// Returns the page's title and its headings; if it lacks either, its whole text. Style sheets and scripts are left out.
pub(super) fn text(html: &str) -> String {
    let mut texts = Texts::default();
    // The element that the text belongs to: the title, a heading, or another one.
    let mut within = "";
    let mut rest = html;
    while !rest.is_empty() {
        let (before, from_tag) = rest.split_at(rest.find('<').unwrap_or(rest.len()));
        texts.add(within, decode(before).trim());
        let Some(tag) = Tag::parse(from_tag) else {
            break;
        };
        rest = &from_tag[tag.length..];
        match tag.name {
            name if tag.is_end && name == within => within = "",
            name if HIDDEN.contains(&name) && !tag.is_end => rest = after_end_of(name, rest),
            name if !tag.is_end && within.is_empty() => within = name,
            _ => {}
        }
    }
    texts.summary()
}

#[derive(Default)]
struct Texts {
    title: String,
    headings: String,
    /// Text of the page without its title.
    body: String,
}

impl Texts {
    fn add(&mut self, element: &str, text: &str) {
        match element {
            _ if text.is_empty() => {}
            "title" => append(&mut self.title, text),
            "" => append(&mut self.body, text),
            _ => {
                append(&mut self.headings, text);
                append(&mut self.body, text);
            }
        }
    }

    fn summary(self) -> String {
        match (self.title.is_empty(), self.headings.is_empty()) {
            (false, false) if self.title == self.headings => self.title,
            (false, false) => [self.title, self.headings].join(" "),
            _ => [self.title, self.body].join(" "),
        }
    }
}

struct Tag {
    /// The element's name in lower case letters if the page's text depends on it, and otherwise nothing.
    name: &'static str,
    is_end: bool,
    /// Length with the angle brackets.
    length: usize,
}

impl Tag {
    /// Parses the tag or comment at the beginning of `html`.
    fn parse(html: &str) -> Option<Self> {
        let inner = html.strip_prefix('<')?;
        if let Some(comment) = inner.strip_prefix("!--") {
            let length = comment.find("-->").map_or(html.len(), |end| end + 7);
            return Some(Self {
                name: "",
                is_end: true,
                length,
            });
        }
        let length = html.find('>').map_or(html.len(), |end| end + 1);
        let is_end = inner.starts_with('/');
        let name = inner.trim_start_matches('/');
        let name = &name[..name
            .find(|character: char| !character.is_ascii_alphanumeric())
            .unwrap_or(name.len())];
        Some(Self {
            name: known(name),
            is_end,
            length,
        })
    }
}

/// Returns the name in lower case if the page's text depends on the element.
fn known(name: &str) -> &'static str {
    let names = HIDDEN.into_iter().chain(["title", "h1", "h2", "h3"]);
    names
        .into_iter()
        .find(|known| name.eq_ignore_ascii_case(known))
        .unwrap_or_default()
}

/// Skips the content of an element that has no tags of its own.
fn after_end_of<'a>(name: &str, html: &'a str) -> &'a str {
    let end = format!("</{name}");
    let bytes = html.as_bytes();
    let at = bytes
        .windows(end.len())
        .position(|window| window.eq_ignore_ascii_case(end.as_bytes()));
    at.map_or("", |at| &html[at..])
}

fn append(part: &mut String, text: &str) {
    if !part.is_empty() {
        part.push(' ');
    }
    part.push_str(text);
}

/// Decodes character references, among them the names that pages of servers use.
fn decode(text: &str) -> String {
    const NAMES: [(&str, char); 12] = [
        ("amp", '&'),
        ("lt", '<'),
        ("gt", '>'),
        ("quot", '"'),
        ("apos", '\''),
        ("nbsp", ' '),
        ("ndash", '–'),
        ("mdash", '—'),
        ("hellip", '…'),
        ("copy", '©'),
        ("laquo", '«'),
        ("raquo", '»'),
    ];
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        decoded.push_str(&rest[..at]);
        rest = &rest[at..];
        let reference = rest[1..].split_once(';').map(|(name, _)| name);
        let character = reference.and_then(|name| {
            let number = name.strip_prefix('#');
            let code = number.and_then(|number| match number.strip_prefix(['x', 'X']) {
                Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok(),
                None => number.parse().ok(),
            });
            let named = NAMES
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, character)| *character);
            named.or_else(|| char::from_u32(code?))
        });
        let (text, length) = match (character, reference) {
            (Some(character), Some(name)) => (character, name.len() + 2),
            _ => ('&', 1),
        };
        decoded.push(text);
        rest = &rest[length..];
    }
    decoded.push_str(rest);
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(html: &str, expected: &str) {
        let line = text(html).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(line, expected);
    }

    #[test]
    fn a_page_is_its_title_and_heading() {
        check(
            "<!DOCTYPE html><html><head><title>Maintenance &mdash; CI</title><style>h1 { color: red }</style>\
             <script>if (1 < 2) { start(); }</script></head><body><h1>The server is <b>starting</b></h1><p>Wait.</p></body></html>",
            "Maintenance — CI The server is starting",
        );
        check(
            "<html><TITLE>A</TITLE><H2 class='x'>B &#38; C&#x2026;</H2></html>",
            "A B & C…",
        );
    }

    #[test]
    fn a_heading_that_repeats_the_title_appears_once() {
        let page = "<title>502 Bad Gateway</title><center><h1>502 Bad Gateway</h1></center><hr>nginx";
        check(page, "502 Bad Gateway");
    }

    #[test]
    fn a_page_without_title_or_heading_is_its_text() {
        check(
            "<html><br><h1>502 Bad Gateway</h1><hr>nginx</html>",
            "502 Bad Gateway nginx",
        );
        check("<html>Please log in</html>", "Please log in");
        check("<title>Log in</title><form>User<input></form>", "Log in User");
    }

    #[test]
    fn style_sheets_scripts_and_comments_are_never_text() {
        check(
            "<STYLE>a > b { c: d }</STYLE >e<script>x</script>f<!-- g > h -->i",
            "e f i",
        );
        check("<style>never closed", "");
        check("a<!-- never closed", "a");
        check("a & b &unknown; &", "a & b &unknown; &");
    }
}
