//! Digests of files as fast as the machine makes them: in pieces that stay in the processor's cache, the files on all cores.

use std::{
    fs::File,
    io::{self, Read as _},
    num::NonZero,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};
use subject::{Digest, Hasher};

/// How much is read at once. Larger pieces leave the cache before they are hashed, smaller ones cost more calls.
const PIECE: usize = 256 << 10;
/// More threads than this wait for the disk.
const MAX_THREADS: usize = 16;

/// The digests of files below `root`, in the order of their paths.
///
/// # Errors
/// The path that cannot be read, and why.
pub(crate) fn files(root: &Path, paths: &[String]) -> Result<Vec<Digest>, (String, io::Error)> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = cores.min(MAX_THREADS).min(paths.len());
    let next = AtomicUsize::new(0);
    // Each thread takes the next file that nobody has, so that one large file does not hold up the others.
    let work = || {
        let mut done = Vec::new();
        let mut buffer = vec![0; PIECE];
        while let Some((index, path)) = take(&next, paths) {
            done.push((index, file(&root.join(path), &mut buffer)));
        }
        done
    };
    let mut all = match threads {
        0 | 1 => work(),
        _ => thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let mut all = work();
            all.extend(others.into_iter().flat_map(|thread| thread.join().unwrap_or_default()));
            all
        }),
    };
    all.sort_unstable_by_key(|(index, _)| *index);
    if all.len() != paths.len() {
        return Err((root.display().to_string(), io::Error::other("a thread that hashes has ended early")));
    }
    all.into_iter().zip(paths).map(|((_, digest), path)| digest.map_err(|error| (path.clone(), error))).collect()
}

fn take<'p>(next: &AtomicUsize, paths: &'p [String]) -> Option<(usize, &'p String)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    Some((index, paths.get(index)?))
}

fn file(path: &Path, buffer: &mut [u8]) -> io::Result<Digest> {
    let mut file = File::open(path)?;
    let mut hasher = Hasher::new();
    loop {
        match file.read(buffer) {
            Ok(0) => return Ok(hasher.finish()),
            Ok(read) => hasher.update(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_files_keep_their_order_and_their_digests() {
        let folder = tempfile::tempdir().unwrap();
        let content = |index: usize| vec![u8::try_from(index % 251).unwrap(); index * 7919 % (3 * PIECE)];
        let paths: Vec<String> = (0..120).map(|index| format!("{index}")).collect();
        for (index, path) in paths.iter().enumerate() {
            std::fs::write(folder.path().join(path), content(index)).unwrap();
        }
        let wanted: Vec<Digest> = (0..paths.len()).map(|index| Digest::of(&content(index))).collect();
        assert_eq!(files(folder.path(), &paths).unwrap(), wanted);
        assert_eq!(files(folder.path(), &paths[..1]).unwrap(), wanted[..1]);
        assert_eq!(files(folder.path(), &[]).unwrap(), []);
    }

    #[test]
    fn the_file_that_cannot_be_read_is_named_the_first_of_several() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("there"), "x").unwrap();
        let paths = ["there", "gone-1", "there", "gone-2"].map(str::to_owned);
        let (path, error) = files(folder.path(), &paths).unwrap_err();
        assert_eq!((path.as_str(), error.kind()), ("gone-1", io::ErrorKind::NotFound));
    }
}
