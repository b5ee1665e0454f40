/// Numbers that are learned with AdaGrad and averaged over all texts.
pub(super) struct Averaged {
    values: Vec<f32>,
    squares: Vec<f32>,
    /// Sum of the changes, each times the number of texts before it.
    late: Vec<f64>,
    step: f32,
}

impl Averaged {
    pub(super) fn new(length: usize, step: f32) -> Self {
        Self {
            values: vec![0.0; length],
            squares: vec![0.0; length],
            late: vec![0.0; length],
            step,
        }
    }

    /// Changes a number in a direction after so many texts. Ignores an index outside the numbers.
    pub(super) fn change(&mut self, index: usize, direction: f32, texts: u64) {
        let Some(squares) = self.squares.get_mut(index) else {
            return;
        };
        *squares += direction * direction;
        let step = self.step * direction / squares.sqrt();
        self.values[index] += step;
        self.late[index] += f64::from(step) * texts as f64;
    }

    /// Returns the average of a number over so many texts, or for 0 texts its latest value.
    pub(super) fn mean(&self, index: usize, texts: u64) -> f32 {
        let value = self.values.get(index).copied().unwrap_or(0.0);
        match texts {
            0 => value,
            _ => (f64::from(value) - self.late[index] / texts as f64) as f32,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }
}
