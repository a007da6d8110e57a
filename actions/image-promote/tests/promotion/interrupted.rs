//! Promotions that are stopped, disturbed, or overtaken by another one.

use crate::{
    BOTH, anonymous, belongs,
    flaky::{Flaky, Trouble},
    kinds, named,
    world::{Referrers, World},
};
use attest::predicate;
use github::Exit;
use oci::copy::Role;
use std::{collections::BTreeSet, time::Duration};
use subject::Repository;

/// Stopped anywhere, run again: always complete, and never a tag on half an image.
#[tokio::test]
async fn a_promotion_that_was_killed_at_any_moment_is_finished_by_the_next() {
    for referrers in BOTH {
        let world = World::new(referrers).await;
        for moment in 0..25_u64 {
            let image = world.release(&format!("killed {moment}"), "PASSED").await;
            let tag = format!("v1.0.{moment}");
            let arguments = [format!("--tags={tag}")];
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let limit = Duration::from_micros(moment * moment * 400);
            let _ = tokio::time::timeout(limit, world.promote(&image, &arguments)).await;
            let there = world.production().image(image.digest);
            if let Some(digest) = named(&world.production(), &tag).await {
                assert_eq!(digest, image.digest);
                let closure = anonymous().closure(&image).await.unwrap();
                let content =
                    closure.parts.iter().filter(|part| matches!(part.role, Role::Content | Role::Evidence { .. }));
                let carried: BTreeSet<_> = content.map(|part| part.manifest.digest).collect();
                let arrived = belongs(&there).await;
                let records: BTreeSet<_> = carried.difference(&arrived).collect();
                assert!(records.len() <= 2, "only the record itself may be on its way: {records:?}");
            }
            let report = world.promote(&image, &arguments).await.unwrap();
            assert_eq!(report.exit(), Exit::Done, "{moment}: {}", report.headline());
            assert!(belongs(&there).await.is_superset(&belongs(&image).await), "{moment}");
            assert_eq!(named(&world.production(), &tag).await, Some(image.digest));
            for end in [&image, &there] {
                let kinds = kinds(end).await;
                assert!(kinds.contains(predicate::PROMOTION) && kinds.contains(predicate::VSA), "{moment}: {kinds:?}");
            }
        }
    }
}

#[tokio::test]
async fn two_promotions_to_one_tag_leave_one_whole_image_and_the_other_says_no() {
    for (referrers, round) in BOTH.into_iter().flat_map(|referrers| (0..6).map(move |round| (referrers, round))) {
        let world = World::new(referrers).await;
        let one = world.release(&format!("one {round}"), "PASSED").await;
        let two = world.release(&format!("two {round}"), "PASSED").await;
        // In every other round the tag may move, so that both may have had it, one after the other.
        let movable = ["--tags=production", "--movable-tags=production"];
        let (arguments, tag) =
            if round % 2 == 0 { (&["--tags=v2.0.0"][..], "v2.0.0") } else { (&movable[..], "production") };
        let (first, second) = tokio::join!(world.promote(&one, arguments), world.promote(&two, arguments));
        let named = named(&world.production(), tag).await.unwrap();
        let done = |outcome: &Result<github::Report, github::Failure>| {
            let exit = outcome.as_ref().map_or_else(github::Failure::exit, github::Report::exit);
            assert!(matches!(exit, Exit::Done | Exit::Refused), "{outcome:?}");
            exit == Exit::Done
        };
        let yes: Vec<_> = [(&one, first), (&two, second)].into_iter().filter(|(_, outcome)| done(outcome)).collect();
        assert!(yes.iter().any(|(image, _)| image.digest == named), "the image that has the tag was told so");
        assert!(tag == "production" || yes.len() == 1, "who says yes is the one whose image is there");
        let there = belongs(&world.production().image(named)).await;
        assert!(there.is_superset(&belongs(&world.staging().image(named)).await), "{round}");
    }
}

/// A registry that hangs up, is out of order or asks for patience, at another request each time: the promotion is whole, or
/// there is none and nothing has the tag; what is left is finished by the next run.
#[tokio::test]
async fn a_registry_that_fails_at_any_request_never_has_half_a_promotion() {
    let world = World::new(Referrers::Api).await;
    for (round, trouble) in [Trouble::HangUp, Trouble::Status(500), Trouble::Status(429), Trouble::CutAnswer]
        .into_iter()
        .cycle()
        .take(16)
        .enumerate()
    {
        let image = world.release(&format!("disturbed {round}"), "PASSED").await;
        let tag = format!("v3.0.{round}");
        // From the third request on for good: retries do not get through.
        let flaky = Flaky::before(&world.host(), trouble, 2 + round * 3).await;
        let production = Repository::new(&flaky.host, world.production().path()).unwrap();
        let tags = format!("--tags={tag}");
        let limit = Duration::from_millis(400);
        let outcome = tokio::time::timeout(limit, world.promote_to(&image, &production, &[&tags])).await;
        if let Ok(Err(failure)) = &outcome {
            assert_eq!(failure.exit(), Exit::Unknown, "{trouble:?} after {round}: {failure}");
        }
        let there = world.production().image(image.digest);
        if let Some(digest) = named(&world.production(), &tag).await {
            assert_eq!(digest, image.digest);
            assert!(belongs(&there).await.contains(&digest));
        } else {
            assert!(!matches!(&outcome, Ok(Ok(report)) if report.exit() == Exit::Done), "a yes without its tag");
        }
        let report = world.promote(&image, &[&tags]).await.unwrap();
        assert_eq!(report.exit(), Exit::Done, "{round}: {}", report.headline());
        assert_eq!(named(&world.production(), &tag).await, Some(image.digest));
        assert!(belongs(&there).await.is_superset(&belongs(&image).await), "{round}");
    }
}

/// The order of what is written: no tag before everything it stands for.
#[tokio::test]
async fn the_tag_is_written_after_everything_it_stands_for() {
    let world = World::new(Referrers::Api).await;
    let image = world.release("ordered", "PASSED").await;
    let proxy = Flaky::before(&world.host(), Trouble::HangUp, usize::MAX).await;
    let production = Repository::new(&proxy.host, world.production().path()).unwrap();
    let report = world.promote_to(&image, &production, &["--tags=v1.0.0"]).await.unwrap();
    assert_eq!(report.exit(), Exit::Done, "{}", report.headline());
    let writes: Vec<String> = proxy.requests().into_iter().filter(|line| line.starts_with("PUT ")).collect();
    let tag = writes.iter().position(|line| line.contains("/manifests/v1.0.0")).unwrap();
    let written = |digest: String| writes.iter().position(|line| line.contains(&format!("/manifests/{digest}")));
    assert!(written(image.digest.to_string()).unwrap() < tag, "{writes:#?}");
    let evidence = anonymous().closure(&image).await.unwrap().evidence();
    let record = report.get("promotion-referrer").unwrap();
    for digest in evidence[&image.digest].iter().map(ToString::to_string) {
        let about_the_promotion = digest == record || Some(digest.as_str()) == report.get("summary-referrer");
        assert_eq!(written(digest).unwrap() > tag, about_the_promotion, "{writes:#?}");
    }
}
