use super::WeightsError;

/// Reads the numbers of a file of weights.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

const MALFORMED: WeightsError = WeightsError("the file ends early or has a number out of range");

impl Reader<'_> {
    pub(super) fn u32(&mut self) -> Result<u32, WeightsError> {
        let (number, rest) = self.0.split_first_chunk().ok_or(MALFORMED)?;
        self.0 = rest;
        Ok(u32::from_le_bytes(*number))
    }

    pub(super) fn u64(&mut self) -> Result<u64, WeightsError> {
        let (number, rest) = self.0.split_first_chunk().ok_or(MALFORMED)?;
        self.0 = rest;
        Ok(u64::from_le_bytes(*number))
    }

    pub(super) fn change(&mut self) -> Result<i16, WeightsError> {
        let number = self.number()?;
        i16::try_from((number >> 1) as i32 ^ -((number & 1) as i32)).map_err(|_| MALFORMED)
    }

    pub(super) fn changes<const N: usize>(&mut self) -> Result<[i16; N], WeightsError> {
        let mut changes = [0; N];
        for change in &mut changes {
            *change = self.change()?;
        }
        Ok(changes)
    }

    /// Reads ascending numbers, each with what `read` returns.
    pub(super) fn ascending<T>(
        &mut self,
        count: u32,
        read: impl Fn(&mut Self) -> Result<T, WeightsError>,
    ) -> Result<Vec<(u32, T)>, WeightsError> {
        let mut last = 0_u32;
        let mut pair = |_| {
            last = last.checked_add(self.number()?).ok_or(MALFORMED)?;
            Ok((last, read(self)?))
        };
        (0..count).map(&mut pair).collect()
    }

    fn number(&mut self) -> Result<u32, WeightsError> {
        let mut number = 0_u64;
        for shift in (0..35).step_by(7) {
            let (&byte, rest) = self.0.split_first().ok_or(MALFORMED)?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return u32::try_from(number).map_err(|_| MALFORMED);
            }
        }
        Err(MALFORMED)
    }
}
