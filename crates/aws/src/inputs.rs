//! The inputs every action that speaks to AWS has in common.

/// Region and role; credentials themselves are never an input.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct AwsInputs {
    /// AWS region, for example `eu-west-1`; unset: `AWS_REGION`, `AWS_DEFAULT_REGION`, then the shared configuration.
    #[arg(long)]
    pub aws_region: Option<String>,
    /// ARN of an IAM role to take with the workflow's own identity (OIDC; the job needs `permissions: id-token: write`). It is renewed during long waits.
    #[arg(long)]
    pub role_to_assume: Option<String>,
    /// Name of the role session, as CloudTrail shows it; unset: `lockkeeper-<run id>`.
    #[arg(long)]
    pub role_session_name: Option<String>,
}
