//! A program that is asked: the body on its standard input, the answer on its standard output.

use super::Reply;
use std::{path::PathBuf, process::Stdio, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::Command,
    time::timeout,
};

/// The longest answer, in bytes.
const LARGEST: u64 = 4 * 1024 * 1024;

/// What is shown of its complaints, in bytes.
const SHOWN: u64 = 2000;

/// What is run, and where.
pub(super) struct Program {
    pub(super) words: Vec<String>,
    pub(super) folder: PathBuf,
    /// All it gets of the environment.
    pub(super) environment: Vec<(String, String)>,
}

/// Runs the program once. It is killed when its time is over.
pub(super) async fn ask(
    program: &Program,
    body: Option<String>,
    limit: Duration,
    answer: impl Fn(Vec<u8>) -> Reply,
) -> Reply {
    match timeout(limit, run(program, body)).await {
        Ok(Ok(bytes)) => answer(bytes),
        Ok(Err(reply)) => reply,
        Err(_) => Reply::Late(limit),
    }
}

async fn run(asked: &Program, body: Option<String>) -> Result<Vec<u8>, Reply> {
    let unreachable = |error: std::io::Error| Reply::Unreachable(error.to_string());
    let (program, args) =
        asked.words.split_first().ok_or_else(|| Reply::Unreachable("no program is named".to_owned()))?;
    let mut command = Command::new(program);
    let environment = asked.environment.iter().map(|(name, value)| (name, value));
    command.args(args).current_dir(&asked.folder).env_clear().envs(environment);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.kill_on_drop(true).spawn().map_err(unreachable)?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let send = async {
        if let Some(mut stdin) = stdin {
            // A program need not read what it is told; its answer says whether it should have.
            let _ = stdin.write_all(body.unwrap_or_default().as_bytes()).await;
        }
    };
    let (mut out, mut told) = (Vec::new(), Vec::new());
    let read = async {
        match stdout {
            Some(stdout) => stdout.take(LARGEST + 1).read_to_end(&mut out).await,
            None => Ok(0),
        }
    };
    let complaints = async {
        match stderr {
            Some(mut stderr) => {
                let read = (&mut stderr).take(SHOWN).read_to_end(&mut told).await;
                // What is not shown is read over, so that the program is not held up by it.
                let _ = tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await;
                read
            }
            None => Ok(0),
        }
    };
    let ((), read, _) = tokio::join!(send, read, complaints);
    read.map_err(unreachable)?;
    if out.len() as u64 > LARGEST {
        return Err(Reply::Broken(format!("longer than {LARGEST} bytes")));
    }
    let status = child.wait().await.map_err(unreachable)?;
    if status.success() {
        return Ok(out);
    }
    let told = String::from_utf8_lossy(&told).split_whitespace().collect::<Vec<_>>().join(" ");
    Err(Reply::Ended(status.to_string(), told))
}
