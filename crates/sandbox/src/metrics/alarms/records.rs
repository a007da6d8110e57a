//! All alarms with their states and history, and the looking at them that goes on by itself.

use super::{
    definition::Definition,
    evaluation::{Finding, State},
};
use crate::metrics::store::Metrics;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// How many lines of history are kept.
const HISTORY_KEPT: usize = 1000;

/// All alarms.
#[derive(Debug, Default)]
pub(crate) struct Alarms(Mutex<Records>);

#[derive(Debug, Default)]
pub(super) struct Records {
    pub(super) alarms: BTreeMap<String, Alarm>,
    /// Newest first.
    pub(super) history: VecDeque<HistoryItem>,
}

#[derive(Debug)]
pub(super) struct Alarm {
    pub(super) definition: Definition,
    pub(super) state: State,
    pub(super) reason: String,
    /// JSON; none where nothing was evaluated.
    pub(super) reason_data: Option<String>,
    pub(super) configured_at: Timestamp,
    pub(super) updated_at: Timestamp,
    /// The end of the last period that was evaluated.
    evaluated_to: Option<i64>,
}

/// A line of an alarm's history.
#[derive(Debug, Clone)]
pub(super) struct HistoryItem {
    pub(super) alarm: String,
    pub(super) at: Timestamp,
    /// `HistoryItemType`.
    pub(super) kind: &'static str,
    pub(super) summary: String,
    pub(super) data: Value,
}

impl Alarms {
    pub(super) fn records(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Evaluates every alarm one of whose periods is over.
    pub(crate) fn tick(&self, metrics: &Metrics, now: Timestamp) {
        let mut records = self.records();
        let mut changes = Vec::new();
        for alarm in records.alarms.values_mut() {
            let (condition, second) = (alarm.definition.condition, now.as_second());
            let range = condition.range(second);
            if alarm.evaluated_to == Some(range.1) {
                continue;
            }
            alarm.evaluated_to = Some(range.1);
            let finding = condition.evaluate(&alarm.definition.points(metrics, range), alarm.state);
            if finding.state != alarm.state || alarm.reason_data.is_none() {
                let data = reason_data(alarm, &finding, now);
                changes.push(alarm.turn(finding.state, finding.reason, Some(data), now));
            }
        }
        changes.into_iter().flatten().for_each(|item| records.note(item));
    }

    /// Which of these alarms are in `ALARM` now.
    pub(crate) fn ringing(&self, names: &[String]) -> Vec<String> {
        let records = self.records();
        let rings = |name: &&String| records.alarms.get(*name).is_some_and(|alarm| alarm.state == State::Alarm);
        names.iter().filter(rings).cloned().collect()
    }
}

impl Records {
    /// Puts an alarm; one of that name is replaced and keeps its state.
    pub(super) fn put(&mut self, definition: Definition, now: Timestamp) {
        let name = definition.name.clone();
        let known = self.alarms.remove(&name);
        let verb = if known.is_some() { "updated" } else { "created" };
        self.note(HistoryItem {
            alarm: name.clone(),
            at: now,
            kind: "ConfigurationUpdate",
            summary: format!("Alarm \"{name}\" {verb}"),
            data: json!({"version": "1.0", "type": if known.is_some() { "Update" } else { "Create" }}),
        });
        let fresh = Alarm {
            state: State::InsufficientData,
            reason: "Unchecked: Initial alarm creation".to_owned(),
            reason_data: None,
            configured_at: now,
            updated_at: now,
            evaluated_to: None,
            definition: definition.clone(),
        };
        let alarm = match known {
            Some(known) => Alarm { definition, configured_at: now, evaluated_to: None, ..known },
            None => fresh,
        };
        self.alarms.insert(name, alarm);
    }

    pub(super) fn note(&mut self, item: HistoryItem) {
        self.history.push_front(item);
        self.history.truncate(HISTORY_KEPT);
    }
}

impl Alarm {
    /// Puts it in a state; a line of history where that is another one.
    pub(super) fn turn(
        &mut self,
        state: State,
        reason: String,
        data: Option<String>,
        now: Timestamp,
    ) -> Option<HistoryItem> {
        let moment = |state: State, reason: &str| json!({"stateValue": state.word(), "stateReason": reason});
        let item = (state != self.state).then(|| HistoryItem {
            alarm: self.definition.name.clone(),
            at: now,
            kind: "StateUpdate",
            summary: format!("Alarm updated from {} to {}", self.state.word(), state.word()),
            data: json!({
                "version": "1.0", "oldState": moment(self.state, &self.reason), "newState": moment(state, &reason),
            }),
        });
        (self.state, self.reason, self.reason_data, self.updated_at) = (state, reason, data, now);
        item
    }
}

/// `StateReasonData`.
fn reason_data(alarm: &Alarm, finding: &Finding, now: Timestamp) -> String {
    let condition = alarm.definition.condition;
    let values: Vec<f64> = finding.points.iter().map(|(_, value)| *value).collect();
    json!({
        "version": "1.0",
        "queryDate": now.to_string(),
        "period": condition.period,
        "recentDatapoints": values,
        "threshold": condition.threshold,
    })
    .to_string()
}
