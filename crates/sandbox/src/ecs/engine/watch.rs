//! CloudWatch alarms that are watched while a deployment goes on.

/// The alarms of one deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Watch {
    pub(crate) names: Vec<String>,
    /// Whether a deployment that rings one is rolled back.
    pub(crate) rolls_back: bool,
    pub(crate) state: Watching,
}

/// Whether alarms are heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Watching {
    /// The deployment has not begun.
    NotYet,
    /// As documented: one of them rang already when the deployment began, so none is heard for all of it.
    Ignored,
    Listening,
    /// These rang.
    Heard(Vec<String>),
}

impl Watch {
    /// The deployment begins while these alarms ring.
    pub(super) fn begin(&mut self, ringing: &[String]) {
        self.state = if ringing.is_empty() { Watching::Listening } else { Watching::Ignored };
    }

    /// Whether an alarm rings that is heard.
    pub(super) fn hears(&mut self, ringing: &[String]) -> bool {
        let heard = self.state == Watching::Listening && !ringing.is_empty();
        if heard {
            self.state = Watching::Heard(ringing.to_vec());
        }
        heard
    }
}
