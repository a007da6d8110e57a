//! How a release comes to its traffic: strategy, engine, shares, gates.

use super::{minutes_from_zero, whole};
use github::InputError;
use jiff::SignedDuration;
use rollout::{OnInconclusive, Patience, Plan, Strategy, Weight};
use std::time::Duration;

/// The inputs about progress, as typed by the user.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ProgressInputs {
    /// How the release comes to its traffic. `as-is`: as the service is configured. `rolling`, `blue-green`, `canary` and `linear` are the same words for every engine.
    #[arg(long, value_enum, default_value = "as-is")]
    pub(crate) strategy: Wanted,
    /// Who moves the traffic: `ecs` its own deployment (rolling, or the native blue/green, canary and linear), `load-balancer` this action, by the weights of `listener-rule` between `service` and `alternate-service`, `code-deploy` CodeDeploy, for services with that controller.
    #[arg(long, value_enum, default_value = "ecs")]
    pub(crate) engine: EngineName,
    /// The canary's share of the traffic, or the linear increment, in percent with at most one decimal.
    #[arg(long, default_value = "10")]
    pub(crate) traffic_percent: Weight,
    /// Minutes at each share below everything before the next step. 0 to 1440; whole ones for `engine: ecs`.
    #[arg(long, default_value = "5", value_parser = minutes_from_zero)]
    pub(crate) step_minutes: Duration,
    /// Minutes at everything before the old release goes. 0 to 1440; whole ones for `engine: ecs`.
    #[arg(long, default_value = "5", value_parser = minutes_from_zero)]
    pub(crate) bake_minutes: Duration,
    /// A command that is asked before each step and before the end: its program on the first line, one argument on each further line; no shell. Exit code 0 is yes, 1 no, anything else cannot tell. An action of this suite may be named as the program, such as `guardrail-gate`. It gets the environment of this step without inputs and runner files, and `LOCKKEEPER_GATE`, `LOCKKEEPER_TRAFFIC`, `LOCKKEEPER_NEXT_TRAFFIC`, `LOCKKEEPER_IMAGE`.
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) gate: Vec<String>,
    /// Minutes a gate may take to answer; after that it could not tell. 0.05 to 1440.
    #[arg(long, default_value = "60", value_parser = super::minutes)]
    pub(crate) gate_minutes: Duration,
    /// What a gate that cannot tell comes to: going back, or asking again for as long as `gate-minutes`. Never a yes.
    #[arg(long, value_enum, default_value = "roll-back")]
    pub(crate) on_inconclusive: Inconclusive,
    /// For `engine: load-balancer`: the service behind the rule's other target group. Whichever of the two services has no traffic takes the release.
    #[arg(long)]
    pub(crate) alternate_service: Option<String>,
    /// For `engine: code-deploy`: the application; unset, the name the console gives: `AppECS-<cluster>-<service>`.
    #[arg(long)]
    pub(crate) codedeploy_application: Option<String>,
    /// For `engine: code-deploy`: the deployment group; unset, the name the console gives: `DgpECS-<cluster>-<service>`.
    #[arg(long)]
    pub(crate) codedeploy_group: Option<String>,
    /// For `engine: load-balancer`: ARN of the listener rule whose weights are moved; for a listener's default rule, the listener's ARN.
    #[arg(long)]
    pub(crate) listener_rule: Option<String>,
}

/// `strategy` as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Wanted {
    /// As the service is configured.
    AsIs,
    /// Tasks are replaced in place.
    Rolling,
    /// Everything at once, after both stand side by side.
    BlueGreen,
    /// One small share, then everything.
    Canary,
    /// Equal increments.
    Linear,
}

/// `engine` as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum EngineName {
    /// ECS moves the traffic.
    Ecs,
    /// This action moves it.
    LoadBalancer,
    /// CodeDeploy moves it.
    CodeDeploy,
}

/// `on-inconclusive` as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Inconclusive {
    /// Go back.
    RollBack,
    /// Ask again.
    AskAgain,
}

/// Who moves the traffic, with what that takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Engine {
    /// ECS.
    Ecs,
    /// The weights of a rule between two services.
    LoadBalancer {
        /// The other service.
        alternate: String,
        /// The rule, or the listener for its default rule.
        rule: String,
    },
    /// CodeDeploy.
    CodeDeploy {
        /// The application, where it is named.
        application: Option<String>,
        /// The deployment group, where it is named.
        group: Option<String>,
        /// The configuration; unset, the group's own.
        config: Option<&'static str>,
    },
}

/// A gate's command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gate {
    /// The program.
    pub(crate) program: String,
    /// Its arguments.
    pub(crate) arguments: Vec<String>,
    /// How long it may take.
    pub(crate) limit: Duration,
}

/// How the release comes to its traffic, once it fits together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Who moves the traffic.
    pub(crate) engine: Engine,
    /// How; unset: as the service is configured.
    pub(crate) strategy: Option<Strategy>,
    /// The canary's share or the increment.
    pub(crate) share: Weight,
    /// Time at each share below everything.
    pub(crate) step: SignedDuration,
    /// Time at everything.
    pub(crate) bake: SignedDuration,
    /// Who is asked.
    pub(crate) gate: Option<Gate>,
    /// What a gate that cannot tell comes to.
    pub(crate) on_inconclusive: OnInconclusive,
}

impl Progress {
    /// As the service is configured.
    #[cfg(test)]
    pub(crate) fn as_is() -> Self {
        Self {
            engine: Engine::Ecs,
            strategy: None,
            share: Weight::ALL,
            step: SignedDuration::ZERO,
            bake: SignedDuration::ZERO,
            gate: None,
            on_inconclusive: OnInconclusive::GoBack,
        }
    }

    /// Checks what one input means to another; adds every contradiction to `errors`.
    pub(crate) fn from(inputs: &ProgressInputs, errors: &mut Vec<InputError>) -> Self {
        let strategy = match inputs.strategy {
            // Between two services there is no other way to be configured.
            Wanted::AsIs if inputs.engine == EngineName::LoadBalancer => Some(Strategy::BlueGreen),
            Wanted::AsIs => None,
            Wanted::Rolling => Some(Strategy::Rolling),
            Wanted::BlueGreen => Some(Strategy::BlueGreen),
            Wanted::Canary => Some(Strategy::Canary),
            Wanted::Linear => Some(Strategy::Linear),
        };
        let mut gate = inputs.gate.iter().map(|line| line.trim_end_matches('\r').to_owned());
        let gate = gate.next().map(|program| Gate { program, arguments: gate.collect(), limit: inputs.gate_minutes });
        let progress = Self {
            engine: engine(inputs, errors),
            strategy,
            share: inputs.traffic_percent,
            step: SignedDuration::try_from(inputs.step_minutes).unwrap_or(SignedDuration::MAX),
            bake: SignedDuration::try_from(inputs.bake_minutes).unwrap_or(SignedDuration::MAX),
            gate,
            on_inconclusive: match inputs.on_inconclusive {
                Inconclusive::RollBack => OnInconclusive::GoBack,
                Inconclusive::AskAgain => OnInconclusive::AskAgain,
            },
        };
        progress.check(inputs, errors);
        progress
    }

    fn check(&self, inputs: &ProgressInputs, errors: &mut Vec<InputError>) {
        let shares = matches!(self.strategy, Some(Strategy::BlueGreen | Strategy::Canary | Strategy::Linear));
        if self.gate.is_some() && !shares {
            let problem = "needs a strategy with steps to be asked about: `blue-green`, `canary` or `linear`";
            errors.push(InputError::unseen("gate", problem));
        }
        if inputs.engine == EngineName::LoadBalancer && !shares {
            let problem = "must be `blue-green`, `canary` or `linear` where this action moves the traffic";
            errors.push(InputError::unseen("strategy", problem));
        }
        if let Some(strategy) = self.strategy
            && let Err(error) =
                Plan::of(strategy, self.share, (self.step, self.bake), self.patience(SignedDuration::ZERO))
        {
            errors.push(InputError::new("traffic-percent", self.share, format!("makes no plan: {error}")));
        }
        if let (Engine::CodeDeploy { .. }, Some(_)) = (&self.engine, &self.gate) {
            let problem = "is not asked with `engine: code-deploy`: CodeDeploy has no place for it";
            errors.push(InputError::unseen("gate", problem));
        }
        if self.engine == Engine::Ecs && shares {
            for (name, given) in [("step-minutes", inputs.step_minutes), ("bake-minutes", inputs.bake_minutes)] {
                if !whole(given) {
                    errors.push(InputError::unseen(name, "must be whole minutes: ECS counts in those"));
                }
            }
            // The API's own bound (3.0 to 100.0).
            if self.strategy == Some(Strategy::Linear) && self.share.permille() < 30 {
                errors.push(InputError::new("traffic-percent", self.share, "is below 3, the least ECS moves at once"));
            }
        }
    }

    /// How long things may take: `wait` for what should just happen, and as long as a gate may take to answer.
    #[must_use]
    pub(crate) fn patience(&self, wait: SignedDuration) -> Patience {
        let gate = self.gate.as_ref().and_then(|gate| SignedDuration::try_from(gate.limit).ok());
        // The process that is asked ends by its own limit first, and then says so.
        let gate = gate.map_or(SignedDuration::ZERO, |gate| gate.saturating_add(SignedDuration::from_secs(30)));
        Patience { prepare: wait, step: wait.max(gate), back: wait }
    }

    /// The plan where this action moves the traffic.
    ///
    /// # Errors
    /// None that [`Progress::from`] has not told already.
    pub(crate) fn plan(&self, wait: SignedDuration) -> Result<Plan, rollout::PlanError> {
        let strategy = self.strategy.unwrap_or(Strategy::Rolling);
        let plan = Plan::of(strategy, self.share, (self.step, self.bake), self.patience(wait))?;
        Ok(if self.gate.is_some() { plan.gated(self.on_inconclusive) } else { plan })
    }
}

impl Progress {
    /// The plan where ECS moves the traffic and this action says when: ECS itself holds each share for its time, and a pause
    /// says that it has.
    ///
    /// # Errors
    /// None that [`Progress::from`] has not told already.
    pub(crate) fn native_plan(&self, wait: SignedDuration) -> Result<Plan, rollout::PlanError> {
        let strategy = self.strategy.unwrap_or(Strategy::Rolling);
        let patience = self.patience(wait);
        let step = patience.step.saturating_add(self.step.max(self.bake));
        let nothing = (SignedDuration::ZERO, SignedDuration::ZERO);
        Ok(Plan::of(strategy, self.share, nothing, Patience { step, ..patience })?.gated(self.on_inconclusive))
    }
}

/// CodeDeploy's own configurations by strategy, percent and minutes (user guide, "deployment configurations").
const CONFIGS: [(Wanted, u16, u64, &str); 5] = [
    (Wanted::BlueGreen, 0, 0, "CodeDeployDefault.ECSAllAtOnce"),
    (Wanted::Canary, 100, 5, "CodeDeployDefault.ECSCanary10Percent5Minutes"),
    (Wanted::Canary, 100, 15, "CodeDeployDefault.ECSCanary10Percent15Minutes"),
    (Wanted::Linear, 100, 1, "CodeDeployDefault.ECSLinear10PercentEvery1Minutes"),
    (Wanted::Linear, 100, 3, "CodeDeployDefault.ECSLinear10PercentEvery3Minutes"),
];

fn code_deploy(inputs: &ProgressInputs, errors: &mut Vec<InputError>) -> Engine {
    let fits = |(wanted, percent, minutes, _): &&(Wanted, u16, u64, &str)| {
        let exact = *percent == inputs.traffic_percent.permille() && minutes * 60 == inputs.step_minutes.as_secs();
        *wanted == inputs.strategy && (*wanted == Wanted::BlueGreen || exact)
    };
    let config = CONFIGS.iter().find(fits).map(|(.., name)| *name);
    if config.is_none() && inputs.strategy != Wanted::AsIs {
        let problem = "is none of CodeDeploy's own: `blue-green`; `canary` of 10 percent for 5 or 15 minutes; `linear` of 10 \
                       percent every 1 or 3 minutes; `as-is`, which is the group's own";
        errors.push(InputError::unseen("strategy", problem));
    }
    let (application, group) = (inputs.codedeploy_application.clone(), inputs.codedeploy_group.clone());
    Engine::CodeDeploy { application, group, config }
}

fn engine(inputs: &ProgressInputs, errors: &mut Vec<InputError>) -> Engine {
    if inputs.engine == EngineName::CodeDeploy {
        return code_deploy(inputs, errors);
    }
    for (name, given) in [
        ("codedeploy-application", inputs.codedeploy_application.is_some()),
        ("codedeploy-group", inputs.codedeploy_group.is_some()),
    ] {
        if given {
            errors.push(InputError::unseen(name, "belongs to `engine: code-deploy`"));
        }
    }
    match (inputs.engine, &inputs.alternate_service, &inputs.listener_rule) {
        (EngineName::LoadBalancer, Some(alternate), Some(rule)) => {
            if !is_rule(rule) {
                let problem = "is not the ARN of a listener or of a listener rule";
                errors.push(InputError::new("listener-rule", rule, problem));
            }
            Engine::LoadBalancer { alternate: alternate.clone(), rule: rule.clone() }
        }
        (EngineName::LoadBalancer, alternate, rule) => {
            for (name, missing) in [("alternate-service", alternate.is_none()), ("listener-rule", rule.is_none())] {
                if missing {
                    errors.push(InputError::unseen(name, "is needed with `engine: load-balancer`"));
                }
            }
            Engine::Ecs
        }
        (_, alternate, rule) => {
            for (name, given) in [("alternate-service", alternate.is_some()), ("listener-rule", rule.is_some())] {
                if given {
                    errors.push(InputError::unseen(name, "belongs to `engine: load-balancer`"));
                }
            }
            Engine::Ecs
        }
    }
}

/// `arn:…:elasticloadbalancing:…:listener/…` or `…:listener-rule/…`.
fn is_rule(text: &str) -> bool {
    let mut parts = text.splitn(6, ':');
    let (arn, service) = (parts.next(), parts.nth(1));
    let resource = parts.nth(2).unwrap_or_default();
    let kind = resource.split('/').next().unwrap_or_default();
    arn == Some("arn") && service == Some("elasticloadbalancing") && ["listener", "listener-rule"].contains(&kind)
}
