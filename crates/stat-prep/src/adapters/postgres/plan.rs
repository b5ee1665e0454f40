//! The server's plans of the statements that read `stat_source_text`: does one scan a large table completely?

use std::collections::BTreeSet;

use anyhow::Context;
use jiff::Timestamp;
use serde_json::Value;
use tokio_postgres::types::Type;
use tokio_postgres::{SimpleQueryMessage, Transaction};

/// Number of rows from which a sequential scan is worth an index.
const LARGE: i64 = 1_000_000;

/// Statement of a month, and the index that serves it.
struct Read {
    purpose: &'static str,
    query: &'static str,
    index: &'static str,
}

const READS: [Read; 2] = [
    Read {
        purpose: "counting the month's texts",
        query: "select building_id, count(*) from stat_source_text
                where written_at >= '{start}' and written_at < '{end}' group by building_id",
        index: "on the time alone",
    },
    Read {
        purpose: "reading the texts of one building",
        query: "select body from stat_source_text where building_id = any ('{-}')
                and written_at >= '{start}' and written_at < '{end}'",
        index: "on building and time",
    },
];

/// Returns a warning for each statement that would scan a table of more than a million rows sequentially.
///
/// # Errors
/// When the server cannot plan a statement.
pub(crate) async fn warnings(
    transaction: &Transaction<'_>,
    starts_at: Timestamp,
    ends_at: Timestamp,
) -> anyhow::Result<Vec<String>> {
    let mut warnings = Vec::new();
    for Read {
        purpose,
        query,
        index,
    } in READS
    {
        let query = query
            .replace("{start}", &starts_at.to_string())
            .replace("{end}", &ends_at.to_string());
        let failed = || format!("could not explain {purpose} in stat_source_text");
        let plan = explain(transaction, &query).await.with_context(failed)?;
        let tables: Vec<String> = scanned_tables(&plan).into_iter().collect();
        let rows = estimated_rows(transaction, &tables).await.with_context(failed)?;
        if rows > LARGE {
            warnings.push(format!(
                "{purpose} scans all of {}, about {rows} rows: create an index {index} that the view's expressions \
                 can use, as stat-prep's README shows",
                tables.join(", ")
            ));
        }
    }
    Ok(warnings)
}

async fn explain(transaction: &Transaction<'_>, query: &str) -> anyhow::Result<Value> {
    let explain = format!("explain (verbose, format json) {query}");
    let messages = transaction.simple_query(&explain).await?;
    let text: String = messages
        .iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        })
        .collect();
    serde_json::from_str(&text).context("the plan is not JSON")
}

/// Returns the tables that a plan scans sequentially, as quoted names with their schema.
fn scanned_tables(plan: &Value) -> BTreeSet<String> {
    let mut tables = BTreeSet::new();
    let mut nodes = vec![plan];
    while let Some(node) = nodes.pop() {
        match node {
            Value::Array(elements) => nodes.extend(elements),
            Value::Object(fields) => nodes.extend(fields.values()),
            _ => {}
        }
        if node["Node Type"] == "Seq Scan"
            && let (Some(schema), Some(name)) = (node["Schema"].as_str(), node["Relation Name"].as_str())
        {
            let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
            tables.insert(format!("{}.{}", quoted(schema), quoted(name)));
        }
    }
    tables
}

async fn estimated_rows(
    transaction: &Transaction<'_>,
    tables: &[String],
) -> Result<i64, tokio_postgres::Error> {
    let row = transaction
        .query_typed_one(
            "select coalesce(sum(reltuples) filter (where reltuples > 0), 0)::bigint from pg_class
             where oid in (select to_regclass(name) from unnest($1) name)",
            &[(&tables, Type::TEXT_ARRAY)],
        )
        .await?;
    Ok(row.get(0))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn finds_sequential_scans_at_any_depth() {
        let scan = |name| json!({"Node Type": "Seq Scan", "Schema": "app", "Relation Name": name});
        let index = json!({"Node Type": "Index Scan", "Schema": "app", "Relation Name": "c"});
        let plan =
            json!([{"Plan": {"Node Type": "Append", "Plans": [scan("a"), {"Plans": [scan("b\"")]}, index]}}]);
        let tables: Vec<String> = scanned_tables(&plan).into_iter().collect();
        assert_eq!(tables, [r#""app"."a""#, r#""app"."b""""#]);
    }
}
