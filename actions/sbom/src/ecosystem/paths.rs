//! Paths relative to the root of the source, with `/`, as text: nothing is asked of a disk.

/// The folder a path is in; empty for the root.
pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// `target` seen from a folder, or `None` when it is absolute or leaves the root.
pub(super) fn join(folder: &str, target: &str) -> Option<String> {
    if target.is_empty() || target.starts_with('/') || target.contains("://") {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop()?,
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_seen_from_a_folder_and_never_from_outside_the_root() {
        for (folder, target, wanted) in [
            ("", "a/b", Some("a/b")),
            ("a/b", "../c/./d", Some("a/c/d")),
            ("a", "..", Some("")),
            ("a", "../..", None),
            ("a", "/etc/passwd", None),
            ("a", "https://host/x", None),
            ("a", "", None),
        ] {
            assert_eq!(join(folder, target).as_deref(), wanted, "{folder} {target}");
        }
        assert_eq!((parent("a/b/c"), parent("c"), parent("")), ("a/b", "", ""));
    }
}
