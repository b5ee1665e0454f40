//! Plan of a run: every disturbance, derived from the seed before the run.

use fastrand::Rng;
use serde::Serialize;

/// Buildings of the month.
pub(crate) const BUILDINGS: usize = 200;
/// Texts of each building.
pub(crate) const TEXTS_PER_BUILDING: usize = 25;
/// Uploads with a build of their own.
pub(crate) const UPLOADS: usize = 160;
/// Uploads whose builds coalesce.
pub(crate) const COALESCED_UPLOADS: usize = 40;
/// Builds of CodeBuild.
pub(crate) const BUILDS: usize = 100;
/// Stages of API Gateway.
pub(crate) const STAGES: usize = 30;

/// Time over which the events of a run are sent.
const SPAN_MS: u64 = 8_000;
/// Time that an undisturbed month takes in a debug build, at least.
const MONTH_MS: u64 = 3_000;

/// Disturbances of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Plan {
    pub seed: u64,
    pub month: MonthPlan,
    pub uploads: FunctionPlan,
    pub coalesced: FunctionPlan,
    pub builds: FunctionPlan,
    pub stages: FunctionPlan,
}

/// Disturbances of one function and of the systems that it calls.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct FunctionPlan {
    pub answers: Answers,
    pub kills: Vec<Kill>,
    /// Numbers of the responses at which the environment is killed: after its effects, before Lambda learns of them.
    pub killed_responses: Vec<usize>,
    /// One for each event.
    pub deliveries: Vec<Delivery>,
}

/// Faults in the answers of another side. The seed chooses the requests.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Answers {
    pub seed: u64,
    /// Fault and its share in thousandths.
    pub shares: Vec<(AnswerFault, u32)>,
}

/// Fault in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) enum AnswerFault {
    ServerError,
    TooManyRequests,
    Slow,
    Half,
    /// The request has its effect, the response never arrives.
    Lost,
    /// The request has no effect, the connection is closed.
    Refused,
}

impl AnswerFault {
    pub(crate) const ALL: [Self; 6] = [
        Self::ServerError,
        Self::TooManyRequests,
        Self::Slow,
        Self::Half,
        Self::Lost,
        Self::Refused,
    ];
}

/// Kill of an environment at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Kill {
    pub at_ms: u64,
    /// Chooses among the environments that run at that instant.
    pub pick: usize,
}

/// Delivery of one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Delivery {
    pub at_ms: u64,
    pub manner: Manner,
}

/// Manner of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) enum Manner {
    Once,
    /// Two deliveries, so many milliseconds apart.
    Twice(u64),
    /// So many milliseconds after the events that follow it.
    Late(u64),
    /// Never, until the sender resumes it after the run.
    Dropped,
    /// The event's clock is a day late.
    ClockADayLate,
}

/// Disturbances of the month.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct MonthPlan {
    /// Puts PgBouncer between the functions and PostgreSQL if `true`, and if it is installed.
    pub is_pooled: bool,
    pub schedule: Manner,
    pub prep_kills: Vec<Kill>,
    pub analysis_kills: Vec<Kill>,
    pub killed_responses: Vec<usize>,
    /// Effects on the calls of the Invoke API, by the number of the call.
    pub calls: Vec<(usize, CallFault)>,
    /// Instants at which a connection of the functions is cut; `pick` chooses it.
    pub cuts: Vec<Kill>,
    /// Instants at which PostgreSQL crashes and starts again.
    pub restarts_ms: Vec<u64>,
    /// S3's and SNS's answers.
    pub answers: Answers,
    /// Fills `/tmp` of `stat-analysis` until the month is resumed if `true`.
    pub is_tmp_full: bool,
}

/// Fault in a call of the Invoke API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) enum CallFault {
    DeliveredTwice,
    Dropped,
    ResponseLost,
    Throttled,
    ServerError,
    Refused,
}

impl Plan {
    pub(crate) fn of_seed(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        Self {
            seed,
            month: MonthPlan::new(&mut random, seed),
            uploads: FunctionPlan::new(&mut random, UPLOADS, 5),
            coalesced: FunctionPlan::new(&mut random, COALESCED_UPLOADS, 2),
            builds: FunctionPlan::new(&mut random, BUILDS * 2, 4),
            stages: FunctionPlan::new(&mut random, STAGES, 3),
        }
    }
}

impl FunctionPlan {
    fn new(random: &mut Rng, events: usize, kills: usize) -> Self {
        Self {
            answers: Answers::new(random),
            kills: instants(random, kills, SPAN_MS),
            killed_responses: numbers(random, 2, events / 2),
            deliveries: (0..events).map(|at| delivery(random, at, events)).collect(),
        }
    }

    /// Returns a plan without disturbances.
    pub(crate) fn quiet(events: usize) -> Self {
        let delivery = Delivery {
            at_ms: 0,
            manner: Manner::Once,
        };
        Self {
            answers: Answers::none(),
            kills: Vec::new(),
            killed_responses: Vec::new(),
            deliveries: vec![delivery; events],
        }
    }
}

impl Answers {
    fn new(random: &mut Rng) -> Self {
        let shares = AnswerFault::ALL.map(|fault| (fault, random.u32(10..40)));
        Self {
            seed: random.u64(..),
            shares: shares.into(),
        }
    }

    fn none() -> Self {
        Self {
            seed: 0,
            shares: Vec::new(),
        }
    }
}

impl MonthPlan {
    fn new(random: &mut Rng, seed: u64) -> Self {
        Self {
            is_pooled: seed.is_multiple_of(2),
            schedule: *random
                .choice(&[Manner::Once, Manner::Twice(40), Manner::ClockADayLate])
                .unwrap_or(&Manner::Once),
            prep_kills: instants(random, 1, MONTH_MS),
            analysis_kills: instants(random, 3, MONTH_MS),
            killed_responses: numbers(random, 2, 10),
            calls: calls(random),
            cuts: instants(random, 3, MONTH_MS),
            restarts_ms: vec![random.u64(500..MONTH_MS)],
            answers: Answers::new(random),
            is_tmp_full: random.u8(..3) == 0,
        }
    }

    /// Returns a plan without disturbances.
    pub(crate) fn quiet() -> Self {
        Self {
            is_pooled: false,
            schedule: Manner::Once,
            prep_kills: Vec::new(),
            analysis_kills: Vec::new(),
            killed_responses: Vec::new(),
            calls: Vec::new(),
            cuts: Vec::new(),
            restarts_ms: Vec::new(),
            answers: Answers::none(),
            is_tmp_full: false,
        }
    }
}

fn delivery(random: &mut Rng, at: usize, events: usize) -> Delivery {
    let place = at as u64 * SPAN_MS / events as u64;
    let manner = match random.u8(..20) {
        0..=10 => Manner::Once,
        11..=13 => Manner::Twice(random.u64(..400)),
        14..=15 => Manner::Late(random.u64(500..4_000)),
        16..=17 => Manner::Dropped,
        _ => Manner::ClockADayLate,
    };
    Delivery {
        at_ms: place + random.u64(..200),
        manner,
    }
}

/// The calls of a month number about 12: each task, and the report.
fn calls(random: &mut Rng) -> Vec<(usize, CallFault)> {
    let faults = [
        CallFault::DeliveredTwice,
        CallFault::Dropped,
        CallFault::ResponseLost,
        CallFault::Throttled,
        CallFault::ServerError,
        CallFault::Refused,
    ];
    let mut numbers: Vec<usize> = (1..=14).collect();
    random.shuffle(&mut numbers);
    numbers.into_iter().zip(faults).collect()
}

/// The first instant is the beginning: it meets the first environment in its init.
fn instants(random: &mut Rng, count: usize, span_ms: u64) -> Vec<Kill> {
    let mut instants: Vec<Kill> = (0..count)
        .map(|number| Kill {
            at_ms: if number == 0 { 0 } else { random.u64(..span_ms) },
            pick: random.usize(..1_000),
        })
        .collect();
    instants.sort_by_key(|kill| kill.at_ms);
    instants
}

fn numbers(random: &mut Rng, count: usize, below: usize) -> Vec<usize> {
    (0..count).map(|_| random.usize(1..below.max(2))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_reproduces_its_plan_and_another_seed_another_one() {
        assert_eq!(Plan::of_seed(7), Plan::of_seed(7));
        assert_ne!(Plan::of_seed(7).uploads, Plan::of_seed(8).uploads);
    }

    #[test]
    fn every_manner_of_delivery_is_in_every_plan() {
        for seed in 1..=30 {
            let deliveries = Plan::of_seed(seed).uploads.deliveries;
            let count = |is: fn(Manner) -> bool| deliveries.iter().filter(|one| is(one.manner)).count();
            for found in [
                count(|manner| matches!(manner, Manner::Twice(_))),
                count(|manner| matches!(manner, Manner::Late(_))),
                count(|manner| manner == Manner::Dropped),
                count(|manner| manner == Manner::ClockADayLate),
            ] {
                assert!(found > 0, "seed {seed}");
            }
        }
    }
}
