//! Invariants of the workspace, which ARCHITECTURE.md lists.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod manifests;
mod source;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use source::Source;

/// Client libraries, environment, files, network, processes and clock: only shell and adapters may name them.
const OUTSIDE: [&str; 18] = [
    "aws_config",
    "aws_sdk_",
    "aws_smithy_",
    "lambda_runtime",
    "reqwest",
    "hyper",
    "tokio",
    "lambda_core::aws",
    "lambda_core::clock",
    "clock::",
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
];

/// Clients of the systems on the other side, which only adapters may name.
const CLIENTS: [&str; 2] = ["aws_sdk_", "reqwest"];

/// Shell of a function: files, or folders of the same name.
const SHELL: [&str; 5] = ["main", "lib", "config", "event", "handler"];

/// Headings of a function's README, in their order.
const HEADINGS: [&str; 7] = [
    "What it does",
    "Trigger",
    "Effect",
    "Environment",
    "Permissions",
    "Failure policy",
    "Try it",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Folders of all crates.
fn crates() -> Vec<PathBuf> {
    let mut crates: Vec<_> = entries(&root().join("crates"));
    crates.retain(|path| path.join("Cargo.toml").exists());
    crates.sort();
    crates
}

/// Folders of the function crates: those with a handler.
fn functions() -> Vec<PathBuf> {
    let mut functions = crates();
    functions.retain(|path| path.join("src/handler.rs").exists());
    assert!(functions.len() >= 6, "{functions:?}");
    functions
}

fn name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// All Rust files below `folder`.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in entries(folder) {
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// Source files of a function with the part of `src/` that each belongs to: `config`, `event`, `adapters`, a noun of the
/// domain. Files of tests are left out.
fn sources(function: &Path) -> Vec<(String, Source)> {
    let folder = function.join("src");
    let is_test = |path: &Path| {
        let mut parts = path.iter();
        parts.any(|part| part == "tests" || part == "tests.rs")
    };
    let files = rust_files(&folder).into_iter();
    let files = files.map(|file| (file.strip_prefix(&folder).unwrap().to_owned(), file));
    files
        .filter(|(path, _)| !is_test(path))
        .map(|(path, file)| {
            let part = path.iter().next().unwrap().to_str().unwrap();
            (part.trim_end_matches(".rs").to_owned(), Source::read(&file))
        })
        .collect()
}

#[track_caller]
fn assert_names_none(source: &Source, forbidden: &[&str]) {
    for outside in forbidden {
        let found = source.naming(outside);
        assert!(found.is_empty(), "{} names {found:?}", source.file.display());
    }
}

#[test]
fn domain_files_name_no_client_library_no_clock_and_no_environment() {
    for function in functions() {
        let domain = sources(&function)
            .into_iter()
            .filter(|(part, _)| !SHELL.contains(&part.as_str()) && part != "adapters");
        let domain: Vec<_> = domain.collect();
        assert!(!domain.is_empty(), "{} has no domain", name(&function));
        for (_, source) in domain {
            assert_names_none(&source, &OUTSIDE);
        }
    }
}

#[test]
fn only_adapters_name_the_clients_of_other_systems() {
    for function in functions() {
        for (part, source) in sources(&function) {
            if part != "adapters" {
                assert_names_none(&source, &CLIENTS);
            }
        }
    }
}

#[test]
fn main_has_no_branch_and_lib_has_no_logic() {
    for function in functions() {
        let main = Source::read(&function.join("src/main.rs"));
        for keyword in ["if", "match", "for", "while", "loop"] {
            let is_keyword = |path: &String| path == keyword;
            assert!(
                !main.paths.iter().any(is_keyword),
                "{}: main.rs has `{keyword}`",
                name(&function)
            );
        }
        let lib = Source::read(&function.join("src/lib.rs"));
        assert!(
            !lib.paths.contains(&"fn".to_owned()),
            "{}: lib.rs has a function",
            name(&function)
        );
    }
}

#[test]
fn modules_of_a_function_are_private_and_lib_has_one_export() {
    for function in functions() {
        let lib = read(&function.join("src/lib.rs"));
        // The parsers for the fuzz targets, which no build of the function has.
        let lib = lib.replace("#[cfg(any(fuzzing, test))]\npub mod fuzz;\n", "");
        let public: Vec<&str> = lib.lines().filter(|line| line.starts_with("pub")).collect();
        let is_one = matches!(public.as_slice(), [line] if line.starts_with("pub use "));
        assert!(is_one, "{}: lib.rs has {public:?}", name(&function));
    }
}

#[test]
fn handle_is_the_first_function_of_the_handler() {
    for function in functions() {
        let handler = Source::read(&function.join("src/handler.rs"));
        let after_fn = handler.paths.iter().skip_while(|path| *path != "fn").nth(1);
        assert_eq!(
            after_fn.map(String::as_str),
            Some("handle"),
            "{}",
            name(&function)
        );
    }
}

#[test]
fn no_module_is_in_a_file_named_mod() {
    for path in crates() {
        for file in rust_files(&path) {
            assert_ne!(name(&file), "mod.rs", "{}", file.display());
        }
    }
}

#[test]
fn every_function_has_a_readme_with_the_fixed_headings_and_all_its_variables() {
    for function in functions() {
        let readme = read(&function.join("README.md"));
        let headings: Vec<&str> = readme
            .lines()
            .filter_map(|line| line.strip_prefix("## "))
            .collect();
        assert_eq!(headings, HEADINGS, "{}", name(&function));
        let sources = sources(&function).into_iter();
        let texts = sources
            .filter(|(part, _)| part == "config")
            .flat_map(|(_, source)| source.texts);
        for variable in texts.filter(|text| is_variable(text)) {
            let is_named = readme.contains(&format!("`{variable}`"));
            assert!(is_named, "{}: the README lacks {variable}", name(&function));
        }
    }
}

/// Whether a text is written like the name of a variable.
fn is_variable(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_uppercase() || byte == b'_' || byte.is_ascii_digit();
    text.len() > 3 && text.contains('_') && text.bytes().all(is_allowed)
}

#[test]
fn every_function_has_events_that_are_json() {
    for function in functions() {
        let events = entries(&root().join("events").join(name(&function)));
        assert!(!events.is_empty(), "{} has no events", name(&function));
        for event in events {
            assert_eq!(event.extension().unwrap(), "json", "{}", event.display());
            let json = serde_json::from_str::<Value>(&read(&event));
            json.unwrap_or_else(|error| panic!("{}: {error}", event.display()));
        }
    }
}

/// `infra/template.yaml` and `infra/*/template.yaml`.
#[test]
fn every_function_is_in_a_template() {
    let infra = root().join("infra");
    let folders = entries(&infra)
        .into_iter()
        .filter(|path| path.is_dir())
        .chain([infra]);
    let templates = folders.map(|folder| folder.join("template.yaml"));
    let templates: Vec<String> = templates
        .filter(|path| path.exists())
        .map(|path| read(&path))
        .collect();
    for function in functions() {
        let is_there = templates
            .iter()
            .any(|template| template.contains(name(&function)));
        assert!(is_there, "{} is in no template of infra/", name(&function));
    }
}

#[test]
fn every_crate_has_its_folders_name_and_a_readme_as_its_documentation() {
    for path in crates() {
        let manifest = read(&path.join("Cargo.toml"));
        let has_name = manifest.contains(&format!("name = \"{}\"", name(&path)));
        assert!(has_name, "{}", path.display());
        assert_ne!(
            name(&path),
            "core",
            "it would shadow Rust's own and break derive macros"
        );
        let (lib, main) = (path.join("src/lib.rs"), path.join("src/main.rs"));
        let source = read(if lib.exists() { &lib } else { &main });
        assert!(
            source.starts_with("#![doc = include_str!(\"../README.md\")]"),
            "{}",
            path.display()
        );
        let lines = read(&path.join("README.md")).lines().count();
        assert!(lines > 10, "{}: the README has {lines} lines", path.display());
    }
}
