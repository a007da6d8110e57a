//! A tag that somebody else writes at the same moment, and what is said of it.

use crate::{
    registry,
    scripted::{Asked, Scripted},
};
use oci::{
    Descriptor, ErrorKind, Manifest,
    copy::{Movable, Tagged},
    media,
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use subject::{Repository, TagRef};

fn image(mark: &str) -> Manifest {
    let config = Descriptor::of(media::IMAGE_CONFIG, mark.as_bytes());
    let text =
        serde_json::json!({"schemaVersion": 2, "mediaType": media::IMAGE_MANIFEST, "config": config, "layers": []});
    Manifest::parse(text.to_string().into_bytes().into(), None).unwrap()
}

#[tokio::test]
async fn what_became_of_a_tag_is_read_back_and_not_taken_from_the_answer() {
    let (ours, theirs) = (image("ours"), image("theirs"));
    for (put, after, wanted) in [
        (201, "ours", Ok(Tagged::Written)),
        (201, "theirs", Ok(Tagged::Overtaken { by: theirs.digest })),
        (201, "", Err(ErrorKind::Temporary)),
        (409, "ours", Ok(Tagged::Already)),
        (409, "theirs", Ok(Tagged::Taken { by: theirs.digest })),
        (400, "theirs", Ok(Tagged::Taken { by: theirs.digest })),
        (500, "theirs", Err(ErrorKind::Temporary)),
        (403, "", Err(ErrorKind::Unauthorized)),
    ] {
        let asked = Arc::new(AtomicBool::new(false));
        let server = Scripted::start(move |request: &Asked, _: &str| {
            if request.line.starts_with("PUT") {
                assert_eq!(request.header("if-none-match"), "*");
                asked.store(true, Ordering::SeqCst);
                return (put, vec![], vec![]);
            }
            if after.is_empty() || !asked.load(Ordering::SeqCst) {
                return (404, vec![], vec![]);
            }
            let named = image(after);
            (200, vec![("content-type", named.media_type.clone())], named.bytes.to_vec())
        })
        .await;
        let tag = TagRef { repository: Repository::new(&server.host, "org/app").unwrap(), tag: "v1".into() };
        let tagged = registry(None).tag(&ours, &tag, Movable::No).await;
        assert_eq!(tagged.map_err(|error| error.kind()), wanted, "{put}, then {after}");
    }
}
