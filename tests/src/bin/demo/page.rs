//! The page the demo leaves: the walk of each digest, what hangs on it, and what production's users saw.

use crate::{
    evidence::Evidence,
    plot,
    walk::{Ending, Step, Story, Told, words},
};

const STYLE: &str = include_str!("page.css");

/// The whole page, in one file.
pub(crate) fn render(story: &Story) -> String {
    let releases: String = story.releases.iter().map(release).collect();
    let (answered, failed) =
        story.traffic.iter().fold((0, 0), |(good, bad), second| (good + second.answered, bad + second.failed));
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Lockkeeper: five releases</title>\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<style>\n{STYLE}</style></head><body><main>\n\
         <header><h1>Five releases through the lock</h1>\n<p>Production runs <code>{}</code>, the last good release \
         (<b>{}</b>): the service says so, and so do its tasks.</p></header>\n\
         <section><h2>What users of production got</h2>{}\n\
         <p class=\"legend\"><i class=\"good\"></i> {answered} requests answered <i class=\"bad\"></i> {failed} failed</p></section>\n{releases}\
         <footer>Made by <code>cargo xtask demo</code> in {:.0} s, in a cloud on this laptop.</footer>\n</main></body></html>\n",
        story.running,
        escape(&story.last_good),
        plot::render(&story.traffic, &story.releases),
        story.took.as_secs_f64()
    )
}

fn release(told: &Told) -> String {
    let class = if told.ending == Ending::Kept { "kept" } else { "stopped" };
    let steps: String = told.steps.iter().map(step).collect();
    let evidence: String = told.evidence.iter().map(statement).collect();
    format!(
        "<section class=\"release {class}\"><h2>{} <small>{}</small></h2>\n<p class=\"ending\">{}</p>\n\
         <ol class=\"chain\">{steps}</ol>\n<div class=\"digest\"><code>{}</code><ul>{evidence}</ul></div></section>\n",
        escape(&told.release.flavour),
        escape(&told.claim),
        words(told.ending),
        told.release.image.digest
    )
}

fn statement(found: &Evidence) -> String {
    let result = if found.result.is_empty() { String::new() } else { format!(": {}", escape(&found.result)) };
    format!("<li>{}{result}</li>", escape(&found.kind))
}

fn step(step: &Step) -> String {
    let class = match step.ran.exit {
        0 => "yes",
        1 => "no",
        _ => "unknown",
    };
    format!(
        "<li class=\"{class}\"><b>{}</b><span>{} · {:.1} s</span><details><summary>how</summary><p>{}</p><code>{}</code></details></li>",
        step.title,
        escape(&step.ran.verdict),
        step.ran.took.as_secs_f64(),
        escape(&step.ran.headline),
        escape(&step.ran.command)
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
