//! Source files as tokens: comments, text and tests do not count.

use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// Source file without the items under `#[cfg(test)]`.
#[derive(Debug, Default)]
pub struct Source {
    pub file: PathBuf,
    /// Paths such as `std::env::var`, with `use` groups resolved. A single identifier is a path, too.
    pub paths: Vec<String>,
    /// String literals.
    pub texts: Vec<String>,
}

impl Source {
    pub fn read(file: &Path) -> Self {
        let text = super::read(file);
        let tokens = text.parse::<TokenStream>();
        let tokens = tokens.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let mut source = Self {
            file: file.to_owned(),
            ..Self::default()
        };
        source.collect(tokens, "");
        source
    }

    /// Returns the paths that begin with `outside`, or with a type or module that ends with it.
    pub fn naming(&self, outside: &str) -> Vec<&String> {
        let within = |path: &&String| format!("::{path}::").contains(&format!("::{outside}"));
        self.paths.iter().filter(within).collect()
    }

    fn collect(&mut self, tokens: TokenStream, prefix: &str) {
        let mut path = prefix.to_owned();
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Ident(name) => {
                    if !path.is_empty() && !path.ends_with("::") {
                        self.end(&mut path, prefix);
                    }
                    path += &name.to_string();
                    continue;
                }
                TokenTree::Punct(colon) if colon.as_char() == ':' => {
                    let is_separator =
                        matches!(tokens.peek(), Some(TokenTree::Punct(next)) if next.as_char() == ':');
                    if is_separator && !path.is_empty() {
                        tokens.next();
                        path += "::";
                        continue;
                    }
                }
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace && path.ends_with("::") => {
                    let prefix = std::mem::take(&mut path);
                    self.collect(group.stream(), &prefix);
                }
                TokenTree::Group(group) if is_cfg_test(&group) => {
                    tokens.by_ref().find(|token| match token {
                        TokenTree::Punct(end) => end.as_char() == ';',
                        TokenTree::Group(body) => body.delimiter() == Delimiter::Brace,
                        _ => false,
                    });
                }
                TokenTree::Group(group) => {
                    self.end(&mut path, prefix);
                    self.collect(group.stream(), "");
                }
                TokenTree::Literal(literal) => {
                    let literal = literal.to_string();
                    let text = literal.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
                    self.texts.extend(text.map(str::to_owned));
                }
                TokenTree::Punct(_) => {}
            }
            self.end(&mut path, prefix);
        }
        self.end(&mut path, prefix);
    }

    fn end(&mut self, path: &mut String, prefix: &str) {
        let path = std::mem::replace(path, prefix.to_owned());
        if path != prefix {
            self.paths.push(path);
        }
    }
}

/// Whether an attribute's brackets hold `cfg(test)`.
fn is_cfg_test(group: &Group) -> bool {
    group.delimiter() == Delimiter::Bracket && group.stream().to_string().replace(' ', "") == "cfg(test)"
}

#[test]
fn resolves_groups_and_leaves_out_tests_and_comments() {
    let mut source = Source::default();
    let text = r#"
        use std::{env, collections::{BTreeMap, HashMap}};
        #[cfg(test)]
        mod tests;
        /// tokio::spawn is only a comment.
        fn read() -> String { jiff::Timestamp::now(); format!("{} tokio::time", env::var("NAME")) }
        #[cfg(test)]
        mod more { use tokio::time; }
        const A: &str = "a";
    "#;
    source.collect(text.parse().unwrap(), "");
    for path in [
        "std::env",
        "std::collections::HashMap",
        "jiff::Timestamp::now",
        "env::var",
    ] {
        assert!(
            source.paths.iter().any(|found| found == path),
            "{path}: {:?}",
            source.paths
        );
    }
    assert_eq!(source.naming("tokio"), Vec::<&String>::new());
    assert_eq!(source.naming("Timestamp::now"), ["jiff::Timestamp::now"]);
    assert!(source.texts.contains(&"NAME".to_owned()) && source.texts.contains(&"a".to_owned()));
}
