//! Repositories and their tag mutability.

use super::{Ecr, invalid, page, repository, repository_not_found, with_next};
use crate::{
    AwsError, Place,
    registry::{Fault, Filter, Mode, Mutability, Record, is_repository},
    wire::{Input, epoch},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

impl Ecr<'_> {
    pub(super) fn create_repository(&self, input: Input<'_>) -> Result<Value, AwsError> {
        let name = repository(input)?;
        if name.len() < 2 || !is_repository(name) {
            return Err(invalid(format!(
                "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression \
                 [a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*': {}",
                name.chars().take(80).collect::<String>()
            )));
        }
        let mutability = mutability(input)?;
        let mut index = self.cloud.registry.index();
        let record = index.create(name, mutability, self.now)?;
        Ok(json!({"repository": self.shown(name, record)}))
    }

    pub(super) fn delete_repository(&self, input: Input<'_>) -> Result<Value, AwsError> {
        let name = repository(input)?;
        let mut index = self.cloud.registry.index();
        let record = index.get(name)?;
        if !record.manifests.is_empty() && !input.flag("force") {
            return Err(Fault::RepositoryNotEmpty(name.to_owned()).into());
        }
        let shown = self.shown(name, record);
        index.repositories.remove(name);
        Ok(json!({"repository": shown}))
    }

    pub(super) fn describe_repositories(&self, input: Input<'_>) -> Result<Value, AwsError> {
        let asked = input.texts("repositoryNames");
        let index = self.cloud.registry.index();
        if let Some(missing) = asked.iter().find(|name| !index.repositories.contains_key(**name)) {
            return Err(repository_not_found(missing, Place::ACCOUNT));
        }
        let wanted = |name: &str| asked.is_empty() || asked.contains(&name);
        let all = index.repositories.iter().filter(|(name, _)| wanted(name));
        let (repositories, next) = page(all.map(|(name, record)| self.shown(name, record)).collect(), input, 100)?;
        Ok(with_next(json!({"repositories": repositories}), next))
    }

    pub(super) fn put_image_tag_mutability(&self, input: Input<'_>) -> Result<Value, AwsError> {
        let name = repository(input)?;
        input.required("imageTagMutability")?;
        let mutability = mutability(input)?;
        let mut answer = json!({
            "registryId": Place::ACCOUNT,
            "repositoryName": name,
            "imageTagMutability": mutability.mode,
        });
        if !mutability.exclusions.is_empty() {
            answer["imageTagMutabilityExclusionFilters"] = json!(mutability.exclusions);
        }
        self.cloud.registry.index().get_mut(name)?.mutability = mutability;
        Ok(answer)
    }

    fn shown(&self, name: &str, record: &Record) -> Value {
        let mut shown = json!({
            "repositoryArn": self.cloud.place.arn("ecr", &format!("repository/{name}")),
            "registryId": Place::ACCOUNT,
            "repositoryName": name,
            "repositoryUri": format!("{}/{name}", self.cloud.place.host()),
            "createdAt": epoch(record.created_at),
            "imageTagMutability": record.mutability.mode,
            "imageScanningConfiguration": {"scanOnPush": false},
            "encryptionConfiguration": {"encryptionType": "AES256"},
        });
        if !record.mutability.exclusions.is_empty() {
            shown["imageTagMutabilityExclusionFilters"] = json!(record.mutability.exclusions);
        }
        shown
    }
}

fn mutability(input: Input<'_>) -> Result<Mutability, AwsError> {
    let mode = member::<Mode>(input, "imageTagMutability")?.unwrap_or_default();
    let exclusions = member::<Vec<Filter>>(input, "imageTagMutabilityExclusionFilters")?.unwrap_or_default();
    let takes_filters = matches!(mode, Mode::ImmutableWithExclusion | Mode::MutableWithExclusion);
    if takes_filters == exclusions.is_empty() || exclusions.len() > 5 {
        return Err(invalid("one to five exclusion filters go with the …_WITH_EXCLUSION modes, none with the others"));
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._*-".contains(c);
    let good = |filter: &&Filter| (1..=128).contains(&filter.filter.len()) && filter.filter.chars().all(allowed);
    match exclusions.iter().find(|filter| !good(filter)) {
        Some(wrong) => Err(invalid(format!("`{}` is not an exclusion filter", wrong.filter.escape_debug()))),
        None => Ok(Mutability { mode, exclusions }),
    }
}

fn member<T: DeserializeOwned>(input: Input<'_>, name: &str) -> Result<Option<T>, AwsError> {
    let read = |value: &Value| serde_json::from_value(value.clone());
    input.value(name).map(read).transpose().map_err(|error| invalid(format!("{name}: {error}")))
}
