//! The two relations that the user provides: do they exist, and do their columns have the types that we rely on?

use anyhow::{Context, bail};
use jiff::tz::TimeZone;
use tokio_postgres::Transaction;
use tokio_postgres::types::Type;

/// A relation and the columns that we read, with the types that each may have.
#[derive(Debug)]
pub struct Source {
    /// Name of the relation.
    pub relation: &'static str,
    columns: &'static [(&'static str, &'static [Type])],
}

// Not char(n): PostgreSQL compares it without its padding and returns it with the padding.
const TEXT: &[Type] = &[Type::TEXT, Type::VARCHAR];

/// The relations of buildings and of texts.
pub const SOURCES: [Source; 2] = [
    Source {
        relation: "stat_source_building",
        columns: &[
            ("building_id", TEXT),
            ("name", TEXT),
            ("closed_on", &[Type::DATE]),
        ],
    },
    Source {
        relation: "stat_source_text",
        columns: &[
            // Of any type: it is only counted.
            ("text_id", &[]),
            ("building_id", TEXT),
            ("written_at", &[Type::TIMESTAMPTZ]),
            ("body", TEXT),
        ],
    },
];

/// A column of a view, from PostgreSQL's catalogue. The type of a domain is its base type.
struct Column {
    name: String,
    r#type: u32,
    type_name: String,
    is_readable: bool,
}

impl Source {
    /// Checks that the relation exists, can be read and has the types that the queries rely on: a time without a
    /// zone would be read as UTC and silently move texts into another month.
    ///
    /// # Errors
    /// Says what to change in the view, or which right to grant.
    pub async fn check(&self, transaction: &Transaction<'_>, zone: &TimeZone) -> anyhow::Result<()> {
        let relation = self.relation;
        let columns = columns(transaction, relation).await;
        let columns = columns.with_context(|| format!("could not look up {relation}"))?;
        if columns.is_empty() {
            bail!(
                "there is no relation {relation} in the role's search_path: create it as a view over your own tables, \
                 as stat-prep's README shows"
            );
        }
        for (name, types) in self.columns {
            let Some(column) = columns.iter().find(|column| column.name == *name) else {
                bail!("{relation} has no column {name}: add it to the view");
            };
            if !column.is_readable {
                bail!(
                    "this role may not read {relation}: let the view's owner run grant select on {relation} to ROLE, \
                     with the role of the database URL"
                );
            }
            if let [expected, ..] = types
                && types.iter().all(|known| known.oid() != column.r#type)
            {
                let advice = cast_advice(name, expected, column.r#type, zone);
                bail!(
                    "{relation}.{name} is {}, expected {expected}: {advice}",
                    column.type_name
                );
            }
        }
        Ok(())
    }
}

fn cast_advice(name: &str, expected: &Type, found: u32, zone: &TimeZone) -> String {
    if *expected == Type::TIMESTAMPTZ && found == Type::TIMESTAMP.oid() {
        let zone = zone.iana_name().unwrap_or("Asia/Seoul");
        return format!(
            "write {name} at time zone '{zone}' in the view if the application stores that zone's time, or the zone \
             that it stores (a bare cast would take it for UTC and move texts into another month)"
        );
    }
    format!("cast it in the view, as {name}::{expected}")
}

/// Reads the columns of the relation that the search path finds; none if there is no such relation.
async fn columns(
    transaction: &Transaction<'_>,
    relation: &str,
) -> Result<Vec<Column>, tokio_postgres::Error> {
    // The catalogue instead of a prepared statement, which a pooler in transaction mode does not keep.
    let rows = transaction
        .query_typed(
            "select attname::text, coalesce(nullif(typbasetype, 0), pg_type.oid),
                    format_type(coalesce(nullif(typbasetype, 0), pg_type.oid), null),
                    has_column_privilege(attrelid, attnum, 'select')
             from pg_attribute join pg_type on pg_type.oid = atttypid
             where attrelid = to_regclass($1) and attnum > 0",
            &[(&relation, Type::TEXT)],
        )
        .await?;
    let column = |row: &tokio_postgres::Row| Column {
        name: row.get(0),
        r#type: row.get(1),
        type_name: row.get(2),
        is_readable: row.get(3),
    };
    Ok(rows.iter().map(column).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_without_a_zone_is_to_be_read_in_the_configured_zone() {
        let zone = TimeZone::get("Asia/Tokyo").expect("the zone is bundled");
        let advice = cast_advice("written_at", &Type::TIMESTAMPTZ, Type::TIMESTAMP.oid(), &zone);
        assert!(
            advice.starts_with("write written_at at time zone 'Asia/Tokyo'"),
            "{advice}"
        );
        let advice = cast_advice("building_id", &Type::TEXT, Type::INT8.oid(), &zone);
        assert_eq!(advice, "cast it in the view, as building_id::text");
    }
}
