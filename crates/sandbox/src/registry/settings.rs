//! How the registry behaves, changed at run time through `POST /_sandbox/registry`.

use serde::{Deserialize, Serialize};

/// The registry's behaviour; in JSON, an absent field keeps its default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Who may come in.
    pub access: Access,
    /// Whether the referrers API exists; off means 404, and clients keep referrers under the fallback tag.
    pub referrers: Referrers,
    /// What a push to a repository that does not exist does.
    pub missing_repository: MissingRepository,
    /// Which manifests may be pushed.
    pub manifests: Manifests,
    /// The most tags in one page of a tag list, and the most referrers in one page.
    pub page_size: usize,
}

/// Who may pull and push.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Only who logs in as `AWS` with a password from `GetAuthorizationToken`, as in ECR.
    Login,
    /// Everyone.
    Anonymous,
}

/// Whether the registry has the referrers API of distribution-spec 1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Referrers {
    /// It has.
    Api,
    /// It answers 404, as CNCF distribution does.
    FallbackTag,
}

/// What a push to a repository that does not exist does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MissingRepository {
    /// Makes it, as ECR does with a repository creation template and most other registries always do.
    Create,
    /// Is refused, as ECR does without a template.
    Refuse,
}

/// Which manifests may be pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Manifests {
    /// Those that ECR takes: fewer than the image-spec allows.
    AsEcr,
    /// Those that the image-spec allows.
    AsSpecified,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            access: Access::Login,
            referrers: Referrers::Api,
            missing_repository: MissingRepository::Create,
            manifests: Manifests::AsEcr,
            page_size: 100,
        }
    }
}
