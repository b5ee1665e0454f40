/// Requests that go wrong by chance.
#[derive(Debug, Clone, PartialEq)]
pub struct Weather {
    /// The same seed brings the same sequence of faults.
    pub seed: u64,
    /// Of all requests, how many are answered 429: 0.05 is every twentieth.
    pub too_many: f64,
    /// How many are answered 500, with nothing done.
    pub server_errors: f64,
    /// How many are carried out without an answer.
    pub lost_answers: f64,
}

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    TooMany,
    ServerError,
    LostAnswer,
}

impl Weather {
    /// What happens to the request with this number.
    pub(super) fn fault(&self, number: usize) -> Option<Fault> {
        let chance = fastrand::Rng::with_seed(self.seed.wrapping_add(number as u64)).f64();
        let server_error = self.too_many + self.server_errors;
        match chance {
            chance if chance < self.too_many => Some(Fault::TooMany),
            chance if chance < server_error => Some(Fault::ServerError),
            chance if chance < server_error + self.lost_answers => Some(Fault::LostAnswer),
            _ => None,
        }
    }
}
