//! `META-INF/MANIFEST.MF` (Java, "JAR File Specification", "JAR Manifest"): the attributes of the main section.

use std::collections::HashMap;

/// The longest value that is a name, a version or a licence, in bytes.
const LONGEST: usize = 500;

/// The main attributes, by their lowercase names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Manifest(HashMap<String, String>);

impl Manifest {
    /// Reads the main section, which ends with an empty line; a line that begins with a space continues the one before it.
    /// What is no attribute is passed over, as Java's own tools pass over what they do not use.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let mut attributes: Vec<(String, String)> = Vec::new();
        for line in text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)) {
            if line.is_empty() {
                break;
            }
            match (line.strip_prefix(' '), attributes.last_mut(), line.split_once(':')) {
                (Some(rest), Some((_, value)), _) => value.push_str(rest),
                (None, _, Some((name, value))) => {
                    let value = value.strip_prefix(' ').unwrap_or(value);
                    attributes.push((name.to_lowercase(), value.to_owned()));
                }
                _ => {}
            }
        }
        Self(attributes.into_iter().collect())
    }

    /// The value of the first of these attributes that has one. A placeholder that a build forgot to replace is none.
    pub(super) fn first<'a>(&self, names: &[&'a str]) -> Option<(&'a str, &str)> {
        names.iter().find_map(|name| {
            let value = self.0.get(&name.to_lowercase())?.trim();
            (!value.is_empty() && value.len() <= LONGEST && !value.contains("${")).then_some((*name, value))
        })
    }

    /// A name without OSGi's directives: `org.example.lib;singleton:=true`.
    pub(super) fn name(&self) -> Option<(&'static str, &str)> {
        let (attribute, value) =
            self.first(&["Bundle-SymbolicName", "Implementation-Title", "Automatic-Module-Name"])?;
        let plain = value.split(';').next().unwrap_or(value).trim();
        (!plain.is_empty()).then_some((attribute, plain))
    }

    /// The version, the implementation's before OSGi's, which always has three numbers, and the specification's.
    pub(super) fn version(&self) -> Option<&str> {
        self.first(&["Implementation-Version", "Bundle-Version", "Specification-Version"]).map(|(_, version)| version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_main_section_has_the_attributes_and_folded_lines_are_one() {
        let text = "Manifest-Version: 1.0\r\nBundle-SymbolicName: org.example.a-very-long\r\n -name;singleton:=true\r\n\
                    Implementation-Version: ${version}\r\nBundle-Version: 1.2.0\r\n\r\nName: a\r\nImplementation-Title: b\r\n";
        let manifest = Manifest::parse(text.as_bytes());
        assert_eq!(manifest.name(), Some(("Bundle-SymbolicName", "org.example.a-very-long-name")));
        assert_eq!(manifest.version(), Some("1.2.0"));
        assert_eq!(manifest.first(&["Implementation-Title"]), None);
        assert_eq!(Manifest::parse(b" \n:\n\xff\n"), Manifest::parse(b":"));
    }
}
