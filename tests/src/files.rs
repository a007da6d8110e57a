//! The runner's reading of a step's files: `GITHUB_OUTPUT` and `GITHUB_STATE`, after the step has ended.

use std::collections::BTreeMap;

/// The entries of a file: `name=value` lines and heredocs, the last of a name wins.
///
/// # Errors
/// As the runner fails the step: a line that is neither, an empty name, a heredoc without its end.
pub fn parse(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut entries = BTreeMap::new();
    let mut lines = text.split('\n');
    while let Some(line) = lines.next() {
        if line.is_empty() {
            continue;
        }
        match (line.find('='), line.find("<<")) {
            (Some(equals), heredoc) if heredoc.is_none_or(|heredoc| equals < heredoc) => {
                entries.insert(line[..equals].to_owned(), line[equals + 1..].to_owned());
            }
            (_, Some(heredoc)) => {
                let (name, delimiter) = (&line[..heredoc], &line[heredoc + 2..]);
                if name.is_empty() || delimiter.is_empty() {
                    return Err(format!("invalid format `{line}`"));
                }
                let mut value = Vec::new();
                loop {
                    let next = lines.next().ok_or_else(|| format!("delimiter `{delimiter}` not found"))?;
                    if next == delimiter {
                        break;
                    }
                    value.push(next);
                }
                entries.insert(name.to_owned(), value.join("\n"));
            }
            _ => return Err(format!("invalid format `{line}`")),
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runner_reads_lines_and_heredocs_and_refuses_the_rest() {
        let entries = parse("a=1\nb<<E\nx\n\ny=z\nE\n\na=2<<3\n").unwrap();
        assert_eq!(entries, [("a", "2<<3"), ("b", "x\n\ny=z")].map(|(k, v)| (k.into(), v.into())).into());
        for bad in ["a", "<<E\nE", "a<<\n", "a<<E\nx"] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }
}
