//! What is generated from a declaration: `action.yml` and the tables of the action's README.

use crate::{Declaration, Input};

/// The action's metadata file.
#[must_use]
pub fn action_yml(declaration: &Declaration) -> String {
    let about = declaration.about;
    let mut yml = format!(
        "# Generated from src/inputs.rs by `cargo xtask gen`; a test fails when it is stale.\nname: {}\ndescription: {}\n\
         author: Lockkeeper\nbranding:\n  icon: {}\n  color: {}\ninputs:\n",
        scalar(&format!("Lockkeeper {}", declaration.name)),
        scalar(about.description),
        about.icon,
        about.color
    );
    for input in &declaration.inputs {
        yml += &format!("  {}:\n    description: {}\n", input.name, scalar(&described(input)));
        yml += &format!("    required: {}\n", input.required);
        if let Some(default) = &input.default {
            yml += &format!("    default: {}\n", scalar(default));
        }
    }
    yml += "outputs:\n";
    for output in declaration.outputs() {
        yml += &format!("  {}:\n    description: {}\n", output.name, scalar(output.description));
    }
    yml += "runs:\n  using: node24\n  main: main.cjs\n";
    if declaration.has_post() {
        yml += "  post: post.cjs\n  post-if: always()\n";
    }
    yml
}

/// A YAML scalar that means exactly this text: double-quoted, as JSON escapes are YAML escapes.
fn scalar(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn described(input: &Input) -> String {
    // clap takes the last full stop off a doc comment.
    let mut text = format!("{}.", input.description.trim_end_matches('.'));
    if !input.values.is_empty() {
        text += &format!(" One of {}.", input.values.join(", "));
    }
    if input.list {
        text += " One per line.";
    }
    text
}

/// The README with the tables between its markers rewritten.
#[must_use]
pub fn refresh_readme(readme: &str, declaration: &Declaration) -> String {
    let inputs = declaration.inputs.iter().map(|input| {
        let default = match &input.default {
            Some(default) => format!("`{}`", default.replace('\n', "` `")),
            None if input.required => "**required**".to_owned(),
            None => String::new(),
        };
        let secret = if input.secret { " Secret: masked everywhere." } else { "" };
        format!("| `{}` | {default} | {}{secret} |\n", input.name, cell(&described(input)))
    });
    let inputs = format!("| input | default | meaning |\n| --- | --- | --- |\n{}", inputs.collect::<String>());
    let outputs = declaration.outputs().into_iter();
    let outputs = outputs.map(|output| format!("| `{}` | {} |\n", output.name, cell(output.description)));
    let outputs = format!("| output | meaning |\n| --- | --- |\n{}", outputs.collect::<String>());
    between(&between(readme, "inputs", &inputs), "outputs", &outputs)
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

/// Replaces what stands between `<!-- generated: name -->` and the next `<!-- end generated -->`.
fn between(text: &str, name: &str, content: &str) -> String {
    let (begin, end) = (format!("<!-- generated: {name} -->\n"), "<!-- end generated -->");
    let Some((before, rest)) = text.split_once(&begin) else { return text.to_owned() };
    let Some((_, after)) = rest.split_once(end) else { return text.to_owned() };
    format!("{before}{begin}\n{content}\n{end}{after}")
}
