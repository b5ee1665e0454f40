-- Texts of the building in the period when the run was planned, so that a task can read small buildings in batches.
-- Null in runs that were planned before.
alter table stat_task_building add column texts bigint;
