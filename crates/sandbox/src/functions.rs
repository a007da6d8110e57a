//! Lambda functions that lifecycle hooks ask: there is no Lambda here, so what each says is written down before.

use serde::Deserialize;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, PoisonError},
};

/// What functions say, by their ARNs.
#[derive(Debug, Default)]
pub(crate) struct Functions(Mutex<BTreeMap<String, VecDeque<HookWord>>>);

/// `hookStatus` of a function's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum HookWord {
    /// It is to be asked again.
    InProgress,
    Succeeded,
    Failed,
}

impl Functions {
    /// From now on the functions say this, one word each time they are asked; the last one again and again.
    pub(crate) fn set(&self, words: BTreeMap<String, VecDeque<HookWord>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = words;
    }

    /// What a function says. One that does not exist cannot be called, which fails a hook.
    pub(crate) fn ask(&self, function: &str) -> HookWord {
        let mut functions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(words) = functions.get_mut(function) else { return HookWord::Failed };
        let next = if words.len() > 1 { words.pop_front() } else { words.front().copied() };
        next.unwrap_or(HookWord::Failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_said_in_order_and_the_last_for_ever() {
        let functions = Functions::default();
        let words = [HookWord::InProgress, HookWord::Succeeded];
        functions.set([("f".to_owned(), words.into())].into());
        let said: Vec<HookWord> = (0..3).map(|_| functions.ask("f")).collect();
        assert_eq!(said, [HookWord::InProgress, HookWord::Succeeded, HookWord::Succeeded]);
        assert_eq!(functions.ask("g"), HookWord::Failed);
    }
}
