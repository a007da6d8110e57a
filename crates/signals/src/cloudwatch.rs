//! Amazon CloudWatch: one `GetMetricData` per poll for all guardrails, paged, in whole periods.

use crate::{Query, Sample, Source, SourceError, SourceErrorKind, Span, Track, alarms, answer::short};
use aws::{Aws, AwsError, Service};
use serde::Deserialize;
use serde_json::{Value, json};

/// `MetricDataQueries` of one call (API reference, GetMetricData).
const QUERIES_PER_CALL: usize = 500;

/// Pages of one answer after which something is wrong with it: 100,800 values come in one.
const MOST_PAGES: usize = 50;

/// CloudWatch of one account and region.
pub struct CloudWatch {
    aws: Aws,
}

type Answer = Result<Track, SourceError>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    #[serde(default)]
    metric_data_results: Vec<Series>,
    #[serde(default)]
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Series {
    id: String,
    #[serde(default)]
    timestamps: Vec<f64>,
    #[serde(default)]
    values: Vec<f64>,
    #[serde(default)]
    status_code: Option<String>,
    #[serde(default)]
    messages: Option<Vec<Message>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Message {
    #[serde(default)]
    code: String,
    #[serde(default)]
    value: String,
}

impl CloudWatch {
    /// The CloudWatch that these credentials and this region reach.
    #[must_use]
    pub fn new(aws: Aws) -> Self {
        Self { aws }
    }

    async fn call(&self, queries: &[Query], span: &Span) -> Result<Vec<Answer>, SourceError> {
        let mut tracks = vec![Ok(Track::empty(span)); queries.len()];
        let mut input = request(queries, span);
        for _ in 0..MOST_PAGES {
            let answer = self.aws.json(Service::CloudWatch, "GetMetricData", &input).await.map_err(|e| failed(&e))?;
            let page: Page = serde_json::from_value(answer)
                .map_err(|error| nonsense(format!("an answer that is not the API's: {}", short(&error.to_string()))))?;
            page.metric_data_results.into_iter().try_for_each(|series| merge(&mut tracks, series, span))?;
            match page.next_token.filter(|token| !token.is_empty()) {
                None => return Ok(tracks),
                Some(token) if input.get("NextToken").and_then(Value::as_str) == Some(&token) => {
                    return Err(nonsense("the same NextToken twice".into()));
                }
                Some(token) => input["NextToken"] = Value::String(token),
            }
        }
        Err(nonsense(format!("more than {MOST_PAGES} pages")))
    }
}

#[async_trait::async_trait(?Send)]
impl Source for CloudWatch {
    async fn read(&self, queries: &[Query], span: &Span) -> Vec<Answer> {
        let (alarms, metrics): (Vec<&Query>, Vec<&Query>) =
            queries.iter().partition(|query| matches!(query, Query::Alarm { .. }));
        let metrics: Vec<Query> = metrics.into_iter().cloned().collect();
        let mut of_metrics = Vec::with_capacity(metrics.len());
        for some in metrics.chunks(QUERIES_PER_CALL) {
            let answered = self.call(some, span).await;
            of_metrics.extend(answered.unwrap_or_else(|error| some.iter().map(|_| Err(error.clone())).collect()));
        }
        let mut of_alarms = Vec::with_capacity(alarms.len());
        for some in alarms.chunks(alarms::ALARMS_PER_CALL) {
            let asked = alarms::request(some);
            of_alarms.extend(match self.aws.json(Service::CloudWatch, "DescribeAlarms", &asked).await {
                Ok(answer) => alarms::tracks(answer, some, span),
                Err(error) => some.iter().map(|_| Err(failed(&error))).collect(),
            });
        }
        let (mut of_metrics, mut of_alarms) = (of_metrics.into_iter(), of_alarms.into_iter());
        let next = |query: &Query| match query {
            Query::Alarm { .. } => of_alarms.next(),
            _ => of_metrics.next(),
        };
        queries.iter().filter_map(next).collect()
    }
}

fn request(queries: &[Query], span: &Span) -> Value {
    let one = |(index, query): (usize, &Query)| {
        let Query::CloudWatch(metric) = query else { return Value::Null };
        let dimensions: Vec<Value> =
            metric.dimensions.iter().map(|(name, value)| json!({"Name": name, "Value": value})).collect();
        json!({
            "Id": format!("q{index}"),
            "MetricStat": {
                "Metric": {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions},
                "Period": span.interval,
                "Stat": metric.statistic,
            },
            "ReturnData": true,
        })
    };
    json!({
        "MetricDataQueries": queries.iter().enumerate().map(one).collect::<Vec<_>>(),
        "StartTime": span.start.as_second(),
        "EndTime": span.end().as_second(),
        "ScanBy": "TimestampAscending",
    })
}

/// Puts one result of a page where it belongs. A later page's status replaces an earlier one's: `PartialData` on a page
/// with a successor only says that there is one.
fn merge(answers: &mut [Answer], series: Series, span: &Span) -> Result<(), SourceError> {
    let index = series.id.strip_prefix('q').and_then(|number| number.parse::<usize>().ok());
    let answer = index.and_then(|index| answers.get_mut(index));
    let answer =
        answer.ok_or_else(|| nonsense(format!("a result for `{}`, which was not asked", short(&series.id))))?;
    if series.timestamps.len() != series.values.len() {
        return Err(nonsense("as many timestamps as values were due".into()));
    }
    // What one page refused, another does not take back.
    let Ok(track) = answer else { return Ok(()) };
    let messages = || {
        let texts = series.messages.iter().flatten().map(|m| short(&format!("{}: {}", m.code, m.value)));
        texts.collect::<Vec<_>>().join("; ")
    };
    track.partial = match series.status_code.as_deref() {
        None | Some("Complete") => None,
        Some("PartialData") => Some(format!("PartialData {}", messages()).trim_end().to_owned()),
        Some("Forbidden") => {
            let text = format!("GetMetricData: Forbidden {}", messages());
            *answer = Err(SourceError::new(SourceErrorKind::Refused, text.trim_end()));
            return Ok(());
        }
        Some(other) => {
            let text = format!("GetMetricData: {} {}", short(other), messages());
            *answer = Err(SourceError::new(SourceErrorKind::Unavailable, text.trim_end()));
            return Ok(());
        }
    };
    for (timestamp, value) in series.timestamps.iter().zip(&series.values) {
        let moment = jiff::SignedDuration::try_from_secs_f64(*timestamp).ok();
        let moment = moment.and_then(|moment| jiff::Timestamp::from_duration(moment).ok());
        let sample = moment.and_then(|moment| span.index_of(moment)).and_then(|index| track.samples.get_mut(index));
        if let Some(sample) = sample {
            *sample = Sample::of(*value);
        }
    }
    Ok(())
}

fn failed(error: &AwsError) -> SourceError {
    let kind = match error.code.as_str() {
        "MalformedAnswer" | "AnswerTooLarge" => SourceErrorKind::Nonsense,
        _ if error.is_throttling() || error.is_transient() => SourceErrorKind::Unavailable,
        _ => SourceErrorKind::Refused,
    };
    SourceError::new(kind, error)
}

fn nonsense(text: String) -> SourceError {
    SourceError::new(SourceErrorKind::Nonsense, format!("GetMetricData: {text}"))
}
