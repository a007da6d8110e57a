//! Lifecycle hooks that hold a deployment until somebody, or a function, says how it goes on, or their time is over.

use super::lifecycle::Lifecycle;
use jiff::{SignedDuration, Timestamp};

/// The hooks of one deployment: those configured and those that have paused it so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Hooks {
    /// What the hooks' ids begin with.
    pub(crate) seed: String,
    pub(crate) configured: Vec<HookPlan>,
    /// Oldest first. A hook at a stage that comes again pauses again, under a new id.
    pub(crate) met: Vec<Hook>,
}

/// A configured hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HookPlan {
    /// The function that is asked; none for a pause.
    pub(crate) function: Option<String>,
    pub(crate) stages: Vec<Lifecycle>,
    pub(crate) timeout: SignedDuration,
    pub(crate) on_timeout: HookAction,
}

/// `DeploymentLifecycleHookAction`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HookAction {
    Continue,
    Rollback,
}

/// A hook that has held a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hook {
    pub(crate) id: String,
    /// The function that is asked; none for a pause.
    pub(crate) function: Option<String>,
    pub(crate) status: HookStatus,
    pub(crate) expires_at: Timestamp,
    pub(crate) on_timeout: HookAction,
}

/// `DeploymentLifecycleHookStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HookStatus {
    /// Somebody has to answer.
    AwaitingAction,
    /// A function has been asked and has not decided.
    InProgress,
    Succeeded,
    Failed,
    TimedOut,
}

/// What the hooks say about going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Say {
    GoOn,
    Wait,
    /// Somebody answered with a rollback.
    Back,
    /// Nobody answered in time, and that means a rollback.
    BackUnanswered,
}

/// Why an answer was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotTaken {
    NoSuchHook,
    /// It has been answered, or its time is over.
    NotWaiting,
}

impl Hooks {
    /// The deployment has come to `stage`: the hooks there begin to wait.
    pub(super) fn meet(&mut self, stage: Lifecycle, now: Timestamp) {
        for plan in self.configured.iter().filter(|plan| plan.stages.contains(&stage)) {
            self.met.push(Hook {
                id: format!("{}-{}", self.seed, self.met.len() + 1),
                status: if plan.function.is_some() { HookStatus::InProgress } else { HookStatus::AwaitingAction },
                function: plan.function.clone(),
                expires_at: now.checked_add(plan.timeout).unwrap_or(Timestamp::MAX),
                on_timeout: plan.on_timeout,
            });
        }
    }

    /// Ends the hooks whose time is over, and says what all of them together want.
    pub(super) fn ask(&mut self, now: Timestamp) -> Say {
        for hook in self.met.iter_mut().filter(|hook| hook.status.is_open()) {
            if hook.expires_at <= now {
                hook.status = HookStatus::TimedOut;
            }
        }
        let any = |is: &dyn Fn(&Hook) -> bool| self.met.iter().any(is);
        if any(&|hook| hook.status == HookStatus::Failed) {
            Say::Back
        } else if any(&|hook| hook.status == HookStatus::TimedOut && hook.on_timeout == HookAction::Rollback) {
            Say::BackUnanswered
        } else if any(&|hook| hook.status.is_open()) {
            Say::Wait
        } else {
            Say::GoOn
        }
    }

    /// `ContinueServiceDeployment`.
    pub(crate) fn answer(&mut self, id: &str, action: HookAction) -> Result<(), NotTaken> {
        let hook = self.met.iter_mut().find(|hook| hook.id == id).ok_or(NotTaken::NoSuchHook)?;
        if hook.status != HookStatus::AwaitingAction {
            return Err(NotTaken::NotWaiting);
        }
        hook.status = match action {
            HookAction::Continue => HookStatus::Succeeded,
            HookAction::Rollback => HookStatus::Failed,
        };
        Ok(())
    }

    /// What a function said.
    pub(super) fn hear(&mut self, id: &str, said: HookStatus) {
        let open = |hook: &&mut Hook| hook.id == id && hook.status == HookStatus::InProgress;
        if let Some(hook) = self.met.iter_mut().find(open) {
            hook.status = said;
        }
    }

    /// The functions whose word is waited for, each with its hook.
    pub(crate) fn asked(&self) -> impl Iterator<Item = (&str, &str)> {
        let open = self.met.iter().filter(|hook| hook.status == HookStatus::InProgress);
        open.filter_map(|hook| Some((hook.id.as_str(), hook.function.as_deref()?)))
    }

    /// The deployment goes back: nobody is waited for any more.
    pub(super) fn give_up(&mut self) {
        for hook in self.met.iter_mut().filter(|hook| hook.status.is_open()) {
            hook.status = HookStatus::Failed;
        }
    }
}

impl HookAction {
    /// AWS's word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Continue => "CONTINUE",
            Self::Rollback => "ROLLBACK",
        }
    }
}

impl HookStatus {
    /// Whether the deployment is held by it.
    fn is_open(self) -> bool {
        matches!(self, Self::AwaitingAction | Self::InProgress)
    }

    /// AWS's word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::AwaitingAction => "AWAITING_ACTION",
            Self::InProgress => "IN_PROGRESS",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
        }
    }
}
