//! The command line.

use clap::Parser;

/// Seeds of the short form: their runs cover every kind of fault, with and without PgBouncer.
const SHORT: [u64; 2] = [1, 2];

/// Runs all functions under seeded faults and checks their promises.
#[derive(Debug, Parser)]
pub(crate) struct Arguments {
    /// Seed of the first run; the next runs have the seeds that follow
    #[arg(long, default_value_t = 1)]
    pub seed: u64,

    /// Number of runs
    #[arg(long, default_value_t = 30)]
    pub runs: u64,

    /// Two runs with fixed seeds, in about two minutes
    #[arg(long, conflicts_with_all = ["seed", "runs"])]
    pub short: bool,

    /// Crash point to replay, `all` of them, or `list` for their names
    #[arg(long, value_name = "NAME", conflicts_with_all = ["seed", "runs", "short"])]
    pub crash: Option<String>,
}

impl Arguments {
    pub(crate) fn seeds(&self) -> Vec<u64> {
        match self.short {
            true => SHORT.into(),
            false => (self.seed..self.seed + self.runs).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_follow_the_first() {
        let arguments = Arguments::try_parse_from(["soak", "--seed", "7", "--runs", "2"]).expect("valid");
        assert_eq!(arguments.seeds(), [7, 8]);
    }
}
