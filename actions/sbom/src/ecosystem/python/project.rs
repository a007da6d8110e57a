//! `pyproject.toml`: what the project is called and what it asks for itself (PEP 621, PEP 735, Poetry's and PDM's own tables).

use super::{
    super::{BadFile, Found, ParseError, Surroundings},
    locked::{Heads, toml},
    pep508,
};
use crate::{
    graph::{Inventory, Origin, Package},
    purl::pypi_name,
};
use ::toml::{Table, Value};
use std::collections::HashMap;

/// What a project says of itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Project {
    name: Option<String>,
    version: Option<String>,
    /// Names in their normal form.
    required: Vec<String>,
    optional: Vec<String>,
    development: Vec<String>,
}

/// The project beside a lockfile; `None` where there is no such file.
///
/// # Errors
/// [`BadFile`] when it is no TOML.
pub(super) fn beside(found: &Found, surroundings: &Surroundings<'_>) -> Result<Option<Project>, BadFile> {
    let folder = found.place.path.rfind('/').map_or("", |at| &found.place.path[..=at]);
    let path = format!("{folder}pyproject.toml");
    let Some(bytes) = surroundings.file(&path) else { return Ok(None) };
    parse(&bytes).map(Some).map_err(|error| BadFile { path, error })
}

fn parse(bytes: &[u8]) -> Result<Project, ParseError> {
    // A manifest is written by hand: a missing line feed at its end means nothing.
    let bytes = [bytes, b"\n"].concat();
    let (_, document): (_, Table) = toml(&bytes)?;
    let mut project = Project::default();
    let table = |path: &[&str]| {
        let mut tables = path.iter();
        let first = document.get(*tables.next()?)?;
        tables.try_fold(first, |table, name| table.get(*name))?.as_table()
    };
    for home in [table(&["project"]), table(&["tool", "poetry"])].into_iter().flatten() {
        let text = |key: &str| home.get(key).and_then(Value::as_str).map(str::to_owned);
        project.name = project.name.or_else(|| text("name"));
        project.version = project.version.or_else(|| text("version"));
    }
    project.required.extend(table(&["project"]).and_then(|home| home.get("dependencies")).into_iter().flat_map(listed));
    let lists =
        |path: &[&str]| -> Vec<String> { table(path).into_iter().flat_map(Table::values).flat_map(listed).collect() };
    project.optional.extend(lists(&["project", "optional-dependencies"]));
    project.development.extend([lists(&["dependency-groups"]), lists(&["tool", "pdm", "dev-dependencies"])].concat());
    for (name, wanted) in table(&["tool", "poetry", "dependencies"]).into_iter().flatten() {
        let optional = wanted.get("optional").and_then(Value::as_bool) == Some(true);
        if name != "python" {
            let list = if optional { &mut project.optional } else { &mut project.required };
            list.push(pypi_name(name));
        }
    }
    let groups = table(&["tool", "poetry", "group"]).into_iter().flat_map(Table::values);
    let groups = groups.filter_map(|group| group.get("dependencies")?.as_table());
    let old = table(&["tool", "poetry", "dev-dependencies"]);
    project.development.extend(groups.chain(old).flat_map(Table::keys).map(|name| pypi_name(name)));
    Ok(project)
}

/// The names of a list of requirements; what is no requirement (`include-group`) is listed elsewhere.
fn listed(list: &Value) -> Vec<String> {
    let texts = list.as_array().into_iter().flatten().filter_map(Value::as_str);
    texts.filter_map(|text| pep508::split(text).ok()).map(|requirement| pypi_name(requirement.name)).collect()
}

impl Project {
    /// Adds the project to the packages it asks for, as the one that is asked for itself.
    pub(super) fn add(&self, inventory: &mut Inventory) -> Heads {
        let names: HashMap<String, Vec<usize>> =
            inventory.packages.iter().enumerate().fold(HashMap::new(), |mut names, (index, package)| {
                names.entry(package.name.clone()).or_default().push(index);
                names
            });
        let of = |wanted: &[String]| wanted.iter().filter_map(|name| names.get(name)).flatten().copied().collect();
        let heads =
            Heads { required: of(&self.required), optional: of(&self.optional), development: of(&self.development) };
        match &self.name {
            Some(name) => {
                let mut project = Package::new(pypi_name(name), self.version.clone(), Origin::Own);
                project.needs = heads.all();
                inventory.direct = Some(vec![inventory.packages.len()]);
                inventory.packages.push(project);
            }
            None => inventory.direct = Some(heads.all()),
        }
        heads
    }
}
