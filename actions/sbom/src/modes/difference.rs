//! A difference as outputs, tables and findings. Pure.

use super::{Checked, ModeSettings, checked::Weight, checks::alarming};
use crate::diff::{Diff, table};

/// Tells a difference; what `refuse` names is a "no".
pub(super) fn tell(checked: &mut Checked, difference: &Diff, settings: &ModeSettings, against: &str) {
    checked.output("added", difference.added.len());
    checked.output("removed", difference.removed.len());
    checked.output("changed", difference.changed.len());
    checked.part("diff", difference);
    checked.show(|summary| table(summary, difference, against));
    for (kind, count, words) in alarming(difference) {
        if count == 0 {
            continue;
        }
        let refuses = settings.refuse.contains(&kind);
        let told = if refuses { Weight::Refuses } else { Weight::Told };
        checked.finding(told, format!("{count} {words}, compared with {against}"));
    }
}
