//! The plan of a run: buildings assigned to tasks of about the same size.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use stat_ledger::run::BuildingLoad;

/// Assigns buildings to as many tasks as it takes to have about `texts_per_task` texts in each. A building
/// is never split, and no task is empty. The same buildings give the same plan.
///
/// The largest building goes to the lightest task, and so on (Graham's longest-processing-time rule): no
/// task is more than a third above the best possible, and with many buildings they are almost equal.
pub(crate) fn plan_tasks(mut buildings: Vec<BuildingLoad>, texts_per_task: u32) -> Vec<Vec<BuildingLoad>> {
    let texts: u64 = buildings.iter().map(|building| building.texts).sum();
    let count = texts.div_ceil(u64::from(texts_per_task)).max(1);
    let count = usize::try_from(count).unwrap_or(usize::MAX).min(buildings.len());
    buildings.sort_by(|a, b| {
        b.texts
            .cmp(&a.texts)
            .then_with(|| a.building_id.cmp(&b.building_id))
    });
    let mut lightest: BinaryHeap<Reverse<(u64, usize)>> = (0..count).map(|task| Reverse((0, task))).collect();
    let mut tasks = vec![Vec::new(); count];
    for building in buildings {
        let Reverse((load, task)) = lightest.pop().expect("there is a task if there is a building");
        // A building costs a transaction even without a text.
        lightest.push(Reverse((load + building.texts + 1, task)));
        tasks[task].push(building);
    }
    tasks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loads(texts: &[u64]) -> Vec<BuildingLoad> {
        let load = |(index, texts): (usize, &u64)| BuildingLoad {
            building_id: format!("b{index}"),
            texts: *texts,
        };
        texts.iter().enumerate().map(load).collect()
    }

    fn ids(tasks: Vec<Vec<BuildingLoad>>) -> Vec<Vec<String>> {
        let ids = |task: Vec<BuildingLoad>| task.into_iter().map(|building| building.building_id).collect();
        tasks.into_iter().map(ids).collect()
    }

    #[test]
    fn assigns_the_largest_building_to_the_lightest_task() {
        // 10 texts in tasks of 5: two tasks. b1 (4) opens the first, b3 (3) the second; b2 (2) goes to the
        // lighter second, b0 (1) to the first: 5 and 5.
        let tasks = ids(plan_tasks(loads(&[1, 4, 2, 3]), 5));
        assert_eq!(tasks, [vec!["b1", "b0"], vec!["b3", "b2"]]);
    }

    #[test]
    fn a_huge_building_gets_a_task_of_its_own() {
        let tasks = ids(plan_tasks(loads(&[1000, 1, 1]), 100));
        assert_eq!(tasks, [vec!["b0"], vec!["b1"], vec!["b2"]]);
    }

    #[test]
    fn spreads_buildings_without_texts() {
        assert_eq!(ids(plan_tasks(loads(&[0, 0, 0]), 100)), [vec!["b0", "b1", "b2"]]);
        let mut tasks = plan_tasks(loads(&[5, 5, 0, 0, 0, 0]), 5);
        tasks.sort_by_key(Vec::len);
        assert_eq!(tasks.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3]);
    }

    #[test]
    fn without_buildings_there_are_no_tasks() {
        assert!(plan_tasks(Vec::new(), 100).is_empty());
    }

    #[test]
    fn tasks_of_thousands_of_buildings_are_almost_equal() {
        let buildings: Vec<u64> = (0..3001).map(|index| (index * 7919) % 97).collect();
        let total: u64 = buildings.iter().sum();
        let tasks = plan_tasks(loads(&buildings), 20_000);
        let weigh = |task: &Vec<BuildingLoad>| -> u64 { task.iter().map(|building| building.texts).sum() };
        assert_eq!(tasks.len() as u64, total.div_ceil(20_000));
        let (least, most) = (tasks.iter().map(weigh).min(), tasks.iter().map(weigh).max());
        assert!(
            most.unwrap_or(0) - least.unwrap_or(0) < 100,
            "{least:?} to {most:?}"
        );
    }
}
