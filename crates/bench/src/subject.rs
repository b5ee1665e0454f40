//! The measured functions with a real event each, the systems around them, their budgets and their references.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use anyhow::Result;
use local_stack::{PostgresServer, event};
use serde_json::{Value, json};
use stand_ins::control_plane::ControlPlane;
use stand_ins::{Slack, TeamCity, slack, teamcity};

use crate::cold_start::Program;
use crate::ledger::Ledger;
use crate::share::Share;

/// A function, its budgets, and the Python handler of the same job.
pub(crate) struct Subject {
    pub name: &'static str,
    /// Module in `src/python`.
    pub reference: &'static str,
    /// Smallest function that the start is compared with.
    pub floor: &'static str,
    pub budget: Budget,
}

/// Largest figures of a function.
#[derive(Clone, Copy)]
pub(crate) struct Budget {
    /// Start and first response, divided by the floor's.
    pub floors: f64,
    /// Start and first response of the Python handler, divided by the function's.
    pub pythons: f64,
    pub memory_mib: f64,
    pub zip_mb: f64,
}

const SMALL: Budget = Budget {
    floors: 2.2,
    pythons: 45.0,
    memory_mib: 64.0,
    zip_mb: 3.5,
};
/// The Python handler beside it has no database to sign in to.
const WITH_DATABASE: Budget = Budget {
    pythons: 10.0,
    ..SMALL
};

pub(crate) const SUBJECTS: [Subject; 6] = [
    Subject {
        name: "s3-to-teamcity",
        reference: "upload",
        floor: "bench-floor",
        budget: SMALL,
    },
    Subject {
        name: "stat-prep",
        reference: "echo",
        floor: "bench-sign-in",
        budget: WITH_DATABASE,
    },
    Subject {
        name: "stat-analysis",
        reference: "echo",
        floor: "bench-sign-in",
        budget: Budget {
            zip_mb: 16.0,
            ..WITH_DATABASE
        },
    },
    Subject {
        name: "apigw-log-retention",
        reference: "log_retention",
        floor: "bench-floor",
        budget: SMALL,
    },
    Subject {
        name: "codebuild-slack",
        reference: "slack",
        floor: "bench-floor",
        budget: SMALL,
    },
    Subject {
        name: "api-loopback",
        reference: "echo",
        floor: "bench-floor",
        budget: SMALL,
    },
];

/// The systems that the events of all functions need.
pub(crate) struct Surroundings {
    teamcity: TeamCity,
    slack: Slack,
    control_plane: ControlPlane,
    /// An empty database with the two views.
    database_url: String,
    month: Rc<Ledger>,
    _postgres: PostgresServer,
}

impl Surroundings {
    pub(crate) async fn start() -> Result<Self> {
        let settings = slack::Settings {
            pace: std::time::Duration::ZERO,
            ..slack::Settings::default()
        };
        let postgres = PostgresServer::start().await?;
        let database_url = postgres.create_database("bench").await?;
        let sql = local_stack::postgres::connect(&database_url).await?;
        sql.batch_execute(
            "create view stat_source_building as
                 select null::text as building_id, null::text as name, null::date as closed_on where false;
             create view stat_source_text as
                 select 1 as text_id, ''::text as building_id, now() as written_at, ''::text as body where false",
        )
        .await?;
        Ok(Self {
            teamcity: TeamCity::start(teamcity::Settings::default()).await?,
            slack: Slack::start(settings).await?,
            control_plane: ControlPlane::start().await?,
            database_url,
            month: Rc::new(Ledger::create(&postgres).await?),
            _postgres: postgres,
        })
    }

    fn variables(&self, function: &str) -> BTreeMap<String, String> {
        let endpoint = self.control_plane.endpoint();
        let (teamcity, slack) = (self.teamcity.url(), self.slack.webhook_url());
        let database = match function {
            "stat-analysis" => &self.month.database_url,
            _ => &self.database_url,
        };
        let all = [
            ("AWS_LAMBDA_FUNCTION_NAME", function),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
            ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
            ("AWS_REGION", "ap-northeast-2"),
            ("AWS_DEFAULT_REGION", "ap-northeast-2"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_ENDPOINT_URL", endpoint.as_str()),
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
            ("TEAMCITY_URL", &teamcity),
            ("TEAMCITY_TOKEN", "teamcity-token"),
            ("TEAMCITY_BUILD_TYPE", "Nightly_Import"),
            ("SLACK_WEBHOOK_URL", &slack),
            // Their requests go to AWS, for which nothing stands in here.
            ("COMPARE_WITH_PREVIOUS", "false"),
            ("LOG_TAIL_LINES", "0"),
            ("DATABASE_URL", database),
            ("S3_BUCKET", "bench"),
            ("SNS_TOPIC_ARN", "arn:aws:sns:ap-northeast-2:123456789012:bench"),
        ];
        all.map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }

    /// Returns a source of events for the function. Each is a job of its own.
    fn events(&self, function: &str) -> Box<dyn Fn() -> Value> {
        let number = Cell::new(0_u32);
        let next = move || {
            number.set(number.get() + 1);
            format!("{}-{}", std::process::id(), number.get())
        };
        match function {
            "s3-to-teamcity" => {
                let upload = event(function, "direct");
                Box::new(move || {
                    let mut upload = upload.clone();
                    upload["Records"][0]["s3"]["object"]["key"] = json!(format!("in/{}.csv", next()));
                    upload
                })
            }
            "codebuild-slack" => {
                let build = event(function, "failed");
                Box::new(move || {
                    let mut build = build.clone();
                    build["detail"]["build-id"] =
                        json!(format!("arn:aws:codebuild:a:1:build/web:{}", next()));
                    build
                })
            }
            "apigw-log-retention" => {
                let created = event(function, "rest-create-stage");
                let control_plane = self.control_plane.clone();
                Box::new(move || {
                    let (mut created, stage) = (created.clone(), next());
                    control_plane.add_stage("REST", "a1b2c3d4e5", &stage);
                    created["detail"]["requestParameters"]["createStageInput"]["stageName"] = json!(stage);
                    created
                })
            }
            "stat-prep" => Box::new(|| json!({"resume": true})),
            "stat-analysis" => {
                let month = Rc::clone(&self.month);
                Box::new(move || month.task())
            }
            _ => Box::new(|| event("api-loopback", "rest-proxy")),
        }
    }

    /// A program with the function's variables and events: the function itself, or the smallest one.
    pub(crate) fn rust(&self, subject: &Subject, program: &Path, share: Option<&Share>) -> Program {
        self.program(subject.name, vec![program.display().to_string()], share)
    }

    /// The function with an event that ends after the sign-in to the database and a look at the ledger; `None` if it has no
    /// database.
    pub(crate) fn sign_in(
        &self,
        subject: &Subject,
        program: &Path,
        share: Option<&Share>,
    ) -> Option<Program> {
        let event = match subject.name {
            "stat-prep" => json!({"resume": true}),
            // The run does not exist.
            "stat-analysis" => json!({"run_id": "00000000-0000-4000-8000-000000000000", "task": 1}),
            _ => return None,
        };
        Some(Program {
            event: Box::new(move || event.clone()),
            ..self.rust(subject, program, share)
        })
    }

    /// The Python handler of the same job, with the same events.
    pub(crate) fn reference(
        &self,
        subject: &Subject,
        python: &Path,
        folder: &Path,
        share: Option<&Share>,
    ) -> Program {
        let runtime = folder.join("runtime.py").display().to_string();
        let command = vec![
            python.display().to_string(),
            runtime,
            subject.reference.to_owned(),
        ];
        self.program(subject.name, command, share)
    }

    fn program(&self, function: &str, command: Vec<String>, share: Option<&Share>) -> Program {
        Program {
            command: share.map_or(command.clone(), |share| share.command(&command)),
            variables: self.variables(function),
            event: self.events(function),
        }
    }
}
