//! The workspace's invariants, which ARCHITECTURE.md names.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What only the shell and the adapters of a function may name: the outside, the environment and the clock.
const OUTSIDE: [&str; 12] = [
    "aws_config",
    "aws_sdk_",
    "lambda_runtime",
    "reqwest",
    "tokio",
    "std::env",
    "std::fs",
    "std::net",
    "clock::",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
];

/// The shell of a function, beside `main.rs` and `lib.rs`.
const SHELL: [&str; 3] = ["config.rs", "event.rs", "handler.rs"];

/// The headings of a function's README, in their order.
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

/// The function crates: those that have a handler.
fn functions() -> Vec<PathBuf> {
    let crates = fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut functions: Vec<_> = crates
        .filter(|path| path.join("src/handler.rs").exists())
        .collect();
    functions.sort();
    assert!(functions.len() >= 2, "{functions:?}");
    functions
}

fn name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The file without its tests and comments.
fn code(path: &Path) -> String {
    let text = read(path);
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn domain_files_name_no_client_library_no_clock_and_no_environment() {
    for function in functions() {
        for file in fs::read_dir(function.join("src"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
        {
            let is_domain = file.is_file()
                && !SHELL.contains(&name(&file))
                && !["main.rs", "lib.rs", "adapters.rs"].contains(&name(&file));
            if !is_domain {
                continue;
            }
            let code = code(&file);
            for outside in OUTSIDE {
                assert!(!code.contains(outside), "{} names {outside}", file.display());
            }
        }
    }
}

#[test]
fn only_adapters_name_the_systems_on_the_other_side() {
    for function in functions() {
        let parts = fs::read_dir(function.join("src/handler")).into_iter().flatten();
        let shell = SHELL.map(|file| function.join("src").join(file)).into_iter();
        for file in shell.chain(parts.map(|entry| entry.unwrap().path())) {
            let code = code(&file);
            for system in ["aws_sdk_", "reqwest::"] {
                assert!(!code.contains(system), "{} names {system}", file.display());
            }
        }
    }
}

#[test]
fn main_and_lib_hold_no_logic() {
    for function in functions() {
        let main = code(&function.join("src/main.rs"));
        for word in ["if ", "match ", "for ", "while "] {
            assert!(
                !main.contains(word),
                "{}: main.rs has a branch or a loop",
                name(&function)
            );
        }
        let lib = code(&function.join("src/lib.rs"));
        assert!(
            !lib.contains("fn "),
            "{}: lib.rs is a table of contents",
            name(&function)
        );
    }
}

#[test]
fn functions_do_not_depend_on_each_other() {
    let cargo = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&cargo.stdout).unwrap();
    let functions = functions();
    let functions: Vec<&str> = functions.iter().map(|path| name(path)).collect();
    for package in metadata["packages"].as_array().unwrap() {
        for dependency in package["dependencies"].as_array().unwrap() {
            let dependency = dependency["name"].as_str().unwrap();
            assert!(
                !functions.contains(&dependency),
                "{} depends on the function {dependency}",
                package["name"]
            );
        }
    }
}

#[test]
fn libraries_know_nothing_of_what_stands_above_them() {
    let unknown = |library: &str, words: &[&str]| {
        let manifest = read(&root().join("crates").join(library).join("Cargo.toml"));
        let dependencies = manifest.split("[dependencies]").nth(1).unwrap_or_default();
        let dependencies = dependencies.split("\n[").next().unwrap_or_default();
        for dependency in dependencies.lines() {
            assert!(
                !words.iter().any(|word| dependency.starts_with(word)),
                "{library} depends on {dependency}"
            );
        }
    };
    unknown("ko-morph", &["lambda", "aws", "tokio", "stat-"]);
    unknown("lambda-core", &["stat-", "ko-", "tokio-postgres"]);
    unknown("stat-ledger", &["ko-", "aws-sdk"]);
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
        for variable in variables(&function.join("src/config.rs")) {
            assert!(
                readme.contains(&format!("`{variable}`")),
                "{}: the README lacks {variable}",
                name(&function)
            );
        }
    }
}

/// The names of variables in a file: what stands in quotes and in capitals.
fn variables(path: &Path) -> Vec<String> {
    let code = code(path);
    let quoted = code.split('"').skip(1).step_by(2);
    let is_variable = |text: &&str| {
        text.len() > 3
            && text.contains('_')
            && text
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte == b'_' || byte.is_ascii_digit())
    };
    quoted.filter(is_variable).map(str::to_owned).collect()
}

#[test]
fn every_function_has_events_that_are_json() {
    for function in functions() {
        let folder = root().join("events").join(name(&function));
        let events: Vec<_> = fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
            .map(|entry| entry.unwrap().path())
            .collect();
        assert!(!events.is_empty(), "{} has no events", folder.display());
        for event in events {
            assert_eq!(event.extension().unwrap(), "json", "{}", event.display());
            serde_json::from_str::<Value>(&read(&event))
                .unwrap_or_else(|error| panic!("{}: {error}", event.display()));
        }
    }
}

#[test]
fn every_function_has_a_place_in_the_template() {
    let template = root().join("infra/template.yaml");
    // There is no template before the infrastructure is written.
    let Ok(template) = fs::read_to_string(template) else {
        return;
    };
    for function in functions() {
        assert!(
            template.contains(name(&function)),
            "{} is not in the template",
            name(&function)
        );
    }
}

#[test]
fn every_crate_has_its_folders_name_and_a_readme_as_its_documentation() {
    for path in fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
    {
        let manifest = read(&path.join("Cargo.toml"));
        assert!(
            manifest.contains(&format!("name = \"{}\"", name(&path))),
            "{}",
            path.display()
        );
        assert_ne!(
            name(&path),
            "core",
            "it would shadow Rust's own and break derive macros"
        );
        assert!(
            read(&path.join("src/lib.rs")).starts_with("#![doc = include_str!(\"../README.md\")]"),
            "{}",
            path.display()
        );
        assert!(
            read(&path.join("README.md")).lines().count() > 10,
            "{}",
            path.display()
        );
    }
}
