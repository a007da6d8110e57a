//! Going around: look, let it happen, do what follows.

use crate::{Answer, End, Event, Host, Journal, Judgement, Order, Rollout, Stage, Target, Why};
use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::Poll,
};

/// A gate and its answer to come.
type Asked<'a> = (usize, Pin<Box<dyn Future<Output = Judgement> + 'a>>);

/// Takes a rollout from where its journal says it is to its end.
///
/// The journal is kept before each order is given; whoever finds it later can go on from there with the same call. A gate
/// is asked while the target is watched: what ends the rollout meanwhile ends the asking.
///
/// # Errors
/// What the target says will not pass; the journal then tells the next one where to go on.
pub async fn drive<T: Target, H: Host>(target: &mut T, host: &H, journal: &mut Journal) -> Result<End, T::Error> {
    let mut rollout = journal.replay();
    let mut gate: Option<Asked<'_>> = None;
    loop {
        // Going back does not wait for a look.
        let aborting = host.is_cancelled() && record(&mut rollout, journal, host, Event::Abort(Why::Cancelled));
        if !aborting {
            let seen = target.observe().await?;
            record(&mut rollout, journal, host, Event::Seen(seen));
        }
        let answer = match rollout.next() {
            Order::Done(end) => return Ok(end),
            Order::Look | Order::Ask(_) => Answer::NotNow,
            Order::Move(weight) => target.shift(weight).await?,
            Order::Promote => target.promote().await?,
            Order::GoBack(why) => target.go_back(&why).await?,
        };
        if answer == Answer::Taken {
            record(&mut rollout, journal, host, Event::Taken);
        }
        match (rollout.next(), &gate) {
            (Order::Ask(question), Some((asked, _))) if *asked == question.gate => {}
            (Order::Ask(question), _) => gate = Some((question.gate, Box::pin(host.ask(question)))),
            _ => gate = None,
        }
        let steady = matches!(rollout.stage(), Stage::Holding { .. } | Stage::Asking { .. } | Stage::Promoting { .. });
        if let Some((asked, judgement)) = first(&mut gate, host.pause(steady)).await {
            gate = None;
            record(&mut rollout, journal, host, Event::Judged(asked, judgement));
        }
    }
}

/// Lets an event happen; where it changed something, writes it down and tells it.
fn record<H: Host>(rollout: &mut Rollout, journal: &mut Journal, host: &H, event: Event) -> bool {
    let at = host.now();
    let changed = rollout.apply(event.clone(), at);
    if changed {
        host.tell(&event, rollout);
        journal.entries.push(crate::Entry { at, event });
        host.keep(journal);
    }
    changed
}

/// The gate's answer where it comes before the pause is over.
async fn first(gate: &mut Option<Asked<'_>>, pause: impl Future<Output = ()>) -> Option<(usize, Judgement)> {
    let mut pause = pin!(pause);
    poll_fn(|context| {
        if let Some((asked, answer)) = gate
            && let Poll::Ready(judgement) = answer.as_mut().poll(context)
        {
            return Poll::Ready(Some((*asked, judgement)));
        }
        pause.as_mut().poll(context).map(|()| None)
    })
    .await
}
