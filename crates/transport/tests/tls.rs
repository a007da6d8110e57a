//! TLS against a server whose certificate an authority of our own has signed: trusted with it in the machine's store, and
//! not without.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};
use transport::{Dial, Limits};

const ADDRESS: &str = "ADDRESS_OF_THE_TEST";

/// Answers one line to everybody, over TLS.
const SERVER: &str = "
import http.server, ssl
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header('content-length', '2'); self.end_headers(); self.wfile.write(b'ok')
    def log_message(self, *words): pass
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain('server.pem', 'server.key')
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
";

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn authority(folder: &Path) {
    let run = |words: &str| {
        let output = Command::new("openssl").args(words.split(' ')).current_dir(folder).output().unwrap();
        assert!(output.status.success(), "openssl {words}: {}", String::from_utf8_lossy(&output.stderr));
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    run(&format!("req -x509 {key} -keyout ca.key -out ca.pem -days 2 -subj /CN=ours"));
    run(&format!("req {key} -keyout server.key -out server.csr -subj /CN=localhost"));
    std::fs::write(folder.join("names"), "subjectAltName=DNS:localhost\n").unwrap();
    run("x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 2 -extfile names");
}

/// The same test in a process of its own, whose machine has this store: whether it could ask, and what it said.
fn asked(address: &str, store: &Path) -> (bool, String) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "whom_the_machine_trusts_is_trusted_and_nobody_else", "--nocapture"]);
    command.env(ADDRESS, address).env("SSL_CERT_FILE", store).env_remove("SSL_CERT_DIR");
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), said)
}

/// Both clients, once.
#[tokio::main(flavor = "current_thread")]
async fn ask(address: &str) {
    let address: reqwest::Url = address.parse().unwrap();
    let answer = transport::client(Limits::default()).unwrap().get(address.clone()).send().await;
    let answer = answer.map_err(|error| transport::explain(&error)).unwrap();
    assert_eq!(answer.text().await.unwrap(), "ok");
    Dial::to(&address).unwrap().open().await.map(drop).unwrap();
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the process is the test's own")]
fn whom_the_machine_trusts_is_trusted_and_nobody_else() {
    if let Ok(address) = std::env::var(ADDRESS) {
        return ask(&address);
    }
    let folder = tempfile::tempdir().unwrap();
    authority(folder.path());
    let mut python = Command::new("python3");
    python.args(["-c", SERVER]).current_dir(folder.path()).stdout(Stdio::piped());
    let mut server = Server(python.spawn().unwrap());
    let mut port = String::new();
    BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut port).unwrap();
    let address = format!("https://localhost:{}/", port.trim());
    let (trusted, said) = asked(&address, &folder.path().join("ca.pem"));
    assert!(trusted, "{said}");
    // Another certificate than the authority's: the server's own speaks for nobody.
    std::fs::write(folder.path().join("empty.pem"), "").unwrap();
    for store in ["server.pem", "empty.pem"] {
        let (trusted, said) = asked(&address, &folder.path().join(store));
        assert!(!trusted && said.contains("ertificate"), "{store}: {said}");
    }
    // A store is only asked for where there is something to verify.
    let (reached, said) = asked(&address.replace("https", "http"), &folder.path().join("empty.pem"));
    assert!(!reached && !said.contains("ertificate"), "{said}");
}
