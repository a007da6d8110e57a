//! Production's traffic as a picture: answered and failed requests by the second, under the releases' spans.

use crate::{
    traffic::Second,
    walk::{Ending, Told},
};

const WIDTH: f64 = 1040.0;
const HEIGHT: f64 = 180.0;
const TOP: f64 = 34.0;

/// An SVG of the seconds, with a band for each release.
pub(crate) fn render(seconds: &[Second], releases: &[Told]) -> String {
    let count = seconds.len().max(1) as f64;
    let highest = seconds.iter().map(|second| second.answered + second.failed).max().unwrap_or(1).max(1);
    let x = |second: f64| second / count * WIDTH;
    let height = |requests: u32| f64::from(requests) / f64::from(highest) * (HEIGHT - TOP - 18.0);
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"Requests per second in production\">\n"
    );
    for (number, told) in releases.iter().enumerate() {
        let (from, to) = (told.span.0.as_secs_f64(), told.span.1.as_secs_f64().min(count));
        let class = if told.ending == Ending::Kept { "kept" } else { "stopped" };
        svg += &format!(
            "<rect class=\"band {class}\" x=\"{:.1}\" y=\"0\" width=\"{:.1}\" height=\"{}\"/><text x=\"{:.1}\" y=\"{}\">{}</text>\n",
            x(from),
            x(to) - x(from) - 2.0,
            HEIGHT - 18.0,
            x(from) + 8.0,
            // Short releases stand close together; their names take turns.
            14 + number % 2 * 15,
            told.release.flavour
        );
    }
    let base = HEIGHT - 18.0;
    for (at, second) in seconds.iter().enumerate() {
        let (left, wide) = (x(at as f64), (WIDTH / count - 1.0).max(0.8));
        let (good, bad) = (height(second.answered), height(second.failed));
        svg += &format!(
            "<rect class=\"good\" x=\"{left:.1}\" y=\"{:.1}\" width=\"{wide:.1}\" height=\"{good:.1}\"/>",
            base - good
        );
        if second.failed > 0 {
            let top = base - good - bad;
            svg += &format!(
                "<rect class=\"bad\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{wide:.1}\" height=\"{bad:.1}\"/>"
            );
        }
    }
    for tick in (0..seconds.len()).step_by(10) {
        svg += &format!("<text class=\"axis\" x=\"{:.1}\" y=\"{}\">{tick} s</text>", x(tick as f64), HEIGHT - 4.0);
    }
    svg + "\n</svg>"
}
