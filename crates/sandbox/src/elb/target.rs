//! The health of one target, from the results of its checks. Pure.

/// A `TargetHealthStateEnum` a target in use can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Registered, no verdict yet.
    Initial,
    /// Gets traffic.
    Healthy,
    /// Gets no traffic while others are healthy.
    Unhealthy,
    /// Deregistered, finishing what it has.
    Draining,
}

/// Why a target is not healthy: a `TargetHealthReasonEnum` and its description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reason {
    /// The enum's value.
    pub(crate) code: &'static str,
    /// What a person reads.
    pub(crate) description: String,
}

/// The result of one health check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Check {
    /// Answered with an accepted code.
    Passed,
    /// Answered with another code.
    Code(u16),
    /// Did not answer in time.
    TimedOut,
    /// Could not be asked.
    Failed,
}

/// How many results in a row change a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Thresholds {
    pub(crate) healthy: u32,
    pub(crate) unhealthy: u32,
}

/// A target's verdict and the run of equal results behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) state: State,
    pub(crate) reason: Option<Reason>,
    passes: u32,
    failures: u32,
}

impl Verdict {
    /// A target that was just registered.
    pub(crate) fn registered() -> Self {
        let reason =
            Reason { code: "Elb.RegistrationInProgress", description: "Target registration is in progress".to_owned() };
        Self { state: State::Initial, reason: Some(reason), passes: 0, failures: 0 }
    }

    /// A target that was deregistered.
    pub(crate) fn draining() -> Self {
        let reason = Reason {
            code: "Target.DeregistrationInProgress",
            description: "Target deregistration is in progress".to_owned(),
        };
        Self { state: State::Draining, reason: Some(reason), passes: 0, failures: 0 }
    }

    /// The verdict after one more result. A new target needs to pass once, as AWS documents; later changes need the
    /// thresholds.
    pub(crate) fn after(&self, check: &Check, thresholds: Thresholds) -> Self {
        if self.state == State::Draining {
            return self.clone();
        }
        if *check == Check::Passed {
            let passes = self.passes + 1;
            let needed = if self.state == State::Initial { 1 } else { thresholds.healthy };
            if self.state == State::Healthy || passes >= needed {
                return Self { state: State::Healthy, reason: None, passes, failures: 0 };
            }
            return Self { passes, failures: 0, ..self.clone() };
        }
        let failures = self.failures + 1;
        if self.state == State::Unhealthy || failures >= thresholds.unhealthy {
            return Self { state: State::Unhealthy, reason: Some(check.reason()), passes: 0, failures };
        }
        Self { passes: 0, failures, ..self.clone() }
    }
}

impl Check {
    fn reason(&self) -> Reason {
        let (code, description) = match self {
            Self::Code(code) => {
                ("Target.ResponseCodeMismatch", format!("Health checks failed with these codes: [{code}]"))
            }
            Self::TimedOut => ("Target.Timeout", "Request timed out".to_owned()),
            Self::Passed | Self::Failed => ("Target.FailedHealthChecks", "Health checks failed".to_owned()),
        };
        Reason { code, description }
    }
}

impl State {
    /// AWS's word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
            Self::Draining => "draining",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THRESHOLDS: Thresholds = Thresholds { healthy: 3, unhealthy: 2 };

    fn after(checks: &[Check]) -> Verdict {
        checks.iter().fold(Verdict::registered(), |verdict, check| verdict.after(check, THRESHOLDS))
    }

    #[test]
    fn verdicts_follow_runs_of_equal_results() {
        use Check::{Code, Failed, Passed};
        let table: [(&[Check], State); 8] = [
            (&[], State::Initial),
            (&[Passed], State::Healthy),
            (&[Failed], State::Initial),
            (&[Failed, Failed], State::Unhealthy),
            (&[Failed, Passed], State::Healthy),
            (&[Passed, Failed], State::Healthy),
            (&[Passed, Failed, Code(500)], State::Unhealthy),
            (&[Failed, Failed, Passed, Passed], State::Unhealthy),
        ];
        for (checks, expected) in table {
            assert_eq!(after(checks).state, expected, "{checks:?}");
        }
        assert_eq!(after(&[Failed, Failed, Passed, Passed, Passed]).state, State::Healthy);
    }

    #[test]
    fn an_unhealthy_target_says_what_it_answered() {
        let reason = after(&[Check::Code(500), Check::Code(503)]).reason.unwrap();
        assert_eq!(
            (reason.code, reason.description.as_str()),
            ("Target.ResponseCodeMismatch", "Health checks failed with these codes: [503]")
        );
    }

    #[test]
    fn a_draining_target_stays_draining_whatever_it_answers() {
        assert_eq!(Verdict::draining().after(&Check::Passed, THRESHOLDS).state, State::Draining);
    }
}
