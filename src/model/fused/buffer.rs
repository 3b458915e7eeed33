//! Room for f32, aligned to cache lines.

/// One cache line.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; 16]);

/// Numbers that start at a cache line.
#[derive(Default)]
pub struct Buffer(Vec<Line>);

impl Buffer {
    /// A copy of `numbers`, filled with zeros to a whole line.
    pub fn of(numbers: &[f32]) -> Self {
        let line = |chunk: &[f32]| {
            let mut line = Line([0.0; 16]);
            line.0[..chunk.len()].copy_from_slice(chunk);
            line
        };
        Self(numbers.chunks(16).map(line).collect())
    }

    /// At least `numbers` of room; what it held may be kept or not.
    pub fn room(&mut self, numbers: usize) -> &mut [f32] {
        let lines = numbers.div_ceil(16);
        if self.0.len() < lines {
            self.0.resize(lines, Line([0.0; 16]));
        }
        // SAFETY: a `Line` is sixteen f32 without padding, so `len` lines are `16 × len` numbers.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_mut_ptr().cast(), self.0.len() * 16) }
    }

    /// The first number.
    pub fn start(&self) -> *const f32 {
        self.0.as_ptr().cast()
    }
}
