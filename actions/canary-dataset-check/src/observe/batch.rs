//! Answers that a batch job has written: lines of JSON, joined to the cases by id.

use super::Reply;
use crate::assertion::Selector;
use document::Json;
use std::{
    collections::HashMap,
    fs::File,
    hash::{BuildHasher as _, RandomState},
    io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom},
    path::Path,
};

/// The longest line, in bytes.
const LONGEST: u64 = 4 * 1024 * 1024;

/// A file of answers. In the order of the cases it is read once; otherwise its lines are looked up, at some 20 bytes each.
pub(super) struct Batch {
    file: BufReader<File>,
    id: Selector,
    line: Vec<u8>,
    index: Option<HashMap<u64, u64>>,
    hasher: RandomState,
}

impl Batch {
    pub(super) fn open(path: &Path, id: Selector) -> io::Result<Self> {
        let file = BufReader::with_capacity(64 * 1024, File::open(path)?);
        Ok(Self { file, id, line: Vec::new(), index: None, hasher: RandomState::new() })
    }

    /// The answer with this id.
    pub(super) fn find(&mut self, id: &str, answer: impl Fn(Vec<u8>, Option<Json>) -> Reply) -> Reply {
        match self.look(id) {
            Ok(Some((bytes, json))) => answer(bytes, Some(json)),
            Ok(None) => Reply::Broken("is missing in the batch".to_owned()),
            Err(error) => Reply::Unreachable(error.to_string()),
        }
    }

    fn look(&mut self, id: &str) -> io::Result<Option<(Vec<u8>, Json)>> {
        if self.index.is_none()
            && self.next()?
            && let Some(json) = self.is(id)
        {
            return Ok(Some((std::mem::take(&mut self.line), json)));
        }
        if self.index.is_none() {
            self.index = Some(self.read_all()?);
        }
        let place = self.index.as_ref().and_then(|index| index.get(&self.hasher.hash_one(id))).copied();
        let Some(place) = place else { return Ok(None) };
        self.file.seek(SeekFrom::Start(place))?;
        let json = if self.next()? { self.is(id) } else { None };
        Ok(json.map(|json| (std::mem::take(&mut self.line), json)))
    }

    /// Where each id's line begins; of two with one id, the second counts for neither.
    fn read_all(&mut self) -> io::Result<HashMap<u64, u64>> {
        let mut index = HashMap::new();
        self.file.seek(SeekFrom::Start(0))?;
        let mut place = 0;
        while self.next()? {
            let line = Json::parse(&self.line).ok();
            if let Some(id) = line.as_ref().and_then(|line| self.id_of(line))
                && index.insert(self.hasher.hash_one(id), place).is_some()
            {
                return Err(io::Error::other(format!("`{}` has two answers in the batch", document::shorten(id))));
            }
            place += self.line.len() as u64;
        }
        Ok(index)
    }

    fn next(&mut self) -> io::Result<bool> {
        self.line.clear();
        let read = (&mut self.file).take(LONGEST).read_until(b'\n', &mut self.line)? as u64;
        if read == LONGEST && self.line.last() != Some(&b'\n') {
            return Err(io::Error::other(format!("a line of the batch is longer than {LONGEST} bytes")));
        }
        Ok(read > 0)
    }

    /// The line, where it is the answer with this id.
    fn is(&self, id: &str) -> Option<Json> {
        let line = Json::parse(&self.line).ok()?;
        (self.id_of(&line)? == id).then_some(line)
    }

    fn id_of<'a>(&self, line: &'a Json) -> Option<&'a str> {
        match self.id.one(line)? {
            Json::Text(id) | Json::Number(id) => Some(id),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, ids: &[&str]) -> Vec<String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let mut batch = Batch::open(file.path(), "$.id".parse().unwrap()).unwrap();
        let told = |bytes: Vec<u8>, _| Reply::Broken(String::from_utf8(bytes).unwrap().trim_end().to_owned());
        let found = ids.iter().map(|id| match batch.find(id, told) {
            Reply::Broken(text) | Reply::Unreachable(text) => text,
            other => format!("{other:?}"),
        });
        found.collect()
    }

    #[test]
    fn answers_are_found_in_order_and_out_of_order() {
        let text = "{\"id\":\"a\"}\n{\"id\":2}\n{\"id\":\"c\"}\n";
        assert_eq!(found(text, &["a", "2", "c"]), ["{\"id\":\"a\"}", "{\"id\":2}", "{\"id\":\"c\"}"]);
        assert_eq!(
            found(text, &["c", "a", "b", "2"]),
            ["{\"id\":\"c\"}", "{\"id\":\"a\"}", "is missing in the batch", "{\"id\":2}"]
        );
        assert_eq!(found("{\"id\":\"a\"}\n{\"id\":\"a\"}\n", &["b"]), ["`a` has two answers in the batch"]);
        assert_eq!(found("", &["a"]), ["is missing in the batch"]);
    }
}
