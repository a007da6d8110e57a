//! Elastic Load Balancing: the ELBv2 API, and load balancers that really carry HTTP.
//!
//! Each load balancer listens on a port of its own on 127.0.0.1, which its `DNSName` names. It routes to healthy targets
//! in turn, checks their health with real requests, and answers 502, 503 and 504 where an Application Load Balancer
//! would. What it carries becomes metrics in `AWS/ApplicationELB`.

mod api;
mod checks;
mod gauges;
mod matcher;
mod proxy;
mod rooms;
mod routing;
mod rules;
mod target;

pub(crate) use api::call;
pub(crate) use gauges::publish as publish_gauges;
pub(crate) use rooms::{Elb, Listener, LoadBalancer, READ_LATE, Rooms, TargetGroup};
pub(crate) use target::State;
