//! ECS's documented quotas of calls: buckets of tokens that fill again, shared by the operations of a row.

use crate::AwsError;
use std::{collections::BTreeMap, time::Instant};

/// Bucket size and refill a second of each group of operations, from the developer guide's "Request throttling" page.
const ROWS: [(f64, f64, &[&str]); 9] = [
    (100.0, 20.0, &["DescribeServices", "ListServices"]),
    (50.0, 5.0, &["CreateService", "UpdateService", "DeleteService"]),
    (50.0, 20.0, &["DescribeServiceDeployments", "ListServiceDeployments"]),
    (50.0, 20.0, &["DescribeServiceRevisions"]),
    (100.0, 20.0, &["DescribeTasks", "ListTasks"]),
    (20.0, 1.0, &["RegisterTaskDefinition", "DeregisterTaskDefinition"]),
    (50.0, 20.0, &["DescribeTaskDefinition"]),
    (100.0, 40.0, &["RunTask", "StopTask"]),
    (20.0, 10.0, &["TagResource", "UntagResource"]),
];

/// What is left in each row's bucket, and when it was looked at.
#[derive(Debug, Default)]
pub(crate) struct Quotas(BTreeMap<usize, (f64, Instant)>);

impl Quotas {
    /// Takes a token for a call of `operation`; false when there is none. Operations without a documented quota have none.
    pub(crate) fn take(&mut self, operation: &str, now: Instant) -> bool {
        let Some(row) = ROWS.iter().position(|(_, _, operations)| operations.contains(&operation)) else { return true };
        let (burst, refill, _) = ROWS[row];
        let (left, seen) = self.0.get(&row).copied().unwrap_or((burst, now));
        let left = (left + now.duration_since(seen).as_secs_f64() * refill).min(burst);
        let within = left >= 1.0;
        self.0.insert(row, (if within { left - 1.0 } else { left }, now));
        within
    }
}

/// The answer to a call too many.
pub(crate) fn throttled() -> AwsError {
    AwsError::client("ThrottlingException", "Rate exceeded")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_bucket_is_shared_empties_and_fills_again() {
        let (mut quotas, start) = (Quotas::default(), Instant::now());
        let count =
            |quotas: &mut Quotas, operation, calls, at| (0..calls).filter(|_| quotas.take(operation, at)).count();
        assert_eq!(count(&mut quotas, "RegisterTaskDefinition", 15, start), 15);
        assert_eq!(count(&mut quotas, "DeregisterTaskDefinition", 15, start), 5);
        let later = start + Duration::from_secs(3);
        assert_eq!(count(&mut quotas, "RegisterTaskDefinition", 15, later), 3);
        assert_eq!(count(&mut quotas, "ContinueServiceDeployment", 1000, start), 1000);
    }
}
