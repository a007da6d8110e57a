//! A way to ECS that lies on demand: stale, broken or false answers, which the laptop cloud itself does not give.

use crate::world::World;
use std::sync::Arc;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// An answer on its way: status and body.
pub(crate) type Answer = (u16, String);

/// Puts a liar between the world's steps and ECS; `lie` gets each operation with its true answer.
pub(crate) async fn between(world: &mut World, lie: impl Fn(&str, Answer) -> Answer + Send + Sync + 'static) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    world.liar = Some(format!("http://{}", listener.local_addr().unwrap()));
    let (truth, lie) = (world.sandbox.endpoint(), Arc::new(lie));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (truth, lie) = (truth.clone(), Arc::clone(&lie));
            tokio::spawn(async move { pass(stream, &truth, lie.as_ref()).await });
        }
    });
}

async fn pass(mut stream: TcpStream, truth: &str, lie: &(dyn Fn(&str, Answer) -> Answer + Send + Sync)) {
    let mut request = Vec::new();
    let (head, body) = loop {
        let mut buffer = [0; 16_384];
        let read = stream.read(&mut buffer).await.unwrap_or(0);
        if read == 0 {
            return;
        }
        request.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8(request.clone()).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let headers = head.lines().filter_map(|line| line.split_once(": "));
        let headers: Vec<(String, String)> =
            headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
        let length = headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, n)| n.parse().unwrap());
        if body.len() >= length {
            break (headers, body.to_owned());
        }
    };
    let client = transport::client(transport::Limits::default()).unwrap();
    let kept = head.iter().filter(|(name, _)| !["content-length", "connection"].contains(&name.as_str()));
    let request = kept.fold(client.post(truth), |request, (name, value)| request.header(name, value));
    let answer = request.body(body).send().await.unwrap();
    let truth = (answer.status().as_u16(), answer.text().await.unwrap());
    let target =
        head.iter().find(|(name, _)| name == "x-amz-target").map(|(_, value)| value.as_str()).unwrap_or_default();
    let (status, body) = lie(target.rsplit('.').next().unwrap_or_default(), truth);
    let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    // A step that was killed does not wait for its answer.
    let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
}
