use std::time::Duration;

/// Requests that go wrong by chance.
#[derive(Debug, Clone, PartialEq)]
pub struct Weather {
    /// The same seed brings the same sequence of faults.
    pub seed: u64,
    /// Of all requests, how many go wrong: 0.2 is every fifth. 5xx, 409, lost and slow answers take turns.
    pub share: f64,
    /// How long a slow answer takes.
    pub slow: Duration,
}

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// 503, and nothing done.
    ServerError,
    /// 409, and nothing done.
    Conflict,
    /// Done, and the connection closed.
    LostAnswer,
    /// Done, and said late.
    SlowAnswer,
}

impl Weather {
    /// What happens to the request with this number.
    pub(super) fn fault(&self, number: usize) -> Option<Fault> {
        let random = mix(self
            .seed
            .wrapping_add((number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        // The upper 53 bits make a number from 0 up to 1, the lower ones choose.
        let chance = (random >> 11) as f64 / (1_u64 << 53) as f64;
        (chance < self.share).then(|| {
            [
                Fault::ServerError,
                Fault::Conflict,
                Fault::LostAnswer,
                Fault::SlowAnswer,
            ][(random & 3) as usize]
        })
    }
}

/// The finaliser of SplitMix64.
fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifth_goes_wrong_in_each_of_four_ways() {
        let weather = Weather {
            seed: 1,
            share: 0.2,
            slow: Duration::ZERO,
        };
        let faults: Vec<_> = (0..100_000).filter_map(|number| weather.fault(number)).collect();
        assert!((19_000..21_000).contains(&faults.len()), "{}", faults.len());
        for fault in [
            Fault::ServerError,
            Fault::Conflict,
            Fault::LostAnswer,
            Fault::SlowAnswer,
        ] {
            let count = faults.iter().filter(|other| **other == fault).count();
            assert!((4_500..5_500).contains(&count), "{fault:?}: {count}");
        }
        assert_eq!(weather.fault(7), weather.fault(7));
    }
}
