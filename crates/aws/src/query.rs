//! The older Query protocol (form in, XML out), which Elastic Load Balancing still speaks, and only that far.

use crate::{Aws, AwsError, call::Request, service::LOAD_BALANCING};
use quick_xml::{Reader, events::Event};
use url::form_urlencoded;

/// Bounds of an answer's tree; a page of target health has some thousand elements, six deep.
const DEEPEST: usize = 32;
const MOST: usize = 200_000;

/// An element of an answer: its local name, its text, its children in order. Attributes carry nothing in this protocol.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Element {
    /// The name without prefix.
    pub name: String,
    /// The text directly inside, unescaped and trimmed.
    pub text: String,
    /// The elements inside.
    pub children: Vec<Element>,
}

impl Element {
    /// The element reached by child names, the first of each.
    #[must_use]
    pub fn at(&self, path: &[&str]) -> Option<&Element> {
        path.iter().try_fold(self, |element, name| element.children.iter().find(|child| child.name == *name))
    }

    /// The text at a path of child names.
    #[must_use]
    pub fn text_at(&self, path: &[&str]) -> Option<&str> {
        self.at(path).map(|element| element.text.as_str())
    }

    /// This element as the parameters that would send it back: lists become `….member.1`, maps `….entry.1`, the rest
    /// `….Name`. So what was read of a structure can be written again, members unknown to us included.
    #[must_use]
    pub fn parameters(&self, name: &str) -> Vec<(String, String)> {
        if self.children.is_empty() {
            return vec![(name.to_owned(), self.text.clone())];
        }
        let mut counted = 0;
        let mut parameters = Vec::new();
        for child in &self.children {
            let listed = ["member", "entry"].contains(&child.name.as_str());
            counted += u32::from(listed);
            let part = if listed { format!("{}.{counted}", child.name) } else { child.name.clone() };
            parameters.extend(child.parameters(&format!("{name}.{part}")));
        }
        parameters
    }

    /// The `member` elements of the list at a path.
    pub fn members<'a>(&'a self, path: &[&str]) -> impl Iterator<Item = &'a Element> {
        let list = self.at(path).map(|list| list.children.as_slice()).unwrap_or_default();
        list.iter().filter(|child| child.name == "member")
    }
}

impl Aws {
    /// Calls an operation of Elastic Load Balancing (version 2015-12-01) with flat parameters, and gives back the
    /// `<Operation>Result` element of the answer.
    ///
    /// # Errors
    /// [`AwsError`], as for [`Aws::json`].
    pub async fn load_balancing(&self, operation: &str, parameters: &[(&str, &str)]) -> Result<Element, AwsError> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", operation).append_pair("Version", "2015-12-01").extend_pairs(parameters);
        let request = Request {
            wire: LOAD_BALANCING,
            operation,
            headers: vec![("content-type", "application/x-www-form-urlencoded; charset=utf-8".to_owned())],
            body: form.finish().into_bytes(),
        };
        let body = self.exchange(&request).await?;
        let malformed = |message: &str| AwsError::new(LOAD_BALANCING.name, operation, "MalformedAnswer", message);
        let answer = parse(&body).map_err(|error| malformed(&error))?;
        let result = format!("{operation}Result");
        answer.children.into_iter().find(|child| child.name == result).ok_or_else(|| malformed("no result element"))
    }
}

/// Code, message and request id of an `<ErrorResponse>`.
pub(crate) fn refusal(body: &[u8]) -> Option<(Option<String>, String, Option<String>)> {
    let answer = parse(body).ok()?;
    let text = |path: &[&str]| answer.text_at(path).map(str::to_owned);
    Some((text(&["Error", "Code"]), text(&["Error", "Message"]).unwrap_or_default(), text(&["RequestId"])))
}

/// The root element of a document, refusing what is deeper or larger than an answer can be. Document types, and with
/// them entities of their own, are refused: no answer has one.
fn parse(body: &[u8]) -> Result<Element, String> {
    let text = std::str::from_utf8(body).map_err(|error| error.to_string())?;
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = vec![Element::default()];
    let mut count = 0;
    loop {
        let event = reader.read_event().map_err(|error| error.to_string())?;
        if matches!(event, Event::Start(_) | Event::Empty(_)) {
            count += 1;
            if count > MOST || open.len() > DEEPEST {
                return Err("the answer has more elements than an answer can have".to_owned());
            }
        }
        match event {
            Event::Start(start) => open.push(Element { name: local(start.name().as_ref()), ..Element::default() }),
            Event::Empty(empty) => {
                let element = Element { name: local(empty.name().as_ref()), ..Element::default() };
                open.last_mut().ok_or("no element is open")?.children.push(element);
            }
            Event::End(_) => {
                let mut closed = open.pop().ok_or("no element is open")?;
                closed.text = closed.text.trim().to_owned();
                open.last_mut().ok_or("an element ends that never began")?.children.push(closed);
            }
            Event::Text(text) => append(&mut open, &text)?,
            Event::CData(text) => append(&mut open, &text)?,
            Event::GeneralRef(reference) => append(&mut open, &entity(&reference)?)?,
            Event::DocType(_) => return Err("the answer declares a document type".to_owned()),
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
    match open.pop() {
        Some(document) if open.is_empty() => {
            document.children.into_iter().next().ok_or_else(|| "no element".to_owned())
        }
        _ => Err("the answer ends inside an element".to_owned()),
    }
}

fn append(open: &mut [Element], text: &str) -> Result<(), String> {
    open.last_mut().ok_or("text outside every element")?.text.push_str(text);
    Ok(())
}

fn local(name: &str) -> String {
    name.rsplit(':').next().unwrap_or_default().to_owned()
}

/// The five entities of XML and character references.
fn entity(reference: &quick_xml::events::BytesRef<'_>) -> Result<String, String> {
    if let Some(character) = reference.resolve_char_ref().map_err(|error| error.to_string())? {
        return Ok(character.to_string());
    }
    quick_xml::escape::resolve_predefined_entity(reference)
        .map(str::to_owned)
        .ok_or_else(|| "an entity that XML does not know".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shape of the API reference's example answer of DescribeTargetHealth.
    const HEALTH: &str = r#"<?xml version="1.0"?>
<DescribeTargetHealthResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/">
  <DescribeTargetHealthResult>
    <TargetHealthDescriptions>
      <member><Target><Port>80</Port><Id>i-0376fadf</Id></Target><TargetHealth><State>healthy</State></TargetHealth></member>
      <member><Target><Id>i-2</Id></Target><TargetHealth><State>unhealthy</State>
        <Description>Health checks failed &amp; codes: [404] &#x3c;</Description></TargetHealth></member>
    </TargetHealthDescriptions>
  </DescribeTargetHealthResult>
  <ResponseMetadata><RequestId>c534f810</RequestId></ResponseMetadata>
</DescribeTargetHealthResponse>"#;

    #[test]
    fn an_answer_becomes_a_tree() {
        let answer = parse(HEALTH.as_bytes()).unwrap();
        let result = answer.at(&["DescribeTargetHealthResult"]).unwrap();
        let states: Vec<_> = result
            .members(&["TargetHealthDescriptions"])
            .map(|member| member.text_at(&["TargetHealth", "State"]).unwrap())
            .collect();
        assert_eq!(states, ["healthy", "unhealthy"]);
        let second = result.members(&["TargetHealthDescriptions"]).nth(1).unwrap();
        assert_eq!(second.text_at(&["TargetHealth", "Description"]).unwrap(), "Health checks failed & codes: [404] <");
    }

    #[test]
    fn what_was_read_can_be_sent_back_with_members_nobody_knows() {
        let text = "<Actions><member><Type>authenticate-oidc</Type><Order>1</Order><AuthenticateOidcConfig>\
            <AuthenticationRequestExtraParams><entry><key>display</key><value>page</value></entry>\
            </AuthenticationRequestExtraParams><Tomorrow>x</Tomorrow></AuthenticateOidcConfig></member>\
            <member><Type>forward</Type></member></Actions>";
        let sent = parse(text.as_bytes()).unwrap().parameters("Actions");
        let sent: Vec<_> = sent.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let extra = "Actions.member.1.AuthenticateOidcConfig.AuthenticationRequestExtraParams.entry.1";
        assert_eq!(
            sent,
            [
                "Actions.member.1.Type=authenticate-oidc".to_owned(),
                "Actions.member.1.Order=1".to_owned(),
                format!("{extra}.key=display"),
                format!("{extra}.value=page"),
                "Actions.member.1.AuthenticateOidcConfig.Tomorrow=x".to_owned(),
                "Actions.member.2.Type=forward".to_owned(),
            ]
        );
    }

    #[test]
    fn a_refusal_says_code_message_and_request() {
        let body = "<ErrorResponse><Error><Type>Sender</Type><Code>TargetGroupNotFound</Code><Message>gone</Message>\
                    </Error><RequestId>r1</RequestId></ErrorResponse>";
        let wanted = (Some("TargetGroupNotFound".to_owned()), "gone".to_owned(), Some("r1".to_owned()));
        assert_eq!(refusal(body.as_bytes()), Some(wanted));
    }

    #[test]
    fn a_hostile_answer_is_refused() {
        let deep = "<a>".repeat(100);
        let wide = format!("<a>{}</a>", "<b/>".repeat(MOST + 1));
        let bomb = r#"<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>"#;
        for body in [deep.as_str(), &wide, bomb, "<a>&x;</a>", "<a><b></a>", "<a>", "</a>", "", "not xml"] {
            assert!(parse(body.as_bytes()).is_err(), "{}", &body[..body.len().min(40)]);
        }
    }
}
