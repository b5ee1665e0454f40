//! The author and the message of the built commit, from the variables that a project exports.
//!
//! CodeBuild knows neither, so projects export them under names of their own choice. A name is read by its words:
//! `COMMIT_AUTHOR`, `GIT_AUTHOR_EMAIL`, `CI_COMMIT_MESSAGE`, and `AuthorDisplayName` or `CommitMessage` as in CodePipeline.

use crate::mask::Mask;
use crate::message::log_tail;

/// The author of a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Author {
    pub(crate) name: Option<String>,
    /// E-mail address. It is not shown.
    pub(crate) email: Option<String>,
}

/// Words that change nothing in the meaning of a variable's name.
const QUALIFIERS: [&str; 14] = [
    "build",
    "ci",
    "codebuild",
    "commit",
    "current",
    "display",
    "full",
    "git",
    "head",
    "last",
    "latest",
    "name",
    "source",
    "the",
];

/// Returns the author that the exported variables name, each with its value.
pub(crate) fn author(variables: &[(&str, &str)], mask: &Mask) -> Option<Author> {
    let find = |is_it: fn(&[String]) -> bool| values(variables, is_it).find(|value| !value.is_empty());
    let (name, email_of_name) = split(find(is_author_name).unwrap_or_default());
    let email = find(is_author_email).map(|value| split(value).1.unwrap_or(value));
    let name = (!name.is_empty()).then(|| mask.apply_to_name(&log_tail::plain(name)));
    let email = email.or(email_of_name).filter(|email| is_email(email));
    (name.is_some() || email.is_some()).then(|| Author {
        name,
        email: email.map(str::to_owned),
    })
}

/// Returns the first line of the commit message that the exported variables contain.
pub(crate) fn first_line(variables: &[(&str, &str)], mask: &Mask) -> Option<String> {
    let message = values(variables, is_message).find(|value| !value.is_empty())?;
    let plain: Vec<String> = message.lines().map(log_tail::plain).collect();
    // The mask needs the whole text, because a private key spans many lines.
    let masked = mask.apply_to_name(&plain.join("\n"));
    let mut lines = masked.lines().map(str::trim);
    lines.find(|line| !line.is_empty()).map(str::to_owned)
}

/// Returns the trimmed values of the variables with a matching name.
fn values<'v>(
    variables: &'v [(&'v str, &'v str)],
    is_it: fn(&[String]) -> bool,
) -> impl Iterator<Item = &'v str> {
    let matching = variables.iter().filter(move |(name, _)| is_it(&words(name)));
    matching.map(|(_, value)| value.trim())
}

fn is_author_name(words: &[String]) -> bool {
    has_only(words, &["author"])
}

fn is_author_email(words: &[String]) -> bool {
    has(words, &["author"])
        && has(words, &["email", "mail"])
        && has_only(words, &["author", "email", "mail", "e", "address"])
}

fn is_message(words: &[String]) -> bool {
    has(words, &["commit", "git"]) && has_only(words, &["message", "msg", "subject", "title"])
}

fn has(words: &[String], any: &[&str]) -> bool {
    words.iter().any(|word| any.contains(&word.as_str()))
}

/// Reports whether the words contain one of `meaning`, and beside them only qualifiers.
fn has_only(words: &[String], meaning: &[&str]) -> bool {
    let mut others = words.iter().filter(|word| !QUALIFIERS.contains(&word.as_str()));
    has(words, meaning) && others.all(|word| meaning.contains(&word.as_str()))
}

/// Splits `COMMIT_AUTHOR` and `CommitAuthor` into lower-case words.
fn words(name: &str) -> Vec<String> {
    let mut spaced = String::with_capacity(name.len() + 4);
    let mut was_small = false;
    for character in name.chars() {
        if was_small && character.is_ascii_uppercase() {
            spaced.push(' ');
        }
        was_small = character.is_ascii_lowercase();
        spaced.push(match character.is_ascii_alphanumeric() {
            true => character.to_ascii_lowercase(),
            false => ' ',
        });
    }
    spaced.split_whitespace().map(str::to_owned).collect()
}

/// Splits `Name <address>` into name and address.
fn split(text: &str) -> (&str, Option<&str>) {
    let parts = text.strip_suffix('>').and_then(|text| text.rsplit_once('<'));
    match parts {
        Some((name, email)) => (name.trim(), Some(email.trim())),
        None => (text, None),
    }
}

fn is_email(text: &str) -> bool {
    let parts = text.split_once('@');
    parts.is_some_and(|(user, host)| !user.is_empty() && host.contains('.') && !host.contains('@'))
        && !text.contains(|character: char| character.is_whitespace() || "<>,;".contains(character))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares name and e-mail address, each empty if there is none.
    #[track_caller]
    fn check(variables: &[(&str, &str)], expected: (&str, &str)) {
        let author = author(variables, &Mask::default()).unwrap_or_default();
        let found = (author.name.unwrap_or_default(), author.email.unwrap_or_default());
        assert_eq!((found.0.as_str(), found.1.as_str()), expected, "{variables:?}");
    }

    #[test]
    fn the_names_of_variables_are_read_by_their_words() {
        let email = "alice@example.com";
        for (name, address) in [
            ("COMMIT_AUTHOR", "COMMIT_AUTHOR_EMAIL"),
            ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL"),
            ("CI_COMMIT_AUTHOR", "CI_COMMIT_AUTHOR_MAIL"),
            ("CODEBUILD_GIT_AUTHOR", "CODEBUILD_GIT_AUTHOR_EMAIL"),
            ("AuthorDisplayName", "AuthorEmail"),
            ("author", "author_e_mail"),
        ] {
            check(&[(address, email), (name, "Alice Kim")], ("Alice Kim", email));
        }
        for other in [
            "AUTHOR_ID",
            "AUTHOR_DATE",
            "BOOK_AUTHOR",
            "COMMIT",
            "EMAIL",
            "AUTH",
            "NAME",
        ] {
            check(&[(other, email)], ("", ""));
        }
    }

    #[test]
    fn an_author_may_have_a_name_an_address_or_both() {
        check(
            &[("COMMIT_AUTHOR", "Alice <a@example.com>")],
            ("Alice", "a@example.com"),
        );
        check(
            &[("AUTHOR_EMAIL", "Alice <a@example.com>")],
            ("", "a@example.com"),
        );
        check(&[("COMMIT_AUTHOR", "Alice")], ("Alice", ""));
        check(&[("COMMIT_AUTHOR", " ")], ("", ""));
        for wrong in [
            "a@b",
            "a b@example.com",
            "a@b@example.com",
            "@example.com",
            "a@b.c,d@e.f",
        ] {
            check(&[("AUTHOR_EMAIL", wrong)], ("", ""));
        }
    }

    #[test]
    fn the_first_line_of_the_message_has_no_secret() {
        let mask = Mask::new([
            ("API_TOKEN", "hunter2hunter2"),
            ("COMMIT_MESSAGE", "Repair the log in page"),
        ]);
        let of = |name: &str, message: &str| first_line(&[(name, message)], &mask);
        let line = |text: &str| Some(text.to_owned());
        assert_eq!(of("COMMIT_MESSAGE", "\n Repair\n\nIt failed."), line("Repair"));
        assert_eq!(of("CommitMessage", "\u{1b}[31mRed\u{1b}[0m"), line("Red"));
        assert_eq!(of("GIT_COMMIT_SUBJECT", "use hunter2hunter2"), line("use ***"));
        // CodePipeline passes it as a variable of the environment too.
        assert_eq!(
            of("GIT_MSG", "Repair the log in page"),
            line("Repair the log in page")
        );
        for (name, message) in [
            ("COMMIT_MESSAGE", " \n"),
            ("PR_TITLE", "x"),
            ("MESSAGE", "x"),
            ("COMMIT", "x"),
        ] {
            assert_eq!(of(name, message), None, "{name}");
        }
    }
}
