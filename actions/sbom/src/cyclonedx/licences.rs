//! Licences as the schema takes them.

use super::{
    SpecVersion,
    model::{Expression, Licence as OneLicence, LicenceChoice},
};
use crate::{
    graph::{Licence, Package},
    lexical::plain,
};

/// Identifiers of newer SPDX lists (3.28 and the `spdx` crate's) that the schema's enumeration does not have yet (its file of
/// `cyclonedx-python-lib` 11.12): valid as an expression, which the schema does not check, and not as an identifier.
const NEWER_THAN_THE_SCHEMA: &[&str] = &[
    "BSD-2-Clause-pos-unchanged",
    "BSD-3-Clause-OpenWebUI",
    "BSD-Source-Code-no-disclaimer",
    "BSD-Source-alt-GPL",
    "BSD-ask-to-endorse",
    "Brian-Gladman-3-Clause-no-conversion",
    "Bugroff",
    "CC-BY-NC-3.0-IGO",
    "FDK-MPEG-H",
    "GFDL-1.1-invariants",
    "GFDL-1.1-no-invariants",
    "GFDL-1.2-invariants",
    "GFDL-1.2-no-invariants",
    "GFDL-1.3-invariants",
    "GFDL-1.3-no-invariants",
    "Hippocratic-3.0-core",
    "Informatica",
    "MVT-1.1",
    "atc-game",
];

fn newer(id: &str) -> bool {
    NEWER_THAN_THE_SCHEMA.contains(&id)
}

/// Either several licences or exactly one expression up to 1.6; any mixture since.
pub(super) fn choices(package: &Package, version: SpecVersion) -> Vec<LicenceChoice<'_>> {
    let acknowledgement = Some("declared").filter(|_| version >= SpecVersion::V1_6);
    let by_id = |id| LicenceChoice::License(OneLicence { id: Some(plain(id)), name: None, acknowledgement });
    let by_name = |name| LicenceChoice::License(OneLicence { id: None, name: Some(plain(name)), acknowledgement });
    let whole = |text| LicenceChoice::Expression(Expression { expression: plain(text), acknowledgement });
    let alone = package.licences.len() == 1 || version >= SpecVersion::V1_7;
    let choices = package.licences.iter().map(|licence| match licence {
        Licence::Id(id) if !newer(id) => by_id(id),
        // An expression may not stand beside anything else up to 1.6: among others it is a name.
        Licence::Id(text) | Licence::Expression(text) if alone => whole(text),
        Licence::Id(text) | Licence::Expression(text) | Licence::Named(text) => by_name(text),
    });
    choices.collect()
}
