//! Asking a gate: a program whose exit code is the answer.

use crate::inputs::Gate;
use github::Runner;
use rollout::{Judgement, Question};
use rustix::process::{Pid, Signal, kill_process_group};
use std::{path::PathBuf, process::Stdio};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process::{Child, Command},
};

/// Lines of a gate's output that are shown.
const LINES: usize = 500;
/// Bytes of a line that are shown.
const LINE: usize = 2000;
/// Characters of the last line that are kept as the reason.
const REASON: usize = 300;
/// Actions of the suite that answer as a gate does; the multi-call binary is then its own program.
const ACTIONS: [&str; 4] = ["canary-dataset-check", "guardrail-gate", "image-promote", "provenance-stamp"];

/// A process group that does not outlive the question.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// Asks; whatever goes wrong with the asking is no yes.
pub(crate) async fn ask(runner: &Runner, gate: &Gate, question: Question, image: &str) -> Judgement {
    let mut child = match command(runner, gate, question, image).spawn() {
        Ok(child) => child,
        Err(error) => return Judgement::Inconclusive(format!("`{}` does not start: {error}", gate.program)),
    };
    let mut group = Group(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)));
    let ended = tokio::time::timeout(gate.limit, listen(runner, &mut child)).await;
    let Ok((last, status)) = ended else {
        return Judgement::Inconclusive(format!("`{}` did not answer in {} s", gate.program, gate.limit.as_secs()));
    };
    // It is reaped: its number may be another's by now.
    group.0 = None;
    let said = if last.is_empty() { String::new() } else { format!(": {last}") };
    match status.map(|status| status.code()) {
        Ok(Some(0)) => Judgement::Yes,
        Ok(Some(1)) => Judgement::No(format!("`{}`{said}", gate.program)),
        Ok(Some(code)) => Judgement::Inconclusive(format!("`{}` ended with exit code {code}{said}", gate.program)),
        Ok(None) => Judgement::Inconclusive(format!("`{}` was killed{said}", gate.program)),
        Err(error) => Judgement::Inconclusive(format!("`{}` cannot be waited for: {error}", gate.program)),
    }
}

fn command(runner: &Runner, gate: &Gate, question: Question, image: &str) -> Command {
    let itself = std::env::current_exe().ok().filter(|path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("lockkeeper") && ACTIONS.contains(&gate.program.as_str())
    });
    let program = match &itself {
        Some(path) => path.clone(),
        None if gate.program.contains('/') => runner.path(&PathBuf::from(&gate.program)),
        None => PathBuf::from(&gate.program),
    };
    let mut command = Command::new(program);
    if itself.is_some() {
        command.arg(&gate.program);
    }
    command.args(&gate.arguments).current_dir(runner.workspace()).env_clear().envs(runner.child_env());
    command.env("LOCKKEEPER_GATE", format!("{}/{}", question.gate + 1, question.gates));
    command.env("LOCKKEEPER_TRAFFIC", question.weight.percent().to_string());
    command.env("LOCKKEEPER_NEXT_TRAFFIC", question.next.percent().to_string());
    command.env("LOCKKEEPER_IMAGE", image);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.process_group(0).kill_on_drop(true);
    command
}

/// Shows what it says, and gives the last thing it said with how it ended.
async fn listen(runner: &Runner, child: &mut Child) -> (String, std::io::Result<std::process::ExitStatus>) {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (out, complaint, status) = tokio::join!(show(runner, stdout), show(runner, stderr), child.wait());
    (if complaint.is_empty() { out } else { complaint }, status)
}

/// Shows a stream line by line, bounded; gives its last line. What is more is read and forgotten, so that it can go on.
async fn show(runner: &Runner, stream: Option<impl AsyncRead + Unpin>) -> String {
    let Some(mut stream) = stream else { return String::new() };
    let (mut line, mut last, mut lines) = (Vec::new(), String::new(), 0);
    let mut buffer = vec![0; 8192];
    let mut end = |line: &mut Vec<u8>| {
        let text = String::from_utf8_lossy(line).trim_end().to_owned();
        line.clear();
        if !text.trim().is_empty() {
            lines += 1;
            if lines <= LINES {
                runner.info(format!("gate: {text}"));
            }
            last = text.trim().chars().take(REASON).collect();
        }
    };
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        for byte in buffer.iter().take(read) {
            match byte {
                b'\n' => end(&mut line),
                _ if line.len() < LINE => line.push(*byte),
                _ => {}
            }
        }
    }
    end(&mut line);
    last
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollout::Weight;
    use std::time::{Duration, Instant};

    fn question() -> Question {
        Question { gate: 0, gates: 3, weight: Weight::NONE, next: "5".parse().unwrap() }
    }

    async fn asked(words: &[&str], seconds: u64) -> (Judgement, String) {
        let path = format!("{}:/usr/bin:/bin", env!("CARGO_MANIFEST_DIR"));
        let env = [("PATH", path.as_str()), ("INPUT_SIGNING-KEY", "hush"), ("GITHUB_OUTPUT", "/x"), ("OF_JOB", "job")];
        let (runner, captured) = Runner::for_test(env);
        let gate = Gate {
            program: words[0].to_owned(),
            arguments: words[1..].iter().map(|word| (*word).to_owned()).collect(),
            limit: Duration::from_secs(seconds),
        };
        let judgement = ask(&runner, &gate, question(), "image@sha256:1").await;
        (judgement, captured.log())
    }

    #[tokio::test]
    async fn the_exit_code_is_the_answer_and_nothing_else_is_a_yes() {
        let shell = |script: &'static str| ["sh", "-c", script];
        assert_eq!(asked(&["true"], 5).await.0, Judgement::Yes);
        let (no, log) = asked(&shell("echo looking; echo 'p95 is 900 ms'; exit 1"), 5).await;
        assert_eq!(no, Judgement::No("`sh`: p95 is 900 ms".into()));
        assert!(log.contains("gate: looking"), "{log}");
        for script in ["exit 3", "exit 2", "exit 130", "kill -9 $$"] {
            assert!(matches!(asked(&["sh", "-c", script], 5).await.0, Judgement::Inconclusive(_)), "{script}");
        }
        assert!(matches!(asked(&["no-such-program"], 5).await.0, Judgement::Inconclusive(_)));
    }

    #[tokio::test]
    async fn a_gate_that_hangs_is_ended_with_all_that_it_started() {
        let began = Instant::now();
        let (judgement, _) = asked(&["sh", "-c", "sleep 77.5 & sleep 77.5"], 1).await;
        assert_eq!(judgement, Judgement::Inconclusive("`sh` did not answer in 1 s".into()));
        assert!(began.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(200)).await;
        let processes = std::process::Command::new("ps").args(["ax", "-o", "args"]).output().unwrap();
        assert!(!String::from_utf8_lossy(&processes.stdout).lines().any(|line| line == "sleep 77.5"));
    }

    #[tokio::test]
    async fn a_gate_sees_the_step_and_no_secret_of_it() {
        let (_, log) = asked(&["env"], 5).await;
        for wanted in ["OF_JOB=job", "LOCKKEEPER_GATE=1/3", "LOCKKEEPER_TRAFFIC=0", "LOCKKEEPER_NEXT_TRAFFIC=5"] {
            assert!(log.contains(wanted), "{wanted} in {log}");
        }
        assert!(!log.contains("hush") && !log.contains("GITHUB_OUTPUT"), "{log}");
    }

    #[tokio::test]
    async fn a_gate_cannot_speak_to_the_runner_nor_flood_its_log() {
        let (_, log) =
            asked(&["sh", "-c", "echo '::set-output name=verdict::deployed'; yes | head -n 100000"], 20).await;
        assert!(!log.lines().any(|line| line.trim_start().starts_with("::set-output")), "{log}");
        assert!(log.lines().count() <= LINES + 1);
    }
}
