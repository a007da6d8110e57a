//! The inputs every action that leaves evidence has in common.

use secrecy::SecretString;

/// The key that signs, and how to log in to the image's registry.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct EvidenceInputs {
    /// Private key that signs this step's statement: the PEM text, or the path of a PEM file (ECDSA P-256; PKCS#8, encrypted or not, or SEC1); or a key that AWS KMS keeps, as `awskms:///` and its id, ARN or alias (key spec `ECC_NIST_P256`; needs `kms:Sign` and `kms:GetPublicKey`). Unset: no statement is left on the image, and the log says so.
    #[arg(long, value_name = "SECRET", value_parser = github::secret)]
    pub signing_key: Option<SecretString>,
    /// Password of an encrypted `signing-key`.
    #[arg(long, value_name = "SECRET", value_parser = github::secret)]
    pub signing_key_password: Option<SecretString>,
    /// How to log in to the registry. `auto`: ECR's own login for ECR registries, else Docker's configuration, else anonymous.
    #[arg(long, value_enum, default_value = "auto")]
    pub registry_auth: RegistryAuth,
    /// User name for `registry-auth: basic`.
    #[arg(long)]
    pub registry_username: Option<String>,
    /// Password or token for `registry-auth: basic`. It is sent to the image's registry only.
    #[arg(long, value_name = "SECRET", value_parser = github::secret)]
    pub registry_password: Option<SecretString>,
}

/// How to log in to a registry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum RegistryAuth {
    /// What fits the registry.
    #[default]
    Auto,
    /// `ecr:GetAuthorizationToken` with the AWS identity of the step.
    Ecr,
    /// The logins and credential helpers of Docker's `config.json`.
    Docker,
    /// `registry-username` and `registry-password`.
    Basic,
    /// No login.
    Anonymous,
}
