//! Listings of referrers that do not end, are too long, or name what cannot be had.

use crate::{
    registry,
    scripted::{Asked, Scripted},
};
use oci::{Descriptor, ErrorKind, media};
use subject::{Digest, ImageRef, Repository};

fn image(host: &str) -> ImageRef {
    Repository::new(host, "org/app").unwrap().image(Digest::of(b"image"))
}

fn page(entries: &[Descriptor]) -> Vec<u8> {
    serde_json::json!({"schemaVersion": 2, "mediaType": media::IMAGE_INDEX, "manifests": entries})
        .to_string()
        .into_bytes()
}

fn index() -> (&'static str, String) {
    ("content-type", media::IMAGE_INDEX.into())
}

#[tokio::test]
async fn a_listing_that_goes_round_in_circles_is_left_after_64_pages() {
    for (last, good) in [(64, true), (usize::MAX, false)] {
        let server = Scripted::start(move |asked: &Asked, _: &str| {
            let number: usize = asked.line.rsplit_once("page=").map_or(1, |(_, number)| number.parse().unwrap());
            let next = format!("</v2/org/app/referrers/x?page={}>; rel=\"next\"", number + 1);
            let links = (number < last).then_some(("link", next));
            (200, [index()].into_iter().chain(links).collect(), page(&[]))
        })
        .await;
        let found = registry(None).referrers(&image(&server.host), None).await;
        assert_eq!(found.is_ok(), good, "{found:?}");
        assert_eq!(server.lines().len(), 64);
        assert!(found.is_ok_and(|it| it.found.is_empty()) || !good);
    }
}

#[tokio::test]
async fn more_referrers_than_anybody_has_are_not_fetched() {
    let entry = |number: usize| Descriptor::of(media::IMAGE_MANIFEST, number.to_string().as_bytes());
    let server = Scripted::start(move |_: &Asked, _: &str| {
        (200, vec![index()], page(&(0..4097).map(entry).collect::<Vec<_>>()))
    })
    .await;
    let error = registry(None).referrers(&image(&server.host), None).await.unwrap_err();
    assert_eq!((error.kind(), server.lines().len()), (ErrorKind::Invalid, 1), "{error}");
}

#[tokio::test]
async fn a_referrer_that_cannot_be_had_now_is_not_one_that_does_not_count() {
    for (status, wanted) in [(500, Some(ErrorKind::Temporary)), (403, Some(ErrorKind::Unauthorized)), (404, None)] {
        let server = Scripted::start(move |asked: &Asked, _: &str| match asked.line.contains("/referrers/") {
            true => (200, vec![index()], page(&[Descriptor::of(media::IMAGE_MANIFEST, b"referrer")])),
            false => (status, vec![], vec![]),
        })
        .await;
        let found = registry(None).referrers(&image(&server.host), None).await;
        assert_eq!(found.as_ref().err().map(oci::Error::kind), wanted, "{status}");
        assert!(found.is_err() || found.is_ok_and(|it| it.refused.len() == 1), "what is gone is told");
    }
}
