//! Nothing outlives the sandbox: a small shell holds the other end of a pipe, and when the pipe closes, because the
//! sandbox ended or was killed in whatever way, it kills every process group it was told about.

use std::{
    io::{self, Write},
    os::unix::process::CommandExt,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Mutex, PoisonError},
};

const SCRIPT: &str = r#"
trap '' INT TERM HUP
groups=' '
while read -r verb id; do
  case $verb in
    watch) groups="$groups$id " ;;
    forget) case $groups in *" $id "*) groups="${groups%% $id *} ${groups#* $id }" ;; esac ;;
  esac
done
for id in $groups; do kill -s KILL -- "-$id" 2>/dev/null; done
"#;

/// The shell and the pipe to it.
#[derive(Debug)]
pub(super) struct Watchdog {
    pipe: Mutex<Option<ChildStdin>>,
    shell: Mutex<Child>,
}

impl Watchdog {
    pub(super) fn start() -> io::Result<Self> {
        let mut shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .env_clear()
            .process_group(0)
            .spawn()?;
        Ok(Self { pipe: Mutex::new(shell.stdin.take()), shell: Mutex::new(shell) })
    }

    /// From now on this process group dies with the sandbox.
    pub(super) fn watch(&self, group: u32) {
        self.tell("watch", group);
    }

    /// This process group is gone; its number may be given to somebody else.
    pub(super) fn forget(&self, group: u32) {
        self.tell("forget", group);
    }

    fn tell(&self, verb: &str, group: u32) {
        if let Some(pipe) = self.pipe.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            // A watchdog that is gone can protect nothing; the tasks are still killed when the sandbox ends properly.
            let _ = writeln!(pipe, "{verb} {group}");
        }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.pipe.lock().unwrap_or_else(PoisonError::into_inner).take();
        // The closed pipe ends it; waiting only collects it.
        let _ = self.shell.lock().unwrap_or_else(PoisonError::into_inner).wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn sleeper() -> Child {
        Command::new("/bin/sleep").arg("60").process_group(0).spawn().unwrap()
    }

    #[test]
    fn what_is_watched_dies_with_the_watchdog_and_what_is_forgotten_lives() {
        let watchdog = Watchdog::start().unwrap();
        let (mut first, mut second, mut spared) = (sleeper(), sleeper(), sleeper());
        for child in [&first, &spared, &second] {
            watchdog.watch(child.id());
        }
        watchdog.forget(spared.id());
        drop(watchdog);

        let deadline = Instant::now() + Duration::from_secs(5);
        while first.try_wait().unwrap().is_none() || second.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "a watched process survived");
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(spared.try_wait().unwrap().is_none(), "a forgotten process was killed");
        spared.kill().unwrap();
        spared.wait().unwrap();
    }
}
