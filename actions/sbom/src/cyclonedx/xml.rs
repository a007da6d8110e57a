//! The model as XML, in the element order of the schema (`bom-1.6.xsd`, `bom-1.7.xsd`).

use super::model::{
    Bom, Component, Composition, Contact, Dependency, Evidence, ExternalReference, Hash, Identities, Identity,
    LicenceChoice, Metadata, Occurrence, Organization, Percent, Property, Text,
};
use quick_xml::{
    Writer,
    events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event},
};
use std::io;

/// The document with its declaration, on one line like the JSON.
pub(super) fn write(bom: &Bom<'_>) -> io::Result<Vec<u8>> {
    let mut xml = Xml { writer: Writer::new(Vec::new()) };
    xml.writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let namespace = format!("http://cyclonedx.org/schema/bom/{}", bom.spec_version);
    let version = bom.version.to_string();
    let attributes =
        [("xmlns", Some(&*namespace)), ("serialNumber", bom.serial_number.as_deref()), ("version", Some(&version))];
    xml.element("bom", &attributes, |xml| {
        xml.metadata(&bom.metadata)?;
        xml.list("components", &bom.components, Xml::component)?;
        xml.list("dependencies", &bom.dependencies, Xml::dependency)?;
        xml.list("compositions", &bom.compositions, Xml::composition)
    })?;
    let mut bytes = xml.writer.into_inner();
    bytes.push(b'\n');
    Ok(bytes)
}

type Attributes<'a> = [(&'static str, Option<&'a str>)];

struct Xml {
    writer: Writer<Vec<u8>>,
}

impl Xml {
    fn element(
        &mut self,
        name: &'static str,
        attributes: &Attributes<'_>,
        content: impl FnOnce(&mut Self) -> io::Result<()>,
    ) -> io::Result<()> {
        self.writer.write_event(Event::Start(start(name, attributes)))?;
        content(self)?;
        self.writer.write_event(Event::End(BytesEnd::new(name)))
    }

    fn empty(&mut self, name: &'static str, attributes: &Attributes<'_>) -> io::Result<()> {
        self.writer.write_event(Event::Empty(start(name, attributes)))
    }

    /// An element with text and attributes.
    fn noted(&mut self, name: &'static str, attributes: &Attributes<'_>, text: &str) -> io::Result<()> {
        self.element(name, attributes, |xml| xml.writer.write_event(Event::Text(BytesText::new(text))))
    }

    /// An element with text, where there is one.
    fn text(&mut self, name: &'static str, text: Option<&str>) -> io::Result<()> {
        text.map_or(Ok(()), |text| self.noted(name, &[], text))
    }

    /// A list in an element of its own, where it has entries.
    fn list<T>(
        &mut self,
        name: &'static str,
        entries: &[T],
        each: impl Fn(&mut Self, &T) -> io::Result<()>,
    ) -> io::Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        self.element(name, &[], |xml| entries.iter().try_for_each(|entry| each(xml, entry)))
    }

    fn metadata(&mut self, metadata: &Metadata<'_>) -> io::Result<()> {
        self.element("metadata", &[], |xml| {
            xml.text("timestamp", metadata.timestamp.as_deref())?;
            xml.list("lifecycles", &metadata.lifecycles, |xml, lifecycle| {
                xml.element("lifecycle", &[], |xml| xml.text("phase", Some(lifecycle.phase)))
            })?;
            xml.element("tools", &[], |xml| xml.list("components", &metadata.tools.components, Self::component))?;
            xml.list("authors", &metadata.authors, |xml, author| xml.contact("author", author))?;
            xml.component(&metadata.component)?;
            xml.organization("manufacturer", metadata.manufacturer.as_ref())?;
            xml.organization("supplier", metadata.supplier.as_ref())?;
            xml.list("properties", &metadata.properties, Self::property)
        })
    }

    fn organization(&mut self, name: &'static str, organization: Option<&Organization<'_>>) -> io::Result<()> {
        let Some(organization) = organization else { return Ok(()) };
        self.element(name, &[], |xml| {
            xml.text("name", organization.name.as_deref())?;
            organization.url.iter().try_for_each(|url| xml.text("url", Some(url)))?;
            organization.contact.iter().try_for_each(|contact| xml.contact("contact", contact))
        })
    }

    fn contact(&mut self, name: &'static str, contact: &Contact<'_>) -> io::Result<()> {
        self.element(name, &[], |xml| {
            xml.text("name", contact.name.as_deref())?;
            xml.text("email", contact.email.as_deref())
        })
    }

    fn component(&mut self, component: &Component<'_>) -> io::Result<()> {
        let external = component.is_external.map(|external| if external { "true" } else { "false" });
        let attributes =
            [("type", Some(component.kind)), ("isExternal", external), ("bom-ref", component.bom_ref.as_deref())];
        self.element("component", &attributes, |xml| {
            xml.organization("supplier", component.supplier.as_ref())?;
            xml.organization("manufacturer", component.manufacturer.as_ref())?;
            xml.text("publisher", component.publisher.as_deref())?;
            xml.text("group", component.group.as_deref())?;
            xml.text("name", Some(&component.name))?;
            xml.text("version", component.version.as_deref())?;
            xml.text("scope", component.scope)?;
            xml.list("hashes", &component.hashes, Self::hash)?;
            xml.list("licenses", &component.licenses, Self::licence)?;
            xml.text("purl", component.purl.as_deref())?;
            xml.list("externalReferences", &component.external_references, Self::reference)?;
            xml.list("properties", &component.properties, Self::property)?;
            xml.list("components", &component.components, Self::component)?;
            component.evidence.as_ref().map_or(Ok(()), |evidence| xml.evidence(evidence))
        })
    }

    fn hash(&mut self, hash: &Hash<'_>) -> io::Result<()> {
        self.noted("hash", &[("alg", Some(hash.alg))], hash.content)
    }

    fn licence(&mut self, choice: &LicenceChoice<'_>) -> io::Result<()> {
        match choice {
            LicenceChoice::License(licence) => {
                self.element("license", &[("acknowledgement", licence.acknowledgement)], |xml| {
                    xml.text("id", licence.id.as_deref())?;
                    xml.text("name", licence.name.as_deref())
                })
            }
            LicenceChoice::Expression(found) => {
                self.noted("expression", &[("acknowledgement", found.acknowledgement)], &found.expression)
            }
        }
    }

    fn reference(&mut self, reference: &ExternalReference<'_>) -> io::Result<()> {
        self.element("reference", &[("type", Some(reference.kind))], |xml| {
            xml.text("url", Some(&reference.url))?;
            xml.list("hashes", &reference.hashes, Self::hash)
        })
    }

    fn property(&mut self, property: &Property<'_>) -> io::Result<()> {
        self.noted("property", &[("name", Some(&property.name))], &property.value)
    }

    fn evidence(&mut self, evidence: &Evidence<'_>) -> io::Result<()> {
        self.element("evidence", &[], |xml| {
            match &evidence.identity {
                None => {}
                Some(Identities::One(identity) | Identities::List([identity])) => xml.identity(identity)?,
            }
            xml.list("occurrences", &evidence.occurrences, Self::occurrence)
        })
    }

    fn identity(&mut self, identity: &Identity) -> io::Result<()> {
        self.element("identity", &[], |xml| {
            xml.text("field", Some(identity.field))?;
            xml.text("confidence", Some(&share(identity.confidence)))?;
            xml.list("methods", &identity.methods, |xml, method| {
                xml.element("method", &[], |xml| {
                    xml.text("technique", Some(method.technique))?;
                    xml.text("confidence", Some(&share(method.confidence)))
                })
            })
        })
    }

    fn occurrence(&mut self, occurrence: &Occurrence<'_>) -> io::Result<()> {
        self.element("occurrence", &[], |xml| {
            xml.text("location", Some(&occurrence.location))?;
            xml.text("line", occurrence.line.map(|line| line.to_string()).as_deref())?;
            xml.text("additionalContext", occurrence.additional_context.as_deref())
        })
    }

    fn dependency(&mut self, dependency: &Dependency<'_>) -> io::Result<()> {
        let attributes = [("ref", Some(&*dependency.reference))];
        if dependency.depends_on.is_empty() {
            return self.empty("dependency", &attributes);
        }
        self.element("dependency", &attributes, |xml| xml.refs("dependency", &dependency.depends_on))
    }

    fn composition(&mut self, composition: &Composition<'_>) -> io::Result<()> {
        self.element("composition", &[("bom-ref", Some(&composition.bom_ref))], |xml| {
            xml.text("aggregate", Some(composition.aggregate))?;
            if !composition.assemblies.is_empty() {
                xml.element("assemblies", &[], |xml| xml.refs("assembly", &composition.assemblies))?;
            }
            if !composition.dependencies.is_empty() {
                xml.element("dependencies", &[], |xml| xml.refs("dependency", &composition.dependencies))?;
            }
            Ok(())
        })
    }

    fn refs(&mut self, name: &'static str, refs: &[Text<'_>]) -> io::Result<()> {
        refs.iter().try_for_each(|to| self.empty(name, &[("ref", Some(to))]))
    }
}

fn start<'a>(name: &'static str, attributes: &'a Attributes<'_>) -> BytesStart<'a> {
    let there = attributes.iter().filter_map(|(key, value)| value.map(|value| (*key, value)));
    BytesStart::new(name).with_attributes(there)
}

fn share(percent: Percent) -> String {
    match percent.0 {
        0 => "0".to_owned(),
        100.. => "1".to_owned(),
        between => format!("0.{between:02}").trim_end_matches('0').to_owned(),
    }
}
