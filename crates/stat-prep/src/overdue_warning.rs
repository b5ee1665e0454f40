//! The warning about a run that does not end.

use std::time::Duration;

use stat_ledger::run::Run;

/// Age from which an open run is overdue.
pub(crate) const OVERDUE_AFTER: Duration = Duration::from_secs(5 * 60 * 60);

/// Returns subject and text of the warning.
pub(crate) fn render(run: &Run) -> (String, String) {
    let Run {
        id, period, state, ..
    } = run;
    let subject = format!("Nightshift: the statistics of {period} are unfinished");
    let text = format!(
        "Run {id} of {period} has been open for more than 5 hours; it is {state}.\n\
         \n\
         Progress:         select * from stat_status where period_id = '{period}';\n\
         Unfinished tasks: select * from stat_task where run_id = '{id}' and state <> 'done';\n\
         \n\
         Every {{\"resume\":true}} invokes stat-analysis again for the unfinished tasks. If they fail each \
         time, the log of stat-analysis has the reason. {{\"period\":\"{period}\",\"force\":true}} abandons the \
         run and starts a new one.\n"
    );
    (subject, text)
}
