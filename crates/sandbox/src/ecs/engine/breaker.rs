//! The deployment circuit breaker: how many tasks in a row may fail.

/// A switched-on circuit breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Breaker {
    /// Whether a failed deployment is rolled back.
    pub(crate) rolls_back: bool,
    /// Whether a healthy task takes all failures back.
    pub(crate) resets_on_healthy_task: bool,
    pub(crate) threshold: Threshold,
}

/// `thresholdConfiguration`: how the threshold follows from the desired count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Threshold {
    /// So many failures.
    Count(u32),
    /// A percentage of the desired count, rounded up, within 3 and 200.
    BoundedPercent(u32),
    /// A percentage of the desired count, rounded up.
    UnboundedPercent(u32),
}

impl Default for Threshold {
    /// AWS's default.
    fn default() -> Self {
        Self::BoundedPercent(50)
    }
}

impl Threshold {
    /// How many failures fail a deployment to `desired` tasks; at least one.
    pub(crate) fn failures(self, desired: u32) -> u32 {
        let share = |percent: u32| (desired * percent).div_ceil(100);
        match self {
            Self::Count(count) => count.max(1),
            Self::BoundedPercent(percent) => share(percent).clamp(3, 200),
            Self::UnboundedPercent(percent) => share(percent).max(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Threshold;

    #[test]
    fn the_threshold_follows_the_desired_count_as_documented() {
        // The values of the AWS developer guide, "How the deployment circuit breaker detects failures".
        for (desired, expected) in [(1, 3), (25, 13), (400, 200), (800, 200)] {
            assert_eq!(Threshold::default().failures(desired), expected, "{desired} tasks");
        }
        assert_eq!(Threshold::UnboundedPercent(50).failures(2), 1);
        assert_eq!(Threshold::UnboundedPercent(50).failures(800), 400);
        assert_eq!(Threshold::Count(7).failures(1), 7);
    }
}
