//! The inputs every action that leaves evidence has in common.

use secrecy::SecretString;
#[cfg(feature = "keyless")]
use std::path::PathBuf;

/// The key that signs, and how to log in to the image's registry.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct EvidenceInputs {
    /// Private key that signs this step's statement: the PEM text, or the path of a PEM file (ECDSA P-256; PKCS#8, encrypted or not, or SEC1); or a key that AWS KMS keeps, as `awskms:///` and its id, ARN or alias (key spec `ECC_NIST_P256`; needs `kms:Sign` and `kms:GetPublicKey`); or `keyless`: a certificate in the name of the job's identity token (needs `id-token: write` and `signing-config`). Unset: no statement is left on the image, and the log says so.
    #[arg(long, value_name = "SECRET", value_parser = github::secret)]
    pub signing_key: Option<SecretString>,
    /// Password of an encrypted `signing-key`.
    #[arg(long, value_name = "SECRET", value_parser = github::secret)]
    pub signing_key_password: Option<SecretString>,
    /// Sigstore signing configuration (JSON, version 0.2): where certificates come from, and who witnesses signatures (Rekor, RFC 3161). A witness that is out of order is a warning; run the step again to have the statement witnessed. Needs `trusted-root`.
    #[cfg(feature = "keyless")]
    #[arg(long)]
    pub signing_config: Option<PathBuf>,
    /// Sigstore trusted root (JSON, such as `gh attestation trusted-root` prints): whose certificates, logs and time stamps are believed. Unset: statements signed with a certificate are not, and nobody's witness counts.
    #[cfg(feature = "keyless")]
    #[arg(long)]
    pub trusted_root: Option<PathBuf>,
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
