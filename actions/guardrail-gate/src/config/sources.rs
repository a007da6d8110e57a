//! The `sources` of the file, and the queries guardrails put to them.

use super::{Length, SourceSettings};
use document::Fields;
use signals::{Metric, Query, Selector};
use std::collections::BTreeMap;

/// One source, where it is well formed.
pub(crate) fn read(section: &Fields<'_>) -> Option<SourceSettings> {
    section.demand("type", "cloudwatch")?;
    match section.text("type")?.as_str() {
        "cloudwatch" => {
            let section = section.clone().only(&["type", "namespace", "dimensions"]);
            Some(SourceSettings::CloudWatch { namespace: section.text("namespace"), dimensions: dimensions(&section) })
        }
        "prometheus" => prometheus(&section.clone().only(&["type", "url", "scrape_interval"])),
        "datadog" => {
            let section = section.clone().only(&["type", "url"]);
            Some(SourceSettings::Datadog { url: address_or(&section, "https://api.datadoghq.com")? })
        }
        "newrelic" => {
            let section = section.clone().only(&["type", "url", "account"]);
            section.demand("account", "1234567")?;
            let account = section.whole("account", 1..=u64::MAX)?;
            Some(SourceSettings::NewRelic { url: address_or(&section, "https://api.newrelic.com/graphql")?, account })
        }
        "http" => Some(SourceSettings::Http { url: address(&section.clone().only(&["type", "url"]))? }),
        "file" => {
            let section = section.clone().only(&["type", "path"]);
            section.demand("path", "out/predictions.jsonl")?;
            Some(SourceSettings::File { path: section.text("path")?.into() })
        }
        other => {
            let known = "known are cloudwatch, prometheus, datadog, newrelic, http, file";
            section.refuse("type", format!("`{other}` is not a kind of source; {known}"));
            None
        }
    }
}

fn address_or(section: &Fields<'_>, usual: &str) -> Option<url::Url> {
    if section.has("url") { address(section) } else { usual.parse().ok() }
}

fn address(section: &Fields<'_>) -> Option<url::Url> {
    section.demand("url", "https://prometheus.example.org")?;
    let text = section.text("url")?;
    let url = match text.parse::<url::Url>() {
        Ok(url) if ["http", "https"].contains(&url.scheme()) && url.host().is_some() => url,
        _ => {
            section.refuse("url", format!("`{text}` is not an http or https address"));
            return None;
        }
    };
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        section.refuse(
            "url",
            "an address here has no user, password, query or fragment; give a token by the input `prometheus-token` or \
             `http-token`",
        );
        return None;
    }
    Some(url)
}

fn prometheus(section: &Fields<'_>) -> Option<SourceSettings> {
    let url = address(section)?;
    let scrape_interval = match section.has("scrape_interval") {
        true => section.parsed::<Length>("scrape_interval")?.whole_seconds().filter(|&s| s > 0),
        false => Some(15),
    };
    if scrape_interval.is_none() {
        section.refuse("scrape_interval", "a scrape interval is a whole number of seconds, at least 1");
    }
    Some(SourceSettings::Prometheus { url, scrape_interval: scrape_interval? })
}

fn dimensions(section: &Fields<'_>) -> BTreeMap<String, String> {
    let Some(section) = section.child("dimensions") else { return BTreeMap::new() };
    // A dimension without its value would ask for a different metric, silently.
    let one = |key: &str| match section.text(key)? {
        value if value.is_empty() => {
            section.refuse(key, "a dimension needs a value");
            None
        }
        value => Some((key.to_owned(), value)),
    };
    section.keys().filter_map(one).collect()
}

/// The keys of a CloudWatch query.
pub(crate) const METRIC_KEYS: [&str; 4] = ["metric", "statistic", "namespace", "dimensions"];

/// The query a section describes, in the words of its source.
pub(crate) fn query(section: &Fields<'_>, source: &SourceSettings, statistic: &str) -> Option<Query> {
    match source {
        SourceSettings::CloudWatch { .. } => metric(section, source, statistic).map(Query::CloudWatch),
        SourceSettings::Prometheus { .. } => promql(section),
        SourceSettings::Datadog { .. } => series(section, "sum:trace.http.request.errors{service:api}.as_count()"),
        SourceSettings::NewRelic { .. } => series(section, "SELECT count(*) FROM Transaction WHERE error IS true"),
        SourceSettings::Http { .. } | SourceSettings::File { .. } => {
            section.demand("value", "$.queue.depth")?;
            Some(Query::Number { select: section.parsed::<Selector>("value")? })
        }
    }
}

/// The keys of a query to this source.
pub(crate) fn keys(source: &SourceSettings) -> &'static [&'static str] {
    match source {
        SourceSettings::CloudWatch { .. } => &METRIC_KEYS,
        SourceSettings::Prometheus { .. } => &["counter", "query"],
        SourceSettings::Datadog { .. } | SourceSettings::NewRelic { .. } => &["query"],
        SourceSettings::Http { .. } | SourceSettings::File { .. } => &["value"],
    }
}

/// A query whose time is the watch's to say.
fn series(section: &Fields<'_>, example: &str) -> Option<Query> {
    section.demand("query", example)?;
    let query = section.text("query")?;
    let timed = ["SINCE", "UNTIL", "TIMESERIES", "FACET"];
    if let Some(word) = query.split_whitespace().find(|word| timed.contains(&word.to_uppercase().as_str())) {
        section
            .refuse("query", format!("`{word}` is not the query's to say: the window does, and one series is needed"));
        return None;
    }
    Some(Query::Series { query })
}

/// The CloudWatch metric a section names; `statistic` where it names none.
pub(crate) fn metric(section: &Fields<'_>, source: &SourceSettings, statistic: &str) -> Option<Metric> {
    let SourceSettings::CloudWatch { namespace, dimensions: shared } = source else { return None };
    section.demand("metric", "RequestCount")?;
    let namespace = section.text("namespace").or_else(|| namespace.clone());
    if namespace.is_none() {
        section.refuse_all("no namespace, neither here nor in the source; for example `namespace: AWS/ApplicationELB`");
    }
    let mut all = shared.clone();
    all.extend(dimensions(section));
    Some(Metric {
        namespace: namespace?,
        name: section.text("metric")?,
        dimensions: all,
        statistic: section.text("statistic").unwrap_or_else(|| statistic.to_owned()),
    })
}

fn promql(section: &Fields<'_>) -> Option<Query> {
    match (section.has("counter"), section.has("query")) {
        (true, false) => {
            let selector = section.text("counter")?.trim().to_owned();
            if selector.is_empty() || selector.ends_with(']') {
                section.refuse("counter", "a counter is a plain selector, such as http_requests_total{job=\"api\"}");
                return None;
            }
            Some(Query::Counter { selector })
        }
        (false, true) => Some(Query::Expression { promql: section.text("query")? }),
        _ => {
            section.refuse_all("write either `counter:` (a selector; counted exactly) or `query:` (PromQL)");
            None
        }
    }
}
