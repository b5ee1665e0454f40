-- Texts of each building by category; the category 기타 has the texts without one.
create table stat_category (
    run_id uuid not null references stat_run,
    building_id text not null,
    category text not null,
    documents bigint not null,
    primary key (run_id, building_id, category)
);
