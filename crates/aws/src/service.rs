//! The services spoken to, and how each wants to be spoken to.

use std::fmt;

/// A service of the JSON protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// Elastic Container Service.
    Ecs,
    /// Elastic Container Registry, its control interface (images are read by `oci`).
    Ecr,
    /// CloudWatch metrics and alarms.
    CloudWatch,
    /// CloudWatch Logs.
    Logs,
    /// Key Management Service.
    Kms,
    /// CodeDeploy.
    CodeDeploy,
}

/// What a request needs to know of its service. Source: the services' official models ("metadata" of each).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wire {
    /// The prefix of its IAM actions, which also names it in messages.
    pub(crate) name: &'static str,
    /// The first label of its host name.
    pub(crate) host: &'static str,
    /// The service in the signature's scope.
    pub(crate) signing: &'static str,
    /// The end of `AWS_ENDPOINT_URL_…` (SDK reference guide, "Service-specific endpoints").
    pub(crate) variable: &'static str,
}

/// Elastic Load Balancing speaks the older Query protocol, see [`crate::Aws::load_balancing`].
pub(crate) const LOAD_BALANCING: Wire = Wire {
    name: "elasticloadbalancing",
    host: "elasticloadbalancing",
    signing: "elasticloadbalancing",
    variable: "ELASTIC_LOAD_BALANCING_V2",
};

/// The Security Token Service; called through its own SDK crate, listed for its endpoint.
pub(crate) const STS: Wire = Wire { name: "sts", host: "sts", signing: "sts", variable: "STS" };

impl Service {
    pub(crate) fn wire(self) -> Wire {
        match self {
            Self::Ecs => Wire { name: "ecs", host: "ecs", signing: "ecs", variable: "ECS" },
            Self::Ecr => Wire { name: "ecr", host: "api.ecr", signing: "ecr", variable: "ECR" },
            Self::CloudWatch => {
                Wire { name: "cloudwatch", host: "monitoring", signing: "monitoring", variable: "CLOUDWATCH" }
            }
            Self::Logs => Wire { name: "logs", host: "logs", signing: "logs", variable: "CLOUDWATCH_LOGS" },
            Self::Kms => Wire { name: "kms", host: "kms", signing: "kms", variable: "KMS" },
            Self::CodeDeploy => {
                Wire { name: "codedeploy", host: "codedeploy", signing: "codedeploy", variable: "CODEDEPLOY" }
            }
        }
    }

    /// The operation in the form of the `X-Amz-Target` header.
    pub(crate) fn target(self, operation: &str) -> String {
        let prefix = match self {
            Self::Ecs => "AmazonEC2ContainerServiceV20141113",
            Self::Ecr => "AmazonEC2ContainerRegistry_V20150921",
            Self::CloudWatch => "GraniteServiceVersion20100801",
            Self::Logs => "Logs_20140328",
            Self::Kms => "TrentService",
            Self::CodeDeploy => "CodeDeploy_20141006",
        };
        format!("{prefix}.{operation}")
    }

    /// `application/x-amz-json-` and the version of the protocol.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::CloudWatch => "application/x-amz-json-1.0",
            Self::Ecs | Self::Ecr | Self::Logs | Self::Kms | Self::CodeDeploy => "application/x-amz-json-1.1",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.wire().name)
    }
}

/// Whether an operation may be sent again after an answer that leaves open whether the first one acted.
///
/// Reading may. Of the writes, only those that come to the same when done twice: `UpdateService` sets a state and starts
/// no second deployment for the same task definition unless it is forced (callers who force do so at their own choice
/// once), `StopServiceDeployment` is documented as idempotent, a rule, a listener's default and a tag are set as a whole, and
/// `Sign` changes nothing. `RunTask` is repeated because it carries a client token. A second `RegisterTaskDefinition` would leave a stray
/// revision, so it is not repeated. What was throttled or never connected did not act, and is repeated whatever it is.
pub(crate) fn is_repeatable(operation: &str) -> bool {
    const IDEMPOTENT: [&str; 8] = [
        "ModifyListener",
        "ModifyRule",
        "RunTask",
        "Sign",
        "StopServiceDeployment",
        "TagResource",
        "UntagResource",
        "UpdateService",
    ];
    ["Describe", "List", "Get", "BatchGet"].iter().any(|verb| operation.starts_with(verb))
        || IDEMPOTENT.contains(&operation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_header_is_the_one_of_the_official_models() {
        assert_eq!(Service::Ecs.target("DescribeServices"), "AmazonEC2ContainerServiceV20141113.DescribeServices");
        assert_eq!(Service::CloudWatch.target("GetMetricData"), "GraniteServiceVersion20100801.GetMetricData");
        assert_eq!(Service::CloudWatch.content_type(), "application/x-amz-json-1.0");
        assert_eq!(Service::Logs.target("GetLogEvents"), "Logs_20140328.GetLogEvents");
        assert_eq!(Service::Kms.target("Sign"), "TrentService.Sign");
        assert_eq!(Service::CodeDeploy.target("GetDeployment"), "CodeDeploy_20141006.GetDeployment");
    }

    #[test]
    fn a_write_is_repeated_only_when_twice_is_the_same_as_once() {
        for operation in ["DescribeServices", "ListTasks", "GetMetricData", "UpdateService", "ModifyRule", "RunTask"] {
            assert!(is_repeatable(operation), "{operation}");
        }
        for operation in ["RegisterTaskDefinition", "CreateService", "PutMetricData", "ContinueServiceDeployment"] {
            assert!(!is_repeatable(operation), "{operation}");
        }
    }
}
