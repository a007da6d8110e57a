//! Load balancers, listeners, target groups and targets, and what may be done to them.

use super::{
    checks,
    matcher::Matcher,
    rules::{Action, Rule},
    target::{State, Thresholds, Verdict},
};
use crate::{
    AwsError, Cloud,
    late::{Late, View},
};
use jiff::Timestamp;
use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// How often a draining target is looked at.
const DRAIN_TICK: Duration = Duration::from_millis(20);

/// The operations whose answers can be late.
pub(crate) const READ_LATE: [&str; 4] =
    ["DescribeRules", "DescribeListeners", "DescribeTargetGroups", "DescribeTargetHealth"];

/// Everything of Elastic Load Balancing.
#[derive(Debug)]
pub(crate) struct Elb {
    state: Mutex<Rooms>,
    late: Late<Rooms>,
    /// Speaks to targets: plain HTTP on the loopback interface, no proxies, no redirects.
    pub(super) client: reqwest::Client,
}

/// What exists; looked at and changed under one lock.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rooms {
    pub(crate) balancers: Vec<LoadBalancer>,
    pub(crate) groups: Vec<TargetGroup>,
    pub(crate) listeners: Vec<Listener>,
}

/// A load balancer.
#[derive(Debug, Clone)]
pub(crate) struct LoadBalancer {
    pub(crate) arn: String,
    pub(crate) name: String,
    /// The port on 127.0.0.1 its first listener is reached at.
    pub(crate) port: u16,
    pub(crate) created_at: Timestamp,
}

/// A listener.
#[derive(Debug, Clone)]
pub(crate) struct Listener {
    pub(crate) arn: String,
    pub(crate) balancer_arn: String,
    /// The port it was asked to have.
    pub(crate) port: u16,
    /// The port on 127.0.0.1 it is reached at.
    pub(crate) real_port: u16,
    /// In the order of their priorities; the last is the default rule.
    pub(crate) rules: Vec<Rule>,
}

/// A target group.
#[derive(Debug, Clone)]
pub(crate) struct TargetGroup {
    pub(crate) arn: String,
    pub(crate) name: String,
    pub(crate) port: u16,
    pub(crate) check: CheckSettings,
    pub(crate) deregistration_delay: Duration,
    pub(crate) targets: BTreeMap<SocketAddr, Target>,
    /// Whose turn it is.
    pub(super) turn: usize,
}

/// How targets are checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CheckSettings {
    pub(crate) path: String,
    /// A fixed port; none means the port traffic goes to.
    pub(crate) port: Option<u16>,
    pub(crate) interval: Duration,
    pub(crate) timeout: Duration,
    pub(crate) thresholds: Thresholds,
    pub(crate) matcher: Matcher,
}

/// A registered target.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) verdict: Verdict,
    /// Requests it is working on.
    pub(super) in_flight: Arc<AtomicUsize>,
}

impl Listener {
    /// Puts the rules in the order of their priorities, the default rule last.
    pub(super) fn sort(&mut self) {
        self.rules.sort_by_key(|rule| rule.priority.unwrap_or(u32::MAX));
    }
}

impl LoadBalancer {
    /// `app/<name>/<id>`: the `LoadBalancer` dimension of its metrics.
    pub(crate) fn dimension(&self) -> &str {
        self.arn.split_once(":loadbalancer/").map_or("", |(_, rest)| rest)
    }
}

impl TargetGroup {
    /// `targetgroup/<name>/<id>`: the `TargetGroup` dimension of its metrics.
    pub(crate) fn dimension(&self) -> &str {
        self.arn.rsplit_once(':').map_or("", |(_, rest)| rest)
    }

    /// The target at `address`, whatever its port.
    pub(crate) fn target(&self, address: Ipv4Addr) -> Option<&Target> {
        self.targets.iter().find(|(at, _)| at.ip() == IpAddr::V4(address)).map(|(_, target)| target)
    }

    /// How many targets are in that state.
    pub(crate) fn count(&self, state: State) -> usize {
        self.targets.values().filter(|target| target.verdict.state == state).count()
    }
}

impl Elb {
    pub(crate) fn open() -> anyhow::Result<Self> {
        // Not `transport::client`: targets are this sandbox's own processes, and neither a proxy from the environment
        // nor a followed redirect may come between them and the load balancer.
        transport::install_crypto();
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(Duration::from_secs(60))
            .build()?;
        Ok(Self { state: Mutex::default(), late: Late::default(), client })
    }

    /// Everything, to be looked at or changed at once.
    pub(crate) fn rooms(&self) -> MutexGuard<'_, Rooms> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `operation` sees.
    pub(super) fn view(&self, operation: &str) -> View<'_, Rooms> {
        match self.late.as_it_was(operation) {
            Some(snapshot) => View::Past(snapshot),
            None => View::Now(self.rooms()),
        }
    }

    /// Has `operation` read so many ticks late; false when it is not one that can.
    pub(crate) fn lag(&self, operation: &str, ticks: usize) -> bool {
        let known = READ_LATE.contains(&operation);
        if known {
            self.late.lag(operation, ticks, &self.rooms());
        }
        known
    }

    /// A tick.
    pub(crate) fn remember(&self) {
        self.late.remember(&self.rooms());
    }

    /// Registers a target and begins to check it.
    pub(crate) fn register(cloud: &Arc<Cloud>, group_arn: &str, target: SocketAddr) -> Result<(), AwsError> {
        let fresh = Target { verdict: Verdict::registered(), in_flight: Arc::default() };
        {
            let mut rooms = cloud.elb.rooms();
            let group = rooms.group_mut(group_arn)?;
            let known = group.targets.get(&target);
            if known.is_some_and(|known| known.verdict.state != State::Draining) {
                return Ok(());
            }
            group.targets.insert(target, fresh);
        }
        tokio::spawn(checks::watch(Arc::clone(cloud), group_arn.to_owned(), target));
        Ok(())
    }

    /// Deregisters a target: it gets no new requests and goes when it has finished the ones it has, or when the
    /// deregistration delay is over.
    pub(crate) fn deregister(cloud: &Arc<Cloud>, group_arn: &str, target: SocketAddr) -> Result<(), AwsError> {
        let (in_flight, delay) = {
            let mut rooms = cloud.elb.rooms();
            let group = rooms.group_mut(group_arn)?;
            let delay = group.deregistration_delay;
            let Some(found) = group.targets.get_mut(&target) else { return Ok(()) };
            found.verdict = Verdict::draining();
            (Arc::clone(&found.in_flight), delay)
        };
        let (cloud, group_arn) = (Arc::clone(cloud), group_arn.to_owned());
        tokio::spawn(async move {
            let until = tokio::time::Instant::now() + delay;
            loop {
                tokio::time::sleep(DRAIN_TICK).await;
                if in_flight.load(Ordering::SeqCst) == 0 || tokio::time::Instant::now() >= until {
                    break;
                }
            }
            if let Ok(group) = cloud.elb.rooms().group_mut(&group_arn) {
                group.targets.remove(&target);
            }
        });
        Ok(())
    }

    /// Waits until no target of the group is at `address` any more.
    pub(crate) async fn drained(&self, group_arn: &str, address: Ipv4Addr) {
        while self.rooms().group(group_arn).is_ok_and(|group| group.target(address).is_some()) {
            tokio::time::sleep(DRAIN_TICK).await;
        }
    }
}

impl Rooms {
    /// The target group, or `TargetGroupNotFound`.
    pub(crate) fn group(&self, arn: &str) -> Result<&TargetGroup, AwsError> {
        self.groups.iter().find(|group| group.arn == arn).ok_or_else(|| no_group(arn))
    }

    /// The target group, to be changed.
    pub(crate) fn group_mut(&mut self, arn: &str) -> Result<&mut TargetGroup, AwsError> {
        self.groups.iter_mut().find(|group| group.arn == arn).ok_or_else(|| no_group(arn))
    }

    /// The load balancer, or `LoadBalancerNotFound`.
    pub(crate) fn balancer(&self, arn: &str) -> Result<&LoadBalancer, AwsError> {
        let missing = || AwsError::client("LoadBalancerNotFound", format!("Load balancers '[{arn}]' not found"));
        self.balancers.iter().find(|balancer| balancer.arn == arn).ok_or_else(missing)
    }

    /// The listener with that ARN.
    pub(crate) fn listener(&self, arn: &str) -> Option<&Listener> {
        self.listeners.iter().find(|listener| listener.arn == arn)
    }

    /// The listener, to be changed.
    pub(super) fn listener_mut(&mut self, arn: &str) -> Option<&mut Listener> {
        self.listeners.iter_mut().find(|listener| listener.arn == arn)
    }

    /// The rule with that ARN, default rules included.
    pub(crate) fn rule(&self, arn: &str) -> Option<&Rule> {
        self.listeners.iter().flat_map(|listener| &listener.rules).find(|rule| rule.arn == arn)
    }

    /// The rule, to be changed.
    pub(super) fn rule_mut(&mut self, arn: &str) -> Option<&mut Rule> {
        self.listeners.iter_mut().flat_map(|listener| &mut listener.rules).find(|rule| rule.arn == arn)
    }

    /// Has a rule forward to these target groups from the next request on: what a service that owns it does.
    pub(crate) fn weigh(&mut self, rule_arn: &str, groups: Vec<(String, u32)>) {
        if let Some(rule) = self.rule_mut(rule_arn) {
            rule.action = Action::Forward(groups);
        }
    }

    /// The load balancers that forward to a target group.
    pub(crate) fn balancers_of(&self, group_arn: &str) -> Vec<&LoadBalancer> {
        let forwards = |rule: &Rule| rule.forward().iter().any(|(arn, _)| arn == group_arn);
        let using = self.listeners.iter().filter(|listener| listener.rules.iter().any(forwards));
        let mut arns: Vec<&str> = Vec::new();
        for listener in using {
            if !arns.contains(&listener.balancer_arn.as_str()) {
                arns.push(&listener.balancer_arn);
            }
        }
        arns.into_iter().filter_map(|arn| self.balancer(arn).ok()).collect()
    }
}

fn no_group(arn: &str) -> AwsError {
    AwsError::client("TargetGroupNotFound", format!("Target groups '[{arn}]' not found"))
}
