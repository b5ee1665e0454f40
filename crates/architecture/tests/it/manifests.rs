//! Dependencies between the workspace's crates.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::{functions, name, root};

/// Crates of development: nothing that ships may depend on them.
const NOT_SHIPPED: [&str; 8] = [
    "architecture",
    "bench",
    "bench-floor",
    "demo",
    "ko-morph-build",
    "local-stack",
    "soak",
    "stand-ins",
];

/// Library, and beginnings of names on which it must not depend.
const BELOW: [(&str, &[&str]); 4] = [
    ("ko-morph", &["aws", "lambda", "postgres", "stat-", "tokio"]),
    ("lambda-core", &["ko-", "postgres", "stat-", "tokio-postgres"]),
    ("postgres-session", &["aws-sdk", "ko-", "stat-"]),
    ("stat-ledger", &["aws-sdk", "ko-"]),
];

struct Dependency {
    name: String,
    is_dev: bool,
}

/// Direct dependencies of each crate of the workspace.
fn dependencies() -> BTreeMap<String, Vec<Dependency>> {
    let cargo = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&cargo.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter();
    let dependency = |dependency: &Value| Dependency {
        name: dependency["name"].as_str().unwrap().to_owned(),
        is_dev: dependency["kind"] == "dev",
    };
    packages
        .map(|package| {
            let all = package["dependencies"].as_array().unwrap();
            let name = package["name"].as_str().unwrap().to_owned();
            (name, all.iter().map(dependency).collect())
        })
        .collect()
}

#[test]
fn functions_do_not_depend_on_each_other() {
    let functions = functions();
    for (package, dependencies) in dependencies() {
        for dependency in dependencies {
            let is_function = functions.iter().any(|function| name(function) == dependency.name);
            assert!(
                !is_function,
                "{package} depends on the function {}",
                dependency.name
            );
        }
    }
}

#[test]
fn nothing_that_ships_depends_on_what_does_not() {
    let dependencies = dependencies();
    let mut shipped: BTreeSet<String> = BTreeSet::new();
    let mut next: Vec<String> = functions().iter().map(|path| name(path).to_owned()).collect();
    while let Some(package) = next.pop() {
        assert!(
            !NOT_SHIPPED.contains(&package.as_str()),
            "{package} is part of a function"
        );
        let own = dependencies[&package]
            .iter()
            .filter(|dependency| !dependency.is_dev);
        let members = own.filter(|dependency| dependencies.contains_key(&dependency.name));
        next.extend(members.map(|dependency| dependency.name.clone()));
        shipped.insert(package);
    }
    for package in dependencies.keys() {
        let is_known = shipped.contains(package) || NOT_SHIPPED.contains(&package.as_str());
        assert!(
            is_known,
            "{package} is part of no function: add it to NOT_SHIPPED"
        );
    }
}

#[test]
fn libraries_do_not_depend_on_crates_above_them() {
    let dependencies = dependencies();
    for (library, above) in BELOW {
        for dependency in dependencies[library]
            .iter()
            .filter(|dependency| !dependency.is_dev)
        {
            let is_above = above.iter().any(|prefix| dependency.name.starts_with(prefix));
            assert!(!is_above, "{library} depends on {}", dependency.name);
        }
    }
}
