//! One run: all functions at once, disturbed as planned.

pub(crate) mod builds;
pub(crate) mod month;
pub(crate) mod stages;
pub(crate) mod uploads;

use anyhow::{Context, Result};
use local_stack::{MonthResults, Moto};

use crate::check;
use crate::part::Part;
use crate::plan::Plan;

/// AWS, and the results without disturbances. All runs share them.
pub(crate) struct Ground {
    pub moto: Moto,
    pub month: MonthResults,
    pub stages: stages::Settings,
}

impl Ground {
    /// Starts AWS and runs the month and the stages without disturbances.
    pub(crate) async fn prepare() -> Result<Self> {
        let moto = Moto::start().await?;
        let (month, stages) = tokio::try_join!(month::clean(&moto), stages::clean())?;
        Ok(Self { moto, month, stages })
    }

    /// Carries out a plan. Its result has all checks, of which some may have failed.
    pub(crate) async fn run(&self, plan: &Plan) -> Result<Part> {
        let (month, uploads, coalesced, builds, stages) = tokio::join!(
            month::run(&plan.month, &self.moto, &self.month),
            uploads::run(&plan.uploads),
            uploads::run_coalesced(&plan.coalesced),
            builds::run(&plan.builds, &self.moto),
            stages::run(&plan.stages, &self.stages),
        );
        let mut whole = Part::default();
        for (name, part) in [
            ("the month", month),
            ("the uploads", uploads),
            ("the coalescing uploads", coalesced),
            ("the builds", builds),
            ("the stages", stages),
        ] {
            match part.with_context(|| format!("{name} did not come to an end")) {
                Ok(part) => whole.merge(part),
                Err(error) => whole.checks.push(("nothing stuck", Err(error))),
            }
        }
        whole.checks.push(check::processes::check());
        let searched = whole.outputs.search();
        let searched = searched.map(|(outputs, bytes)| format!("none in {outputs} outputs of {bytes} bytes"));
        whole.checks.push(("planted secrets", searched));
        Ok(whole)
    }
}
