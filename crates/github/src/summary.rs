//! Step summaries: GitHub-flavoured Markdown that outside text cannot break out of, within the runner's byte limit.

use crate::commands::plain;

/// The runner drops a summary above 1 MiB whole, so ours ends well before.
const BUDGET: usize = 900 * 1024;

/// A Markdown document built from blocks; every text given to it is escaped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    blocks: Vec<Block>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Block {
    Text(String),
    Table { head: String, rows: Vec<String> },
}

/// The kind of a highlighted paragraph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alert {
    /// Blue.
    Note,
    /// Green.
    Tip,
    /// Yellow.
    Warning,
    /// Red.
    Caution,
}

impl Summary {
    /// An empty summary.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A third-level heading; the kit's own headline is the second.
    #[must_use]
    pub fn heading(self, text: &str) -> Self {
        self.text(format!("### {}", inline(text)))
    }

    /// A paragraph of plain text.
    #[must_use]
    pub fn paragraph(self, text: &str) -> Self {
        self.text(inline(text))
    }

    /// A paragraph in a coloured box.
    #[must_use]
    pub fn alert(self, kind: Alert, text: &str) -> Self {
        let word = match kind {
            Alert::Note => "NOTE",
            Alert::Tip => "TIP",
            Alert::Warning => "WARNING",
            Alert::Caution => "CAUTION",
        };
        let lines: Vec<String> = text.lines().map(|line| format!("> {}", inline(line))).collect();
        self.text(format!("> [!{word}]\n{}", lines.join("\n")))
    }

    /// A table; rows that do not fit the budget are counted instead of shown. A cell in backticks stays code.
    #[must_use]
    pub fn table(mut self, columns: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Self {
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let head = line(columns.iter().map(|column| cell(column)).collect())
            + &line(columns.iter().map(|_| "---".to_owned()).collect());
        let rows = rows.into_iter().map(|row| line(row.iter().map(|text| cell(text)).collect())).collect();
        self.blocks.push(Block::Table { head, rows });
        self
    }

    /// A fenced block of code or data.
    #[must_use]
    pub fn code(self, language: &str, text: &str) -> Self {
        let text = plain(text);
        let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat(longest.max(2) + 1);
        self.text(format!("{fence}{language}\n{}\n{fence}", text.trim_end()))
    }

    /// A mermaid diagram: the caller vouches for its syntax.
    #[must_use]
    pub fn mermaid(self, diagram: &str) -> Self {
        self.code("mermaid", diagram)
    }

    /// A link with its text.
    #[must_use]
    pub fn link(self, text: &str, url: &str) -> Self {
        let url = url.replace(['(', ')', ' ', '<', '>', '\n', '\r'], "");
        self.text(format!("[{}]({url})", inline(text)))
    }

    /// A block that is folded away under its title.
    #[must_use]
    pub fn details(self, title: &str, inner: Self) -> Self {
        self.text(format!(
            "<details><summary>{}</summary>\n\n{}\n\n</details>",
            escape(&plain(title).replace('\n', " ")),
            inner.to_markdown().trim_end()
        ))
    }

    /// The blocks of another summary after these.
    #[must_use]
    pub fn extend(mut self, other: Self) -> Self {
        self.blocks.extend(other.blocks);
        self
    }

    /// Whether nothing was put in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// The document, cut to the budget at whole blocks and rows, with a line that says what is missing.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let mut markdown = String::new();
        for (index, block) in self.blocks.iter().enumerate() {
            let room = BUDGET.saturating_sub(markdown.len());
            match block {
                Block::Text(text) if text.len() + 2 <= room => markdown.extend([text, "\n\n"]),
                Block::Table { head, rows } if head.len() + 100 <= room => table(&mut markdown, head, rows, room),
                _ => {
                    let missing = self.blocks.len() - index;
                    markdown.push_str(&format!("_{missing} more sections did not fit; see the JSON report._\n"));
                    break;
                }
            }
        }
        markdown
    }

    fn text(mut self, markdown: String) -> Self {
        self.blocks.push(Block::Text(markdown));
        self
    }
}

fn table(markdown: &mut String, head: &str, rows: &[String], room: usize) {
    let mut used = head.len() + 100;
    markdown.push_str(head);
    let fitting = rows.iter().take_while(|row| {
        used += row.len();
        used <= room
    });
    let shown = fitting.map(|row| markdown.push_str(row)).count();
    if shown < rows.len() {
        markdown.push_str(&format!("\n_{} more rows; see the JSON report._\n", rows.len() - shown));
    }
    markdown.push('\n');
}

/// Plain text for a paragraph: nothing in it is markup, a mention or a link. A span that is wholly in backticks stays code.
fn inline(text: &str) -> String {
    let text = plain(text).replace('\n', " ");
    let mut result = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, code, after)) = code_span(rest) {
        result.push_str(&escape(before));
        result.extend(["`", code, "`"]);
        rest = after;
    }
    result + &escape(rest)
}

fn code_span(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('`')?;
    let (code, after) = rest.split_once('`')?;
    (!code.is_empty()).then_some((before, code, after))
}

fn cell(text: &str) -> String {
    // A pipe ends a cell even inside code, and there a backslash before it would undo its escape.
    inline(&text.replace("\\|", "\\ |")).replace('|', "\\|")
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars() {
        let mentions = c == '@' && !before.is_alphanumeric();
        before = c;
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            // A zero-width space keeps a name from notifying its bearer; `app@sha256:…` is no mention and stays copyable.
            '@' if mentions => escaped.push_str("@\u{200b}"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '~' | '!' => escaped.extend(['\\', c]),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_text_stays_text() {
        let hostile = "<img src=x> [a](javascript:b) @team **bold** | x\n# heading";
        let markdown = Summary::new().paragraph(hostile).table(&["a"], [vec![hostile.into()]]).to_markdown();
        assert!(!markdown.contains("<img") && !markdown.contains("[a](") && !markdown.contains("@team"));
        assert!(!markdown.contains("**bold**") && !markdown.contains("\n# heading"));
        assert_eq!(markdown.lines().filter(|line| line.starts_with('|')).count(), 3, "{markdown}");
    }

    #[test]
    fn code_in_a_cell_cannot_end_the_cell_and_nothing_steers_a_terminal() {
        let hostile = "`a\\|b` | \\| \u{1b}[2K\u{202e}x";
        let markdown = Summary::new().table(&["a"], [vec![hostile.into()]]).to_markdown();
        assert_eq!(markdown.lines().nth(2), Some("| `a\\ \\|b` \\| \\\\ \\| \u{fffd}\\[2K\u{fffd}x |"), "{markdown}");
        assert_eq!(Summary::new().code("", "a\u{1b}b\r\nc").to_markdown(), "```\na\u{fffd}b\nc\n```\n\n");
    }

    #[test]
    fn code_may_hold_fences_and_cells_may_hold_code() {
        assert_eq!(Summary::new().code("sh", "```\nx").to_markdown(), "````sh\n```\nx\n````\n\n");
        let table = Summary::new().table(&["digest"], [vec!["`sha256:a_b`".into()]]).to_markdown();
        assert!(table.contains("| `sha256:a_b` |"), "{table}");
        assert_eq!(Summary::new().paragraph("repo/app@sha256:1").to_markdown(), "repo/app@sha256:1\n\n");
    }

    #[test]
    fn a_summary_ends_within_the_runners_limit_and_says_what_is_missing() {
        let rows = (0..100_000).map(|n| vec![format!("row {n} of a very long table, with some text")]);
        let markdown = Summary::new().table(&["row"], rows).paragraph(&"x".repeat(2_000_000)).to_markdown();
        assert!(markdown.len() < 1_048_576, "{}", markdown.len());
        assert!(markdown.contains("more rows") && markdown.contains("1 more sections did not fit"));
    }
}
