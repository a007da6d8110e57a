//! Answers of Query services: elements written in order, every text escaped.

use std::fmt::{Display, Write};

/// The inside of an element.
#[derive(Debug, Clone, Default)]
pub(crate) struct Xml(String);

impl Xml {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds `<name>value</name>`.
    #[must_use]
    pub(crate) fn text(mut self, name: &str, value: impl Display) -> Self {
        let value = value.to_string();
        let value = quick_xml::escape::escape(value.as_str());
        // Writing to a string cannot fail.
        let _ = write!(self.0, "<{name}>{value}</{name}>");
        self
    }

    /// Adds `<name>inner</name>`.
    #[must_use]
    pub(crate) fn node(mut self, name: &str, inner: Self) -> Self {
        let _ = write!(self.0, "<{name}>{}</{name}>", inner.0);
        self
    }

    /// Adds a list in the Query protocol's form: `<name><member>…</member>…</name>`.
    #[must_use]
    pub(crate) fn list(self, name: &str, members: impl IntoIterator<Item = Self>) -> Self {
        let inner = members.into_iter().fold(Self::new(), |list, member| list.node("member", member));
        self.node(name, inner)
    }

    /// Adds a list of plain texts.
    #[must_use]
    pub(crate) fn texts<T: Display>(self, name: &str, values: impl IntoIterator<Item = T>) -> Self {
        let inner = values.into_iter().fold(Self::new(), |list, value| list.text("member", value));
        self.node(name, inner)
    }

    /// The whole answer to `action`: this is its result.
    pub(crate) fn answer(self, action: &str, namespace: &str) -> String {
        let request_id = uuid::Uuid::new_v4();
        format!(
            "<{action}Response xmlns=\"{namespace}\"><{action}Result>{}</{action}Result>\
             <ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{action}Response>",
            self.0
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Xml;

    #[test]
    fn text_cannot_break_out_of_its_element() {
        let answer = Xml::new().list("Names", [Xml::new().text("Name", "</Name><Evil>&")]).answer("Ask", "urn:x");
        assert!(
            answer.contains("<Names><member><Name>&lt;/Name&gt;&lt;Evil&gt;&amp;</Name></member></Names>"),
            "{answer}"
        );
    }
}
