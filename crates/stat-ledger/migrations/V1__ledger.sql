-- What Nightshift owns in the user's database. The user's own data is only read, through
-- stat_source_building and stat_source_text.

create table stat_dimension (
    building_id text primary key,
    name text not null,
    closed_on date,
    first_seen timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create table stat_period (
    period_id text primary key check (period_id ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
    start_date date not null,
    end_date date not null,
    -- The run that counts: a write of any other run is refused.
    current_run_id uuid
);

create table stat_run (
    run_id uuid primary key,
    period_id text not null references stat_period,
    state text not null default 'queued' check (state in ('queued', 'running', 'done', 'partial', 'failed')),
    -- The Lambda request that opened it, so that a doubled event with "force" is one run.
    request_id text not null,
    -- The partial run whose failed buildings this one repeats.
    corrects_run_id uuid references stat_run,
    -- The first and the first-no-longer instant of the period, so that planning and analysis agree on it.
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    -- Version of analyser, dictionary, user dictionary and stop words, pinned by the first task.
    analyser text,
    mail boolean not null,
    -- Texts of the period whose building nobody knows: not analysed, but not passed over in silence.
    unknown_texts bigint not null default 0,
    unknown_buildings text[] not null default '{}',
    opened_at timestamptz not null default now(),
    warned_at timestamptz,
    mailed_at timestamptz,
    message_id text,
    finished_at timestamptz,
    unique (period_id, request_id)
);

-- A month has at most one open run.
create unique index stat_run_open on stat_run (period_id) where state in ('queued', 'running');

alter table stat_period add foreign key (current_run_id) references stat_run;

create table stat_task (
    run_id uuid not null references stat_run,
    -- 1 and up; 0 is the report, which appears when the last of the others ends.
    task integer not null check (task >= 0),
    state text not null default 'queued' check (state in ('queued', 'running', 'done', 'failed')),
    attempt integer not null default 0,
    request_id text,
    claimed_until timestamptz,
    started_at timestamptz,
    finished_at timestamptz,
    primary key (run_id, task)
);

create table stat_task_building (
    run_id uuid not null,
    task integer not null,
    building_id text not null,
    state text not null default 'queued' check (state in ('queued', 'running', 'done', 'failed')),
    attempts integer not null default 0,
    error text,
    primary key (run_id, task, building_id),
    unique (run_id, building_id),
    foreign key (run_id, task) references stat_task
);

create table stat_building (
    run_id uuid not null references stat_run,
    period_id text not null,
    building_id text not null,
    documents bigint not null,
    morphemes bigint not null,
    primary key (run_id, building_id)
);

create table stat_term (
    run_id uuid not null,
    building_id text not null,
    term text not null,
    frequency bigint not null,
    documents bigint not null,
    primary key (run_id, building_id, term)
);

create table stat_keyword (
    run_id uuid not null references stat_run,
    period_id text not null,
    building_id text not null,
    rank integer not null,
    term text not null,
    frequency bigint not null,
    documents bigint not null,
    z_score double precision not null,
    -- Null, never 0, where there is nothing to compare with.
    previous_frequency bigint,
    share_change double precision,
    primary key (run_id, building_id, rank)
);

-- How is the month doing?
create view stat_status as
select
    period.period_id,
    run.run_id,
    run.state,
    task.tasks,
    task.tasks_done,
    counted.buildings_done + building.buildings_failed + building.buildings_left as buildings,
    counted.buildings_done,
    building.buildings_failed,
    counted.documents,
    counted.morphemes,
    run.analyser,
    run.opened_at,
    run.finished_at,
    coalesce(run.finished_at, now()) - run.opened_at as took,
    run.mailed_at
from stat_period period
join stat_run run on run.run_id = period.current_run_id
cross join lateral (
    select
        count(*) filter (where task > 0) as tasks,
        count(*) filter (where task > 0 and state = 'done') as tasks_done
    from stat_task where run_id = run.run_id
) task
cross join lateral (
    select
        count(*) filter (where state = 'failed') as buildings_failed,
        count(*) filter (where state in ('queued', 'running')) as buildings_left
    from stat_task_building where run_id = run.run_id
) building
cross join lateral (
    -- Also those that a correction has taken over from the run before it.
    select count(*) as buildings_done, coalesce(sum(documents), 0)::bigint as documents, coalesce(sum(morphemes), 0)::bigint as morphemes
    from stat_building where run_id = run.run_id
) counted
order by period.period_id desc;
