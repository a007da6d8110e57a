//! The matrix of image references: every registry form, path depth and suffix that deployment tools meet, and what each is.

use subject::{Digest, Reference};

const REGISTRIES: [&str; 9] = [
    "[::1]:5000",
    "registry.example",
    "registry.example:8080",
    "localhost",
    "localhost:5000",
    "127.0.0.1:5000",
    "public.ecr.aws",
    "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
    "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
];

const PATHS: [&str; 7] = ["app", "org/app", "a/b/c", "a/b/c/d/e", "my-app", "my_app", "my.app__x"];

const TAGS: [&str; 6] = ["latest", "v1.2.3", "1", "sha-0123abc", "V1_x.y-z", "2026.11.30"];

#[test]
fn every_registry_path_and_suffix_is_what_it_says() {
    let digest = Digest::of(b"image");
    let mut forms = 0;
    for registry in REGISTRIES {
        for path in PATHS {
            let repository = format!("{registry}/{path}");
            for tag in TAGS {
                let tagged: Reference = format!("{repository}:{tag}").parse().unwrap();
                assert!(matches!(&tagged, Reference::Tag(_)), "{repository}:{tag}");
                assert_eq!(tagged.to_string(), format!("{repository}:{tag}"));
                assert_eq!((tagged.repository().registry(), tagged.repository().path()), (registry, path));
                let both: Reference = format!("{repository}:{tag}@{digest}").parse().unwrap();
                assert_eq!(both.to_string(), format!("{repository}@{digest}"), "the digest decides");
                forms += 2;
            }
            let pinned: Reference = format!("{repository}@{digest}").parse().unwrap();
            assert!(matches!(&pinned, Reference::Image(image) if image.digest == digest), "{repository}");
            assert_eq!(pinned.repository().to_string(), repository);
            assert!(repository.parse::<Reference>().is_err(), "{repository} names no single image");
            forms += 2;
        }
    }
    assert_eq!(forms, 9 * 7 * 14);
}

/// What other tools complete, guess or cut is refused here: a name that means another image on another machine is no name.
#[test]
fn what_other_tools_guess_at_is_refused() {
    let digest = Digest::of(b"image");
    let short = &digest.to_string()[..40];
    for text in [
        "app",
        "app:v1",
        "org/app:v1",
        &format!("app@{digest}"),
        &format!("org/app@{digest}"),
        &format!("registry.example/app@{short}"),
        &format!("registry.example/app@{}", digest.to_string().to_uppercase()),
        &format!("registry.example/app@{digest}@{digest}"),
        &format!("registry.example/app@{digest}:v1"),
        &format!("https://registry.example/app@{digest}"),
        &format!("user:secret@registry.example/app@{digest}"),
        "registry.example/App:v1",
        "registry.example/app:v 1",
        "registry.example/app:v1\n",
        "registry.example/app:::v1",
        "registry.example:/app:v1",
        "registry.example:port/app:v1",
        "registry.example:65536/app:v1",
        "registry.example:80:80/app:v1",
        ":5000/app:v1",
        "registry.example/app:",
        "registry.example/:v1",
        "registry.example/app/:v1",
        "registry.example/app?x=1:v1",
        "registry.example/app#x:v1",
        "::set-output name=image::x",
    ] {
        assert!(text.parse::<Reference>().is_err(), "{text:?} is taken as {:?}", text.parse::<Reference>());
    }
}
