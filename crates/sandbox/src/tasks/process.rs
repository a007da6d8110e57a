//! One container as a child process: what is executed, where, with which variables, and how it is ended.

use super::{ContainerSpec, images::Unpacked};
use rustix::process::{Pid, Signal, kill_process_group};
use std::{
    io,
    net::Ipv4Addr,
    path::{Component, Path, PathBuf},
    process::Stdio,
};
use tokio::process::{Child, Command};

/// What a container finds its programs by when neither image nor definition says.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Everything needed to start a container's process, or a command beside it.
#[derive(Debug, Clone)]
pub(super) struct Invocation {
    /// The program and its arguments, as the image or the definition names them.
    pub(super) words: Vec<String>,
    root: PathBuf,
    folder: PathBuf,
    variables: Vec<(String, String)>,
}

impl Invocation {
    /// What the container runs: the definition's words where it has some, else the image's.
    pub(super) fn of(container: &ContainerSpec, image: &Unpacked, address: Ipv4Addr) -> Self {
        let settings = &image.settings;
        let entry_point = container.entry_point.clone();
        // As Docker has it: a new entry point drops the image's command, which was written for the old one.
        let command = match (&container.command, &entry_point) {
            (Some(command), _) => command.clone(),
            (None, Some(_)) => Vec::new(),
            (None, None) => settings.cmd.clone(),
        };
        let mut words = entry_point.unwrap_or_else(|| settings.entrypoint.clone());
        words.extend(command);

        let mut variables = vec![("PATH".to_owned(), DEFAULT_PATH.to_owned())];
        let of_image = settings.env.iter().filter_map(|variable| variable.split_once('='));
        variables.extend(of_image.map(|(name, value)| (name.to_owned(), value.to_owned())));
        variables.extend(container.environment.iter().cloned());
        variables.push(("HOST".to_owned(), address.to_string()));
        let folder = container.working_directory.as_deref().unwrap_or(&settings.working_dir);
        Self { words, folder: inside(&image.root, folder), root: image.root.clone(), variables }
    }

    /// The same surroundings with another command, such as a health check.
    pub(super) fn with_words(&self, words: Vec<String>) -> Self {
        Self { words, ..self.clone() }
    }

    /// Starts it, as the leader of a process group of its own.
    ///
    /// # Errors
    /// When there is no such program, in the image or on this machine, or it cannot be executed.
    pub(super) fn start(&self) -> io::Result<Child> {
        let (program, arguments) = self.words.split_first().ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "no command specified: neither entry point nor command")
        })?;
        std::fs::create_dir_all(&self.folder)?;
        Command::new(self.program(program)?)
            .args(arguments.iter().map(|argument| self.argument(argument)))
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
    }

    /// The program's file: in the image first, then on this machine.
    fn program(&self, name: &str) -> io::Result<PathBuf> {
        let candidates = if name.starts_with('/') {
            vec![inside(&self.root, name), PathBuf::from(name)]
        } else if name.contains('/') {
            vec![inside(&self.folder, name)]
        } else {
            let path = self.variables.iter().rev().find(|(variable, _)| variable == "PATH");
            let folders: Vec<&str> = path.map(|(_, value)| value.split(':').collect()).unwrap_or_default();
            let in_image = folders.iter().map(|folder| inside(&self.root, folder).join(name));
            in_image.chain(folders.iter().map(|folder| Path::new(folder).join(name))).collect()
        };
        let not_found =
            || io::Error::new(io::ErrorKind::NotFound, format!("exec: \"{name}\": no such file or directory"));
        candidates.into_iter().find(|file| file.is_file()).ok_or_else(not_found)
    }

    /// An absolute path that the image has means the image's file.
    fn argument(&self, argument: &str) -> PathBuf {
        let file = inside(&self.root, argument);
        if argument.starts_with('/') && argument != "/" && file.exists() { file } else { PathBuf::from(argument) }
    }
}

/// `path` under `root`, whatever it says: a leading `/` is the root, `..` never leaves it.
fn inside(root: &Path, path: &str) -> PathBuf {
    let mut parts: Vec<&std::ffi::OsStr> = Vec::new();
    for component in Path::new(path).components() {
        match component {
            Component::Normal(part) => parts.push(part),
            Component::ParentDir => drop(parts.pop()),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    parts.into_iter().fold(root.to_owned(), |path, part| path.join(part))
}

/// Asks a whole process group to end.
pub(super) fn ask_group_to_end(leader: u32) {
    signal(leader, Signal::TERM);
}

/// Ends a whole process group.
pub(super) fn kill_group(leader: u32) {
    signal(leader, Signal::KILL);
}

fn signal(leader: u32, signal: Signal) {
    if let Some(group) = i32::try_from(leader).ok().and_then(Pid::from_raw) {
        // A group that is already gone is what was wanted.
        let _ = kill_process_group(group, signal);
    }
}

/// The exit code as a container engine gives it: 128 and the signal's number for a killed process.
pub(super) fn exit_code(status: std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::inside;
    use std::path::Path;

    #[test]
    fn a_path_never_leaves_the_root() {
        let root = Path::new("/r");
        assert_eq!(inside(root, "/app/x"), Path::new("/r/app/x"));
        assert_eq!(inside(root, "../../etc/passwd"), Path::new("/r/etc/passwd"));
        assert_eq!(inside(root, ""), Path::new("/r"));
    }
}
