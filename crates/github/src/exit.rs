//! The suite's one table of exit codes.

/// What a run came to, as the process reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exit {
    /// 0: allowed, done, or nothing to do.
    Done,
    /// 1: the answer is no: refused, failed its check, or rolled back.
    Refused,
    /// 2: an input is missing, misspelt, malformed or contradictory; nothing was changed.
    BadInput,
    /// 3: could not find out: no evidence, no access, no answer. Never a yes.
    Unknown,
    /// 130: cancelled by a signal.
    Cancelled,
}

impl Exit {
    /// Every code, for tests and documentation.
    pub const ALL: [Self; 5] = [Self::Done, Self::Refused, Self::BadInput, Self::Unknown, Self::Cancelled];

    /// The process's exit status.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Refused => 1,
            Self::BadInput => 2,
            Self::Unknown => 3,
            Self::Cancelled => 130,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_the_documented_ones() {
        assert_eq!(Exit::ALL.map(Exit::code), [0, 1, 2, 3, 130]);
    }
}
