//! The result as one HTML page that needs nothing else: no script, no style sheet, no font, no picture from elsewhere. Pure.

use crate::{
    assertion::Mismatch,
    histogram::Histogram,
    observe::{Asked, ProbeState, Results},
    report::Told,
};
use std::fmt::Write as _;

/// Cases shown with what was wrong.
const SHOWN: usize = 500;

/// Of the plot, in pixels.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 240.0;

/// Shares of requests that the plot's curve goes through.
const SHARES: [f64; 9] = [0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0];

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1c2024}\
table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #d8dce0;padding:.3rem .6rem;text-align:left;vertical-align:top}\
code,pre{font:13px/1.4 ui-monospace,monospace}pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f5f6f7;padding:.6rem}\
.pass{color:#146c2e}.fail{color:#b3261e}.inconclusive{color:#8a5a00}del{color:#b3261e;text-decoration:none}\
ins{color:#146c2e;text-decoration:none}svg{max-width:100%;height:auto}";

/// The page.
pub(crate) fn page(told: &Told<'_>) -> String {
    let word = told.verdict.word.text();
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <title>canary-dataset-check: {word}</title><style>{STYLE}</style></head><body>\n<h1 class=\"{word}\">{word}</h1>\n"
    );
    let reasons = told.verdict.reasons.iter().map(|reason| format!("<li>{}</li>", text(reason)));
    let _ = write!(html, "<ul>{}</ul>\n<table>", reasons.collect::<String>());
    let settings = told.settings;
    for (name, value) in [
        ("service", told.target.to_owned()),
        ("image", told.image.map(ToString::to_string).unwrap_or_default()),
        ("configuration", format!("{} ({})", settings.config.path, settings.config.digest)),
        ("dataset", format!("{} ({})", settings.dataset_path, settings.dataset.digest)),
        ("from", told.times.0.to_string()),
        ("to", told.times.1.to_string()),
    ] {
        if !value.is_empty() {
            let _ = write!(html, "<tr><th>{name}</th><td><code>{}</code></td></tr>", text(&value));
        }
    }
    html.push_str("</table>\n<h2>Checks</h2>\n<table>");
    for probe in told.observed.probes.iter().chain(&told.observed.running_version) {
        let state = match &probe.state {
            ProbeState::Good => "right".to_owned(),
            ProbeState::Bad(reason) => format!("wrong: {reason}"),
            ProbeState::Silent(reason) => format!("unknown: {reason}"),
        };
        let (name, question) = (text(&probe.name), text(&probe.question));
        let _ = write!(html, "<tr><td>{name}</td><td><code>{question}</code></td><td>{}</td></tr>", text(&state));
    }
    html.push_str("</table>\n");
    if let Some(measured) = &told.observed.load {
        html.push_str("<h2>Latency under load</h2>\n");
        html.push_str(&plot(&measured.latencies, told.observed.baseline_load.as_ref().map(|it| &it.latencies)));
    }
    if let Some(results) = &told.observed.results {
        cases(&mut html, results);
    }
    html.push_str("</body></html>\n");
    html
}

fn cases(html: &mut String, results: &Results) {
    let _ = writeln!(html, "<h2>Cases</h2>\n<p>{}.</p>", results.counts);
    for asked in results.wrong().take(SHOWN) {
        let Asked { id, line, verdict, mismatches, .. } = asked;
        let lines: String = mismatches.iter().map(difference).collect();
        let _ = writeln!(
            html,
            "<details><summary>{}, line {line}: {}</summary><pre>{lines}</pre></details>",
            text(id),
            verdict.word()
        );
    }
    let more = results.wrong().count().saturating_sub(SHOWN);
    if more > 0 {
        let _ = writeln!(html, "<p>{more} more are in the JSON report.</p>");
    }
}

fn difference(Mismatch { path, expected, seen }: &Mismatch) -> String {
    let (path, expected, seen) = (text(path), text(expected), text(seen));
    format!("<del>- {path}: {expected}</del>\n<ins>+ {path}: {seen}</ins>\n")
}

/// Latency, in logarithmic steps, over the share of requests; the baseline's is dashed.
fn plot(now: &Histogram, baseline: Option<&Histogram>) -> String {
    let longest = baseline.map_or(now.longest(), |baseline| baseline.longest().max(now.longest()));
    let top = (longest.as_secs_f64() * 1e3).max(1.0).log10().ceil().max(1.0);
    // From 0.1 ms up; the shares spread so that the last tenth, hundredth and thousandth are as wide as the rest.
    let x = |place: usize| 60.0 + (WIDTH - 80.0) * stats::real(place as u64) / stats::real(SHARES.len() as u64 - 1);
    let y = |millis: f64| HEIGHT - 30.0 - (HEIGHT - 50.0) * (millis.max(0.1).log10() + 1.0) / (top + 1.0);
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" role=\"img\"><g font-size=\"12\" fill=\"#555\">"
    );
    let mut step = 0.1;
    while step <= 10_f64.powf(top) {
        let height = y(step);
        let _ = write!(
            svg,
            "<line x1=\"60\" x2=\"{}\" y1=\"{height:.1}\" y2=\"{height:.1}\" stroke=\"#e3e6e8\"/><text x=\"4\" y=\"{height:.1}\">{step} ms</text>",
            WIDTH - 20.0
        );
        step = (step * 10.0 * 10.0).round() / 10.0;
    }
    for (place, share) in SHARES.iter().enumerate() {
        let _ = write!(svg, "<text x=\"{:.1}\" y=\"{}\">{} %</text>", x(place) - 12.0, HEIGHT - 8.0, share * 100.0);
    }
    svg.push_str("</g>");
    for (histogram, style) in
        [(Some(now), "stroke=\"#0b57d0\""), (baseline, "stroke=\"#777\" stroke-dasharray=\"5 4\"")]
    {
        let Some(histogram) = histogram else { continue };
        let point = |(place, share): (usize, &f64)| {
            let millis = histogram.quantile(*share)?.as_secs_f64() * 1e3;
            Some(format!("{:.1},{:.1}", x(place), y(millis)))
        };
        let points: Vec<String> = SHARES.iter().enumerate().filter_map(point).collect();
        let _ = write!(svg, "<polyline fill=\"none\" stroke-width=\"2\" {style} points=\"{}\"/>", points.join(" "));
    }
    svg + "</svg>\n"
}

/// Outside text as text.
fn text(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c if c.is_control() && c != '\n' => safe.push(char::REPLACEMENT_CHARACTER),
            c => safe.push(c),
        }
    }
    safe
}
