//! The texts of the month by category.

use anyhow::Context;
use postgres_session::Session;
use stat_ledger::run::Run;
use tokio_postgres::types::Type;
use tokio_postgres::{Row, Transaction};
use uuid::Uuid;

use crate::statistics::category_share::{self, BuildingCategories, CategoryShare, Part};
use crate::statistics::summary::Summary;

/// Reads the categories of all buildings together. They are compared with the run `before` if the totals are.
pub(crate) async fn category_totals(
    transaction: &Transaction<'_>,
    run: &Run,
    before: Option<Uuid>,
    summary: &Summary,
) -> anyhow::Result<Vec<CategoryShare>> {
    let all_before = before.and(summary.comparable_before()).map(|it| it.documents);
    let rows = transaction
        .query_typed(
            "select category, coalesce(sum(documents) filter (where run_id = $1), 0)::int8,
                    coalesce(sum(documents) filter (where run_id = $2), 0)::int8
             from stat_category where run_id in ($1, $2) group by category",
            &[(&run.id, Type::UUID), (&before, Type::UUID)],
        )
        .await
        .with_context(|| format!("could not read the categories of run {}", run.id))?;
    let all = summary.documents();
    let mut categories: Vec<CategoryShare> = rows
        .iter()
        .map(|row| CategoryShare {
            category: row.get(0),
            now: Part {
                documents: row.get(1),
                all,
            },
            before: all_before.map(|all| Part {
                documents: row.get(2),
                all,
            }),
        })
        .collect();
    category_share::sort(&mut categories);
    Ok(categories)
}

/// Buildings of one statement: about 15 rows each.
const PAGE: i64 = 500;

/// SQL of the next buildings by id, with the categories that they have in one of the months.
const BUILDINGS: &str = "
with page as (
    select building_id, documents from stat_building where run_id = $1 and building_id > $3 order by building_id limit $4
),
counted as (
    select building_id, category, coalesce(sum(documents) filter (where run_id = $1), 0)::int8 as now,
           coalesce(sum(documents) filter (where run_id = $2), 0)::int8 as before
    from stat_category
    where run_id in ($1, $2) and building_id in (select building_id from page)
    group by building_id, category
)
select building_id, coalesce(d.name, building_id), category, counted.now, page.documents,
       case when old.building_id is not null then counted.before end, old.documents
from page
left join counted using (building_id)
left join stat_dimension d using (building_id)
left join (select building_id, documents from stat_building where run_id = $2) old using (building_id)
order by building_id";

/// The categories of the run's buildings, page by page. Each page is a statement of its own.
pub(crate) struct CategoryPages {
    run_id: Uuid,
    before: Option<Uuid>,
    /// The last building; `None` after the last page.
    last: Option<String>,
}

impl CategoryPages {
    /// Begins with the first building. The categories are compared with the run `before` if there is one.
    pub(crate) fn of(run: &Run, before: Option<Uuid>) -> Self {
        Self {
            run_id: run.id,
            before,
            last: Some(String::new()),
        }
    }

    /// Reads the next page; it is empty after the last.
    pub(crate) async fn next(&mut self, session: &mut Session) -> anyhow::Result<Vec<BuildingCategories>> {
        let Some(last) = self.last.take() else {
            return Ok(Vec::new());
        };
        let rows = session
            .query_alone(
                BUILDINGS,
                &[
                    (&self.run_id, Type::UUID),
                    (&self.before, Type::UUID),
                    (&last, Type::TEXT),
                    (&PAGE, Type::INT8),
                ],
            )
            .await
            .with_context(|| format!("could not read the categories of run {}", self.run_id))?;
        let mut buildings: Vec<BuildingCategories> = Vec::new();
        for row in &rows {
            add(&mut buildings, row);
        }
        for building in &mut buildings {
            category_share::sort(&mut building.categories);
        }
        self.last = buildings.last().map(|building| building.building_id.clone());
        Ok(buildings)
    }
}

/// Adds a row to its building. A building without texts has one row without a category.
fn add(buildings: &mut Vec<BuildingCategories>, row: &Row) {
    let building_id: &str = row.get(0);
    if buildings
        .last()
        .is_none_or(|last| last.building_id != building_id)
    {
        buildings.push(BuildingCategories {
            building_id: building_id.to_owned(),
            building: row.get(1),
            categories: Vec::new(),
        });
    }
    let (Some(building), Some(category)) = (buildings.last_mut(), row.get(2)) else {
        return;
    };
    let before: Option<i64> = row.get(5);
    building.categories.push(CategoryShare {
        category,
        now: Part {
            documents: row.get(3),
            all: row.get(4),
        },
        before: before
            .zip(row.get(6))
            .map(|(documents, all)| Part { documents, all }),
    });
}
