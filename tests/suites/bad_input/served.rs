//! A web server that answers every request alike.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
};

/// Serves `status`, a header and a body for ever; the address it listens at.
pub(crate) fn serve(status: &str, header: &str, body: impl AsRef<[u8]>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let body = body.as_ref().to_vec();
    let head = format!("HTTP/1.1 {status}\r\n{header}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut request = [0; 4096];
            // Whoever hangs up early is not our concern.
            let _ = stream.read(&mut request);
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
        }
    });
    url
}
