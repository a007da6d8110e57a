//! What the document says of itself.

use super::{Signed, State, elements::DocumentField};
use crate::bill::{Bill, Form};

pub(super) fn state(field: DocumentField, bill: &Bill, signed: Signed) -> State {
    let about = &bill.about;
    let spdx = matches!(bill.form, Form::Spdx(_));
    let there = match field {
        DocumentField::FormatName | DocumentField::FormatVersion => true,
        DocumentField::Author => !about.authors.is_empty(),
        DocumentField::ReachableAuthor => about.authors.iter().any(|author| author.reachable),
        DocumentField::Signature => about.signed || signed == Signed::ByStatement,
        DocumentField::NewFormat => matches!(&bill.form, Form::CycloneDx(version) if is_new(version)),
        DocumentField::Context => about.lifecycles.iter().any(|phase| !phase.trim().is_empty()),
        DocumentField::Timestamp => about.timestamp.as_deref().is_some_and(is_timestamp),
        DocumentField::ToolName => about.tools.iter().any(|(name, _)| !name.trim().is_empty()),
        DocumentField::ToolVersion => {
            let version =
                |(_, version): &(String, Option<String>)| version.as_ref().is_some_and(|v| !v.trim().is_empty());
            about.tools.iter().any(version)
        }
        // SPDX 2.3 has no place for a version of the document.
        DocumentField::Version if spdx => return State::NotApplicable,
        DocumentField::Version => about.version.is_some() && about.serial.is_some(),
    };
    if there { State::Stated } else { State::Missing }
}

fn is_new(version: &str) -> bool {
    !matches!(version, "1.4" | "1.5")
}

/// RFC 3339, or RFC 9557, which adds a time zone's name.
fn is_timestamp(text: &str) -> bool {
    text.parse::<jiff::Timestamp>().is_ok() || text.parse::<jiff::Zoned>().is_ok()
}
