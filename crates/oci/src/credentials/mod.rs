//! Who we are to a registry.

mod docker;

pub use docker::DockerConfig;

use secrecy::SecretString;

/// A user name and password, or a token in the password's place.
#[derive(Debug, Clone)]
pub struct Login {
    /// The user's name; [`Login::TOKEN_USER`] when `password` is an identity token.
    pub username: String,
    /// The password or token.
    pub password: SecretString,
}

impl Login {
    /// The user name that says "the password is an identity token", as Docker's credential helpers spell it.
    pub const TOKEN_USER: &str = "<token>";

    /// A login with a user name and password.
    pub fn new(username: impl Into<String>, password: SecretString) -> Self {
        Self { username: username.into(), password }
    }

    /// A login by an identity token: an OAuth 2 refresh token of the registry's token server.
    #[must_use]
    pub fn token(token: SecretString) -> Self {
        Self { username: Self::TOKEN_USER.into(), password: token }
    }

    pub(crate) fn is_token(&self) -> bool {
        self.username == Self::TOKEN_USER
    }
}

/// Why credentials could not be had, as whoever keeps them says it.
pub type CredentialsError = Box<dyn std::error::Error + Send + Sync>;

/// A source of logins. It is asked at the first 401 of a registry, and again when what it gave is no longer accepted.
#[async_trait::async_trait]
pub trait Credentials: Send + Sync {
    /// The login for this registry host (`host[:port]` as in the image's name), `None` to go on without one.
    ///
    /// # Errors
    /// Whatever keeps the login from being had; the registry is then not asked at all.
    async fn login(&self, registry_host: &str) -> Result<Option<Login>, CredentialsError>;
}

/// No login anywhere.
#[derive(Debug, Clone, Copy, Default)]
pub struct Anonymous;

#[async_trait::async_trait]
impl Credentials for Anonymous {
    async fn login(&self, _registry_host: &str) -> Result<Option<Login>, CredentialsError> {
        Ok(None)
    }
}

/// One login, for one registry only: a password must not travel to whatever host an image's name happens to mention.
#[derive(Debug, Clone)]
pub struct Static {
    host: String,
    login: Login,
}

impl Static {
    /// This login for that registry host.
    pub fn new(registry_host: impl Into<String>, login: Login) -> Self {
        Self { host: registry_host.into(), login }
    }
}

#[async_trait::async_trait]
impl Credentials for Static {
    async fn login(&self, registry_host: &str) -> Result<Option<Login>, CredentialsError> {
        Ok((registry_host == self.host).then(|| self.login.clone()))
    }
}
