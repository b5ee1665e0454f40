//! The warning about a month that does not end.

use stat_ledger::run::Run;
use std::time::Duration;

/// After how long an open run is worth a warning.
pub const LIMIT: Duration = Duration::from_secs(5 * 60 * 60);

/// Subject and text.
pub fn render(run: &Run) -> (String, String) {
    let Run {
        id, period, state, ..
    } = run;
    let subject = format!("Nightshift: the statistics of {period} are unfinished");
    let text = format!(
        "Run {id} of {period} has been open for more than 5 hours; it is {state}.\n\
         \n\
         How it stands:   select * from stat_status where period_id = '{period}';\n\
         What is missing: select * from stat_task where run_id = '{id}' and state <> 'done';\n\
         \n\
         Every {{\"resume\":true}} hands the missing tasks out again. If they fail each time, the log of \
         stat-analysis says why. {{\"period\":\"{period}\",\"force\":true}} gives the run up and starts anew.\n"
    );
    (subject, text)
}
