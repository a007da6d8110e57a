//! The body of a Query call: `Action=…&Version=…&Name.member.1=…`.

/// The fields of a Query call, in the order they came.
#[derive(Debug, Clone, Default)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads an `application/x-www-form-urlencoded` body or query string.
    #[must_use]
    pub fn parse(body: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(body).into_owned().collect())
    }

    /// The call of `action` with these fields.
    #[must_use]
    pub fn of(action: &str, fields: &[(&str, &str)]) -> Self {
        let fields = std::iter::once(("Action", action)).chain(fields.iter().copied());
        Self(fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// The field's value; absent and empty are told apart.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The operation asked for, empty when none is named.
    #[must_use]
    pub fn action(&self) -> &str {
        self.get("Action").unwrap_or_default()
    }

    /// The values of a list, `name.member.1`, `name.member.2`, … in order.
    #[must_use]
    pub fn list(&self, name: &str) -> Vec<&str> {
        (1..).map_while(|n| self.get(&format!("{name}.member.{n}"))).collect()
    }

    /// The structures of a list, each with its fields' names relative to `name.member.N.`.
    #[must_use]
    pub fn structures(&self, name: &str) -> Vec<Form> {
        (1..).map(|n| self.under(&format!("{name}.member.{n}."))).take_while(|form| !form.0.is_empty()).collect()
    }

    /// The fields whose names start with `prefix`, without it.
    #[must_use]
    pub fn under(&self, prefix: &str) -> Form {
        let strip = |(key, value): &(String, String)| key.strip_prefix(prefix).map(|k| (k.to_owned(), value.clone()));
        Form(self.0.iter().filter_map(strip).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::Form;

    #[test]
    fn lists_and_structures_are_read_by_their_member_numbers() {
        let form = Form::parse(b"Action=RegisterTargets&Targets.member.1.Id=127.0.0.2&Targets.member.1.Port=80&Names.member.1=a&Names.member.2=b%20c");
        assert_eq!(form.action(), "RegisterTargets");
        assert_eq!(form.list("Names"), ["a", "b c"]);
        let targets = form.structures("Targets");
        assert_eq!(targets.len(), 1);
        assert_eq!(targets[0].get("Port"), Some("80"));
    }
}
