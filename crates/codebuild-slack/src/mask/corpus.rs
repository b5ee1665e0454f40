//! Logs as tools print them, with made-up secrets, and without: how many secrets the mask hides, and how many lines it
//! leaves readable.
//!
//! A placeholder such as `{a20}` stands for as many characters: `a` letters and digits, `h` hexadecimal digits, `x` capital
//! letters and digits, `b` Base64. No secret is written out, because scanners of repositories would report it.

use std::collections::BTreeMap;

use super::Mask;
use super::token::{TOKENS, expanded};

const SECRETS: &str = include_str!("corpus/secrets.txt");
const HARMLESS: &str = include_str!("corpus/harmless.txt");

/// A line with the secrets in it.
struct Line {
    kind: String,
    text: String,
    secrets: Vec<String>,
}

/// Fills in the placeholders, with other characters in each.
fn filled(template: &str, seed: &mut u64) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let end = after.find('}');
        let placeholder =
            end.and_then(|end| Some((after.get(..1)?, after.get(1..end)?.parse::<usize>().ok()?, end)));
        let Some((kind, length, end)) = placeholder else {
            text.push('{');
            rest = after;
            continue;
        };
        let alphabet: &[u8] = match kind {
            "h" => b"0123456789abcdef",
            "x" => b"0123456789ABCDEFGHJKLMNPQRSTUVWXYZ",
            "b" => b"0123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz+/",
            _ => b"0123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz",
        };
        for _ in 0..length {
            *seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            text.push(char::from(alphabet[(*seed >> 33) as usize % alphabet.len()]));
        }
        rest = &after[end + 1..];
    }
    text + rest
}

fn lines_with_secrets() -> Vec<Line> {
    let mut seed = 7;
    let mut lines: Vec<Line> = SECRETS
        .lines()
        .map(|line| {
            let (kind, line) = line.split_once('\t').expect("kind and line");
            let line = filled(&line.replace("\\n", "\n"), &mut seed);
            let secrets = line.split('⟦').skip(1).filter_map(|part| part.split('⟧').next());
            Line {
                kind: kind.to_owned(),
                secrets: secrets
                    .filter(|secret| !secret.is_empty())
                    .map(str::to_owned)
                    .collect(),
                text: line.replace(['⟦', '⟧'], ""),
            }
        })
        .collect();
    for (_, _, _, examples) in TOKENS {
        for example in examples {
            let token = expanded(example);
            for (kind, text) in [
                ("shape, bare", token.clone()),
                (
                    "shape, in context",
                    format!("2026-11-01T00:00:00Z using {token}, retrying"),
                ),
            ] {
                lines.push(Line {
                    kind: kind.to_owned(),
                    text,
                    secrets: vec![token.clone()],
                });
            }
        }
    }
    lines
}

/// Returns hidden secrets and all secrets by kind, and the lines in which one was not hidden.
fn hidden(mask: &Mask) -> (BTreeMap<String, (usize, usize)>, Vec<String>) {
    let (mut counts, mut missed) = (BTreeMap::new(), Vec::new());
    for Line { kind, text, secrets } in lines_with_secrets() {
        let masked = mask.apply(&text);
        let (hidden, all): &mut (usize, usize) = counts.entry(kind).or_default();
        for secret in secrets {
            *all += 1;
            // A part of a secret, such as its end, must vanish as well.
            let end: String = secret
                .chars()
                .skip(secret.chars().count().saturating_sub(8))
                .collect();
            match masked.contains(&secret) || masked.contains(&end) {
                false => *hidden += 1,
                true => missed.push(masked.clone()),
            }
        }
    }
    (counts, missed)
}

#[test]
fn hides_secrets_of_every_kind() {
    let (counts, missed) = hidden(&Mask::default());
    let (hidden, all) = counts.values().fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
    assert!(all >= 470, "{all} secrets");
    assert!(
        hidden * 100 >= all * 98,
        "{hidden} of {all}: {counts:#?} {missed:#?}"
    );
}

#[test]
fn leaves_harmless_lines_as_they_are() {
    let lines: Vec<&str> = HARMLESS.lines().collect();
    let changed: Vec<String> = lines
        .iter()
        .map(|line| Mask::default().apply(line))
        .zip(&lines)
        .filter(|(masked, line)| masked != *line)
        .map(|(masked, _)| masked)
        .collect();
    assert!(lines.len() >= 420, "{} lines", lines.len());
    assert!(
        changed.len() * 100 <= lines.len() * 2,
        "{} of {} lines changed: {changed:#?}",
        changed.len(),
        lines.len()
    );
}
