//! `mode: verify`: the signed bill of materials of an image is believed, is about the image, and, where asked, is what a
//! new scan gives, byte for byte.

use super::{
    Checked,
    attached::{self, Attached, Found},
    checks::{self, Subject},
    platforms::{self, Described, Member},
};
use crate::{
    graph::{Attribution, Party},
    inputs::{Inputs, Settings, Source},
    profile::Signed,
};
use evidence::Evidence;
use github::{Exit, Failure, Report, Runner, Summary};
use serde_json::{Value, json};
use subject::{ImageRef, Reference};

/// What became of one image.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    /// Signed by a known key and about the image; how it was proven besides.
    Good(&'static str),
    /// It is there and not right.
    Refused(String),
    /// It could not be found out.
    Unknown(String),
}

/// Verifies.
///
/// # Errors
/// A [`Failure`] when the registry cannot be asked.
pub async fn run(runner: &Runner, settings: &Settings, inputs: &Inputs) -> Result<Report, Failure> {
    let Source::Image(reference) = &settings.source else {
        return Err(Failure::new(Exit::BadInput, "verify").because("there is no image"));
    };
    let evidence = Evidence::connect(runner, &inputs.evidence, reference.repository(), &inputs.aws).await?;
    let pinned = evidence.pin(reference).await?;
    let every = if settings.every_platform { platforms::members(evidence.registry(), &pinned).await? } else { None };
    let mut rows = Vec::new();
    let mut last = None;
    let images = match &every {
        Some(members) => members.clone(),
        None => {
            let image = platforms::choose(evidence.registry(), pinned.clone(), &settings.platform).await?;
            vec![Member { platform: settings.platform.clone(), image }]
        }
    };
    let mut described = Vec::new();
    for member in &images {
        let found = attached::find(&evidence, &member.image, &settings.modes.keys).await?;
        let (outcome, attached) = one(runner, settings, inputs, (&member.image, &found)).await?;
        runner.info(format!("{}: {}", member.image, outcome.words()));
        if let Some(attached) = attached {
            described.push(Described { member: member.clone(), document: attached.predicate.clone() });
            last = Some(attached);
        }
        rows.push((member.image.clone(), outcome));
    }
    if every.is_some() {
        let found = attached::find(&evidence, &pinned, &settings.modes.keys).await?;
        let outcome = index(&pinned, &described, &found);
        runner.info(format!("{pinned}: {}", outcome.words()));
        rows.push((pinned.clone(), outcome));
    }
    let subject = images.first().map_or(&pinned, |member| &member.image);
    let report = report(if every.is_some() { &pinned } else { subject }, &rows, last.as_ref());
    let good = rows.iter().all(|(_, outcome)| matches!(outcome, Outcome::Good(_)));
    match (last, every) {
        (Some(attached), None) if good => {
            let name = subject.to_string();
            let judged = Subject {
                name: &name,
                bill: &attached.bill,
                signed: Signed::ByStatement,
                image: Some((subject, &evidence)),
            };
            Ok(checks::run(runner, &settings.modes, inputs, &judged).await?.onto(report))
        }
        _ => Ok(Checked::default().onto(report)),
    }
}

/// One image: the first believed bill of materials that is about it and, where asked, can be rebuilt.
async fn one(
    runner: &Runner,
    settings: &Settings,
    inputs: &Inputs,
    (image, found): (&ImageRef, &Found),
) -> Result<(Outcome, Option<Attached>), Failure> {
    let Some(first) = found.believed.first() else { return Ok((nothing(found), None)) };
    let digest = image.digest.to_string();
    let named = first.bill.subject().and_then(|subject| subject.version.clone()).unwrap_or_default();
    if named != digest {
        let why = format!(
            "its bill of materials is signed, and describes `{}`",
            if named.is_empty() { "nothing" } else { &named }
        );
        return Ok((Outcome::Refused(why), Some(first.clone())));
    }
    if !settings.modes.rebuild {
        return Ok((Outcome::Good("verified"), Some(first.clone())));
    }
    let mut outcome = None;
    for attached in found
        .believed
        .iter()
        .filter(|attached| attached.bill.subject().and_then(|s| s.version.as_ref()) == Some(&digest))
    {
        let rebuilt = rebuild(runner, settings, inputs, (image, attached)).await?;
        if rebuilt == Outcome::Good("proven") {
            return Ok((rebuilt, Some(attached.clone())));
        }
        outcome = outcome.or(Some(rebuilt));
    }
    Ok((outcome.unwrap_or_else(|| nothing(found)), Some(first.clone())))
}

fn nothing(found: &Found) -> Outcome {
    match found.rejected.first() {
        Some((referrer, why)) => {
            Outcome::Refused(format!("none of its {} statements is believed: {referrer}: {why}", found.rejected.len()))
        }
        None => Outcome::Unknown("no signed bill of materials is attached".to_owned()),
    }
}

/// Scans again and compares.
async fn rebuild(
    runner: &Runner,
    settings: &Settings,
    inputs: &Inputs,
    (image, attached): (&ImageRef, &Attached),
) -> Result<Outcome, Failure> {
    let own = ("lockkeeper-sbom".to_owned(), Some(env!("CARGO_PKG_VERSION").to_owned()));
    if !attached.bill.about.tools.contains(&own) {
        let (name, version) = attached.bill.about.tools.first().cloned().unwrap_or_default();
        let maker = format!("{name} {}", version.unwrap_or_default());
        return Ok(Outcome::Unknown(format!(
            "made by `{}`: only {} {} can rebuild its own",
            maker.trim(),
            own.0,
            env!("CARGO_PKG_VERSION")
        )));
    }
    let mut again = settings.clone();
    again.source = Source::Image(Reference::Image(image.clone()));
    // Time is an input and no finding: the document may have been given one that the image does not know.
    again.epoch = again.epoch.or(attached.bill.about.timestamp.as_deref().and_then(|text| text.parse().ok()));
    // So is who answers for it: it was said by the user or follows from the repository that attached it, which may be another.
    if inputs.outputs.author.is_empty() && inputs.outputs.supplier.is_none() && inputs.outputs.manufacturer.is_none() {
        again.outputs.attribution = attribution(&attached.predicate["metadata"]);
    }
    again.outputs.spec_version =
        crate::cyclonedx::SpecVersion::of(attached.predicate["specVersion"].as_str().unwrap_or_default())
            .unwrap_or(again.outputs.spec_version);
    let rebuilt = crate::described(runner, &again, inputs).await?;
    let bytes = |document: &Value| attest::canonical(document);
    if bytes(&rebuilt) == bytes(&attached.predicate) {
        return Ok(Outcome::Good("proven"));
    }
    Ok(Outcome::Refused(format!(
        "a new scan gives another document: {}",
        first_difference(&attached.predicate, &rebuilt)
    )))
}

/// Who a document says answers for it.
fn attribution(metadata: &Value) -> Attribution {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let organization = |value: &Value| {
        let (name, email, url) = (text(&value["name"]), text(&value["contact"][0]["email"]), text(&value["url"][0]));
        value.is_object().then_some(Party { name, email, url })
    };
    let contacts = metadata["authors"].as_array().into_iter().flatten();
    let mut authors: Vec<Party> = contacts
        .map(|contact| Party { name: text(&contact["name"]), email: text(&contact["email"]), url: None })
        .collect();
    // The first author stands there a second time, as an organisation, with its address.
    if let (Some(first), Some(again)) = (authors.first_mut(), organization(&metadata["manufacturer"])) {
        *first = again;
    }
    Attribution {
        authors,
        supplier: organization(&metadata["supplier"]),
        manufacturer: organization(&metadata["component"]["manufacturer"]),
    }
}

/// The index's document is made of its members' documents, so it can be proven without a scan.
fn index(index: &ImageRef, described: &[Described], found: &Found) -> Outcome {
    let Some(first) = found.believed.first() else { return nothing(found) };
    let proven = found.believed.iter().any(|attached| {
        let timestamp = attached.bill.about.timestamp.as_deref();
        let wanted = platforms::index_document(index, described, timestamp);
        attest::canonical(&wanted) == attest::canonical(&attached.predicate)
    });
    if proven {
        return Outcome::Good("proven");
    }
    let wanted = platforms::index_document(index, described, first.bill.about.timestamp.as_deref());
    let difference = first_difference(&first.predicate, &wanted);
    Outcome::Refused(format!("the document of the index does not follow from those of its images: {difference}"))
}

/// The first component, in the order of references, that only one has or both have differently; else the first member.
#[must_use]
pub fn first_difference(attached: &Value, rebuilt: &Value) -> String {
    let components = |document: &Value| -> std::collections::BTreeMap<String, Value> {
        let list = document["components"].as_array().into_iter().flatten();
        list.map(|component| (component["bom-ref"].as_str().unwrap_or_default().to_owned(), component.clone()))
            .collect()
    };
    let (before, after) = (components(attached), components(rebuilt));
    let all: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for reference in all {
        match (before.get(reference), after.get(reference)) {
            (Some(_), None) => return format!("`{reference}` is not in the image"),
            (None, Some(_)) => return format!("`{reference}` is in the image and not in the attached document"),
            (Some(one), Some(other)) if one != other => {
                return format!("`{reference}` differs in `{}`", member(one, other));
            }
            _ => {}
        }
    }
    format!("the components are the same; `{}` differs", member(attached, rebuilt))
}

/// The first member that differs.
fn member(one: &Value, other: &Value) -> String {
    let keys = |value: &Value| -> std::collections::BTreeSet<String> {
        value.as_object().map(|members| members.keys().cloned().collect()).unwrap_or_default()
    };
    let all: std::collections::BTreeSet<String> = keys(one).union(&keys(other)).cloned().collect();
    // The serial number follows from all the rest and says nothing of its own.
    let differing = all.iter().filter(|key| *key != "serialNumber").find(|key| one.get(*key) != other.get(*key));
    match differing {
        Some(key) if one[key].is_object() && other[key].is_object() => {
            format!("{key}.{}", member(&one[key], &other[key]))
        }
        Some(key) => key.clone(),
        None => "serialNumber".to_owned(),
    }
}

impl Outcome {
    fn words(&self) -> String {
        match self {
            Self::Good("proven") => "its bill of materials is signed, about it, and proven byte for byte".to_owned(),
            Self::Good(_) => "its bill of materials is signed and about it".to_owned(),
            Self::Refused(why) | Self::Unknown(why) => why.clone(),
        }
    }
}

fn report(subject: &ImageRef, rows: &[(ImageRef, Outcome)], attached: Option<&Attached>) -> Report {
    let refused = rows.iter().find(|(_, outcome)| matches!(outcome, Outcome::Refused(_)));
    let unknown = rows.iter().find(|(_, outcome)| matches!(outcome, Outcome::Unknown(_)));
    let proven = rows.iter().all(|(_, outcome)| *outcome == Outcome::Good("proven"));
    let (exit, verdict) = match (refused, unknown) {
        (Some(_), _) => (Exit::Refused, "refused"),
        (None, Some(_)) => (Exit::Unknown, "inconclusive"),
        (None, None) if proven => (Exit::Done, "proven"),
        (None, None) => (Exit::Done, "verified"),
    };
    let headline = match refused.or(unknown) {
        Some((image, outcome)) => format!("{image}: {}", outcome.words()),
        None => rows.first().map_or_else(String::new, |(_, outcome)| format!("{subject}: {}", outcome.words())),
    };
    let table = rows.iter().map(|(image, outcome)| vec![format!("`{}`", image.digest), outcome.words()]);
    let summary =
        Summary::new().paragraph(&format!("Subject: `{subject}`")).table(&["image", "bill of materials"], table);
    let images: Vec<Value> =
        rows.iter().map(|(image, outcome)| json!({"image": image.to_string(), "outcome": outcome.words()})).collect();
    let document = json!({"subject": subject.to_string(), "verdict": verdict, "images": images,
        "key": attached.map(|attached| attached.key_id.clone())});
    let mut report =
        Report::new(exit, verdict, headline).summary(summary).document(&document).output("digest", subject.digest);
    if let Some(attached) = attached {
        report = report.output("components", attached.bill.listed().count()).output("referrer", attached.referrer);
    }
    match exit {
        Exit::Refused => report.help("attach a bill of materials of this very image with this action; a key that is not among `public-key` is not believed"),
        Exit::Unknown => report.help("attach one with this action and `signing-key`"),
        _ => report,
    }
}
