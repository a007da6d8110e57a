//! Calls over real sockets: what is sent, what is repeated, what is said about a refusal.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use aws::{Aws, AwsInputs, Service};
use github::Runner;
use serde_json::json;
use std::sync::{Arc, Mutex};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

/// A server that answers each request with the next of `answers` and keeps the requests. An empty answer is a connection
/// closed without one.
async fn server(answers: &[(u16, &str)]) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (requests, answers) = (seen.clone(), answers.iter().map(|(s, b)| (*s, (*b).to_owned())).collect::<Vec<_>>());
    tokio::spawn(async move {
        for (status, body) in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !complete(&request) {
                let mut buffer = [0; 4096];
                match stream.read(&mut buffer).await.unwrap() {
                    0 => break,
                    read => request.extend_from_slice(&buffer[..read]),
                }
            }
            requests.lock().unwrap().push(String::from_utf8(request).unwrap());
            if status != 0 {
                let head = format!(
                    "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nx-amzn-requestid: r-1\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
            }
        }
    });
    (url, seen)
}

fn complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok()).unwrap_or(0);
    body.len() >= length
}

async fn connected(url: &str, more: &[(&str, &str)]) -> Aws {
    let key = [
        ("AWS_ENDPOINT_URL", url),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI"),
    ];
    let (runner, _) = Runner::for_test(key.into_iter().chain(more.iter().copied()));
    Aws::connect(&runner, &AwsInputs::default()).await.unwrap()
}

#[tokio::test]
async fn a_call_is_signed_and_its_document_goes_and_comes_unchanged() {
    let answer = r#"{"services":[{"status":"A_STATUS_OF_TOMORROW","newMember":{"z":1,"a":2}}]}"#;
    let (url, seen) = server(&[(200, answer)]).await;
    let aws = connected(&url, &[("AWS_SESSION_TOKEN", "session")]).await;
    let given = aws.json(Service::Ecs, "DescribeServices", &json!({"services": ["é"], "unknown": 1})).await.unwrap();
    assert_eq!(given.to_string(), answer, "order and unknown members survive");
    let request = seen.lock().unwrap()[0].clone();
    for part in [
        "POST / HTTP/1.1",
        "x-amz-target: AmazonEC2ContainerServiceV20141113.DescribeServices",
        "content-type: application/x-amz-json-1.1",
        "/eu-west-1/ecs/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, ",
        "x-amz-security-token: session",
        r#"{"services":["é"],"unknown":1}"#,
    ] {
        assert!(request.contains(part), "{part} is missing in {request}");
    }
}

#[tokio::test]
async fn throttling_is_waited_out_and_a_lost_read_is_repeated() {
    let throttled = r#"{"__type":"com.amazonaws.ecs#ThrottlingException","message":"Rate exceeded"}"#;
    let (url, seen) = server(&[(400, throttled), (500, ""), (0, ""), (200, "{}")]).await;
    let aws = connected(&url, &[]).await;
    assert_eq!(aws.json(Service::Ecs, "ListTasks", &json!({})).await.unwrap(), json!({}));
    assert_eq!(seen.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn a_write_that_may_have_acted_is_not_repeated() {
    for ambiguous in [(500, ""), (0, "")] {
        let (url, seen) = server(&[ambiguous, (200, "{}")]).await;
        let aws = connected(&url, &[]).await;
        let error = aws.json(Service::Ecs, "RegisterTaskDefinition", &json!({})).await.unwrap_err();
        assert!(error.is_transient(), "{error}");
        assert_eq!(seen.lock().unwrap().len(), 1);
    }
    let race = r#"{"__type":"ClientException","message":"Too many concurrent attempts to create a new revision"}"#;
    let (url, _) = server(&[(400, race), (200, "{}")]).await;
    connected(&url, &[]).await.json(Service::Ecs, "RegisterTaskDefinition", &json!({})).await.unwrap();
}

#[tokio::test]
async fn a_refusal_names_operation_code_request_and_the_missing_permission() {
    let denied =
        r#"{"__type":"AccessDeniedException","Message":"User: x is not authorized to perform: iam:PassRole on r"}"#;
    let (url, _) = server(&[(400, denied)]).await;
    let error = connected(&url, &[]).await.json(Service::Ecs, "UpdateService", &json!({})).await.unwrap_err();
    let text = error.to_string();
    for part in
        ["ecs:UpdateService", "AccessDeniedException", "request r-1", "the IAM action iam:PassRole is not allowed"]
    {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
}

#[tokio::test]
async fn load_balancing_is_asked_by_form_and_answers_in_xml() {
    let answer = "<DescribeTargetHealthResponse><DescribeTargetHealthResult><TargetHealthDescriptions><member>\
                  <Target><Id>10.0.0.1</Id></Target></member></TargetHealthDescriptions></DescribeTargetHealthResult>\
                  </DescribeTargetHealthResponse>";
    let (url, seen) = server(&[(200, answer)]).await;
    let aws = connected(&url, &[]).await;
    let result = aws.load_balancing("DescribeTargetHealth", &[("TargetGroupArn", "arn:x/y z")]).await.unwrap();
    let ids: Vec<_> =
        result.members(&["TargetHealthDescriptions"]).filter_map(|m| m.text_at(&["Target", "Id"])).collect();
    assert_eq!(ids, ["10.0.0.1"]);
    let request = seen.lock().unwrap()[0].clone();
    assert!(
        request.contains("Action=DescribeTargetHealth&Version=2015-12-01&TargetGroupArn=arn%3Ax%2Fy+z"),
        "{request}"
    );
    assert!(request.contains("/eu-west-1/elasticloadbalancing/aws4_request"), "{request}");
}

#[tokio::test]
async fn wrong_inputs_are_all_reported_and_a_missing_region_says_what_to_set() {
    let inputs =
        AwsInputs { aws_region: Some("eu west".into()), role_to_assume: Some("ci".into()), role_session_name: None };
    let (runner, _) = Runner::for_test([]);
    let failure = Aws::connect(&runner, &inputs).await.unwrap_err();
    assert_eq!(failure.input_errors().len(), 2);
}
