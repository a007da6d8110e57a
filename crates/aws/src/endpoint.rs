//! Where a service answers: what the environment says, else the partition's own host name.

use crate::service::Wire;

/// The DNS suffix of the partition a region belongs to. Source: botocore `partitions.json`, `outputs.dnsSuffix`.
pub(crate) fn dns_suffix(region: &str) -> &'static str {
    let starts = |prefix| region.starts_with(prefix);
    match () {
        () if starts("cn-") => "amazonaws.com.cn",
        () if starts("us-isob-") => "sc2s.sgov.gov",
        () if starts("us-isof-") || starts("eu-isof-") => "csp.hci.ic.gov",
        () if starts("us-iso-") => "c2s.ic.gov",
        () if starts("eu-isoe-") => "cloud.adc-e.uk",
        () if starts("eusc-") => "amazonaws.eu",
        // us-gov-… is a partition of its own, with the suffix of the commercial one.
        () => "amazonaws.com",
    }
}

/// The endpoint of `wire` in `region`, without a slash at the end.
///
/// `env` answers for environment variables: `AWS_ENDPOINT_URL_<SERVICE>` wins over `AWS_ENDPOINT_URL`, and
/// `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true` over both (SDK reference guide, "Service-specific endpoints").
pub(crate) fn endpoint<'a>(wire: Wire, region: &str, env: impl Fn(&str) -> Option<&'a str>) -> String {
    let ignored = env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let configured = if ignored {
        None
    } else {
        env(&format!("AWS_ENDPOINT_URL_{}", wire.variable)).or_else(|| env("AWS_ENDPOINT_URL"))
    };
    match configured {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => format!("https://{}.{region}.{}", wire.host, dns_suffix(region)),
    }
}

/// Whether `region` can be a label of a host name; anything else would end up in a URL.
pub(crate) fn is_region(region: &str) -> bool {
    (1..=63).contains(&region.len())
        && region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !region.starts_with('-')
        && !region.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Service, service::LOAD_BALANCING};

    #[test]
    fn every_partition_has_its_own_host_names() {
        for (wire, region, wanted) in [
            (Service::Ecs.wire(), "eu-west-1", "https://ecs.eu-west-1.amazonaws.com"),
            (Service::CloudWatch.wire(), "us-gov-west-1", "https://monitoring.us-gov-west-1.amazonaws.com"),
            (Service::Logs.wire(), "cn-north-1", "https://logs.cn-north-1.amazonaws.com.cn"),
            (Service::Ecr.wire(), "us-iso-east-1", "https://api.ecr.us-iso-east-1.c2s.ic.gov"),
            (Service::Ecs.wire(), "us-isob-east-1", "https://ecs.us-isob-east-1.sc2s.sgov.gov"),
            (Service::Ecs.wire(), "us-isof-south-1", "https://ecs.us-isof-south-1.csp.hci.ic.gov"),
            (Service::Ecs.wire(), "eu-isoe-west-1", "https://ecs.eu-isoe-west-1.cloud.adc-e.uk"),
            (Service::Ecs.wire(), "eusc-de-east-1", "https://ecs.eusc-de-east-1.amazonaws.eu"),
            (LOAD_BALANCING, "eu-west-1", "https://elasticloadbalancing.eu-west-1.amazonaws.com"),
        ] {
            assert_eq!(endpoint(wire, region, |_| None), wanted);
        }
    }

    #[test]
    fn a_service_specific_endpoint_wins_over_the_general_one() {
        let env = |name: &str| match name {
            "AWS_ENDPOINT_URL" => Some("http://127.0.0.1:4000/"),
            "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS" => Some("http://127.0.0.1:5000"),
            _ => None,
        };
        assert_eq!(endpoint(Service::Logs.wire(), "eu-west-1", env), "http://127.0.0.1:5000");
        assert_eq!(endpoint(Service::Ecs.wire(), "eu-west-1", env), "http://127.0.0.1:4000");
        let ignoring = |name: &str| if name.starts_with("AWS_IGNORE") { Some("true") } else { env(name) };
        assert_eq!(endpoint(Service::Ecs.wire(), "eu-west-1", ignoring), "https://ecs.eu-west-1.amazonaws.com");
    }

    #[test]
    fn a_region_that_would_change_the_host_is_none() {
        assert!(is_region("eu-west-1") && is_region("us-gov-east-1"));
        for bad in ["", "-", "eu west", "evil.example/", "eu-west-1.evil", "EU-WEST-1", "eu-west-1#"] {
            assert!(!is_region(bad), "{bad}");
        }
    }
}
