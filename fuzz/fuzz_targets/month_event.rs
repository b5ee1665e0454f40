#![no_main]

use libfuzzer_sys::fuzz_target;
use nightshift_fuzz::{CANARY, event, parts, with_canary};
use stat_ledger::period::Period;
use stat_ledger::task_event::TaskEvent;

// An event of stat-prep or stat-analysis. A month and a task are parsed to the same again, and no error quotes the event.
fuzz_target!(|data: &[u8]| {
    let [json] = parts(data);
    let Some(event) = event(&json) else { return };
    if let Ok(Some(month)) = stat_prep::fuzz::month(&event) {
        let period: Period = month.parse().expect("a month as it is written");
        assert_eq!(period.to_string(), month);
        assert!(period.previous() < period && period.start() < period.end());
    }
    if let Ok(task) = TaskEvent::parse(&event) {
        assert_eq!(TaskEvent::parse(&task.to_json()).expect("the same task"), task);
    }
    let _ = stat_analysis::fuzz::event(&event);
    let planted = with_canary(&event);
    let errors = [
        stat_prep::fuzz::month(&planted).err(),
        stat_analysis::fuzz::event(&planted).err(),
    ];
    for error in errors.into_iter().flatten() {
        assert!(!error.contains(CANARY), "{error}");
    }
});
