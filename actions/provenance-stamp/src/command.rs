//! What a program prints, asked of it in bounded time, with bounded output, and with nothing of this step's environment.
//!
//! The contract is part of the repository, and so is what it starts: a stamp runs the repository's own code, as its build
//! does. It is given no secret to run with, and it is never started for a verification.

use crate::{contract::Program, facts::Trouble};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process::Command,
};

/// More than this is no value of a field, in bytes.
const MAX_OUTPUT: u64 = 1 << 20;
/// How much of what a program complains about is kept, in bytes.
const MAX_COMPLAINT: u64 = 4 << 10;

/// The whole environment of a program: where programs are, and what makes its output the same everywhere.
pub(crate) fn environment(path: Option<&str>, epoch: Option<&str>) -> BTreeMap<&'static str, String> {
    let fixed = [("LC_ALL", "C"), ("TZ", "UTC"), ("PATH", path.unwrap_or("/usr/local/bin:/usr/bin:/bin"))];
    let epoch = epoch.map(|epoch| ("SOURCE_DATE_EPOCH", epoch));
    fixed.into_iter().chain(epoch).map(|(name, value)| (name, value.to_owned())).collect()
}

/// Runs a program in `root` and gives what it printed.
pub(crate) async fn output(
    root: &Path,
    program: &Program,
    environment: &BTreeMap<&'static str, String>,
) -> Result<Vec<u8>, Trouble> {
    let name = &program.name;
    let place = if name.contains('/') { root.join(name) } else { PathBuf::from(name) };
    let mut command = Command::new(place);
    command.args(&program.arguments).current_dir(root).env_clear().envs(environment).process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Trouble::Unreadable(format!("there is no program `{name}`")),
        _ => Trouble::Unreadable(format!("`{name}` does not start: {error}")),
    })?;
    // Whatever it has started belongs to its group, and goes with it.
    let group = child.id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?));
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let run = async {
        let wait = async { child.wait().await.map_err(|error| Trouble::Unreadable(format!("`{name}`: {error}"))) };
        tokio::try_join!(whole(name, stdout), complaint(stderr), wait)
    };
    let ended = tokio::time::timeout(Duration::from_secs(program.seconds.into()), run).await;
    if let (false, Some(group)) = (matches!(ended, Ok(Ok(_))), group) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let late = |_| Trouble::Unreadable(format!("`{name}` has not ended after {} seconds", program.seconds));
    let (printed, complaint, status) = ended.map_err(late)??;
    if status.success() {
        return Ok(printed);
    }
    let why = if complaint.is_empty() { String::new() } else { format!(": {complaint}") };
    Err(Trouble::Unreadable(format!("`{name}` ended with {status}{why}")))
}

async fn whole(name: &str, stream: Option<impl AsyncRead + Unpin>) -> Result<Vec<u8>, Trouble> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        let read = stream.take(MAX_OUTPUT + 1).read_to_end(&mut bytes).await;
        read.map_err(|error| Trouble::Unreadable(format!("what `{name}` prints cannot be read: {error}")))?;
    }
    if bytes.len() as u64 > MAX_OUTPUT {
        return Err(Trouble::Broken(format!("`{name}` prints more than {MAX_OUTPUT} bytes")));
    }
    Ok(bytes)
}

/// The first line of what it complains about; the rest is read and forgotten, so that it can go on.
async fn complaint(stream: Option<impl AsyncRead + Unpin>) -> Result<String, Trouble> {
    let Some(mut stream) = stream else { return Ok(String::new()) };
    let mut bytes = Vec::new();
    let _ = (&mut stream).take(MAX_COMPLAINT).read_to_end(&mut bytes).await;
    let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    let text = String::from_utf8_lossy(&bytes);
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    Ok(first.chars().take(200).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    fn program(words: &[&str], seconds: u32) -> Program {
        let arguments = words[1..].iter().map(|word| (*word).to_owned()).collect();
        Program { name: words[0].to_owned(), arguments, seconds }
    }

    async fn run(root: &Path, words: &[&str], seconds: u32) -> Result<String, Trouble> {
        let printed = output(root, &program(words, seconds), &environment(None, Some("1790000000"))).await?;
        Ok(String::from_utf8(printed).unwrap())
    }

    #[tokio::test]
    async fn a_program_is_run_without_a_shell_and_without_our_environment() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        assert_eq!(run(root, &["printf", "%s", "$HOME; ls"], 5).await.unwrap(), "$HOME; ls");
        assert!(std::env::vars().count() > 4, "there are variables that must not be handed on");
        let mut env: Vec<String> = run(root, &["env"], 5).await.unwrap().lines().map(str::to_owned).collect();
        env.sort();
        assert_eq!(env, ["LC_ALL=C", "PATH=/usr/local/bin:/usr/bin:/bin", "SOURCE_DATE_EPOCH=1790000000", "TZ=UTC"]);
        std::fs::create_dir(root.join("tools")).unwrap();
        std::fs::write(root.join("tools/here"), "#!/bin/sh\npwd\n").unwrap();
        std::process::Command::new("chmod").arg("+x").arg(root.join("tools/here")).status().unwrap();
        let here = root.canonicalize().unwrap().display().to_string();
        assert_eq!(run(root, &["tools/here"], 5).await.unwrap().trim(), here);
    }

    #[tokio::test]
    async fn a_program_that_fails_floods_or_hangs_is_told_and_ended() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let start = Instant::now();
        for (words, wanted) in [
            (vec!["sh", "-c", "echo; echo no upstream >&2; exit 7"], "`sh` ended with exit status: 7: no upstream"),
            (vec!["no-such-program"], "there is no program `no-such-program`"),
            (vec!["tools/none"], "there is no program `tools/none`"),
            (vec!["cat", "/dev/zero"], "prints more than 1048576 bytes"),
            (vec!["sh", "-c", "yes >&2 & sleep 60"], "has not ended after 1 seconds"),
        ] {
            let told = match run(root, &words, 1).await.unwrap_err() {
                Trouble::Absent(why) | Trouble::Broken(why) | Trouble::Unreadable(why) => why,
            };
            assert!(told.contains(wanted), "{words:?}: {told}");
        }
        // What a program has started is ended with it: nobody is left who could write this.
        let mark = root.join("still-there");
        let script = format!("(sleep 2; touch {}) & sleep 60", mark.display());
        run(root, &["sh", "-c", &script], 1).await.unwrap_err();
        tokio::time::sleep(Duration::from_millis(1500)).await;
        assert!(!mark.exists());
        assert!(start.elapsed() < Duration::from_secs(20));
    }
}
