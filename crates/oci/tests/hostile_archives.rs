//! Layers made to harm: each is refused with one clear error, and no content is handed over.
#![allow(clippy::unwrap_used, reason = "a test stops where it stands")]

#[path = "support/archive.rs"]
#[allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test program uses its own part of this, and stops where it stands"
)]
mod archives;

use archives::{archive, file, gzip, header, image, image_with, member, read};
use oci::{Descriptor, image::Limits, image::unpack, layout::Layout, media};
use std::io::Write as _;
use subject::Digest;

fn pax(records: &[(&str, &str)]) -> Vec<u8> {
    let record = |(key, value): &(&str, &str)| {
        let rest = format!(" {key}={value}\n");
        let length = (1..).find(|length: &usize| length.to_string().len() + rest.len() == *length).unwrap();
        format!("{length}{rest}")
    };
    member("pax", b'x', "", records.iter().map(record).collect::<String>().as_bytes())
}

/// A stored layer, and its archive where the first is compressed.
fn refused(layer: Vec<u8>) -> String {
    read(&image(&[(gzip(&layer), layer)]), &Limits::default()).unwrap_err()
}

#[test]
fn an_archive_that_leads_out_of_the_image_is_refused() {
    let link = |name: &str, target: &str| member(name, b'2', target, b"");
    let hard = |name: &str, target: &str| member(name, b'1', target, b"");
    for (members, wanted) in [
        (vec![file("../evil", "x")], "leads upwards"),
        (vec![file("a/../../evil", "x")], "leads upwards"),
        (vec![file("/etc/passwd", "x")], "absolute path `/etc/passwd`"),
        (vec![file("..", "x")], "leads upwards"),
        (vec![pax(&[("path", "../evil")]), file("good", "x")], "leads upwards"),
        (vec![pax(&[("path", "/evil")]), file("good", "x")], "absolute path"),
        (vec![member("long", b'L', "", b"../evil\0"), file("good", "x")], "leads upwards"),
        (vec![link("out", "../.."), file("out/evil", "x")], "out of the image through a symbolic link"),
        (vec![link("d/out", "../../etc"), file("d/out/evil", "x")], "out of the image through a symbolic link"),
        (vec![link("a", "b"), link("b", "a"), file("a/evil", "x")], "in circles"),
        (vec![link("a", "missing/../x"), file("a/evil", "x")], "no directory"),
        (vec![file("f", "x"), file("f/below", "x")], "no directory"),
        (vec![hard("h", "/etc/passwd")], "absolute path"),
        (vec![hard("h", "../../etc/passwd")], "leads upwards"),
        (vec![hard("h", "nowhere")], "which is no file"),
        (vec![hard("h", "h")], "which is no file"),
        (vec![member("d/", b'5', "", b""), hard("h", "d")], "which is no file"),
        (vec![file(".wh.", "")], "hides nothing"),
        (vec![file("a/.wh...", "")], "hides nothing"),
    ] {
        let error = refused(archive(members));
        assert!(error.contains(wanted), "wanted `{wanted}`: {error}");
        assert!(error.starts_with("read the files of image sha256:") && error.len() < 400, "{error}");
    }
}

#[test]
fn an_archive_that_is_broken_or_lies_about_its_lengths_is_refused() {
    let good = archive([file("a", "content"), file("b", "content")]);
    let cut = |length: usize| good[..length].to_vec();
    let mut checksum = good.clone();
    checksum[0] ^= 1;
    let huge_extension = header(b"long", b'L', b"", 1 << 32).to_vec();
    let beyond = header(b"a", b'0', b"", 1 << 28).to_vec();
    for (layer, wanted) in [
        (cut(300), "cut off"),
        (cut(515), "cut off"),
        (cut(1500), "cut off"),
        (checksum, "no tar archive"),
        (b"this is no archive at all".repeat(100), "no tar archive"),
        (huge_extension, "extended header has"),
        (beyond, "cut off"),
        (archive([pax(&[("size", "99999999")]), file("a", "x")]), "cut off"),
        (archive([pax(&[("size", "99999999999")]), file("a", "x")]), "more than the 536870912 allowed"),
        (archive([pax(&[("size", "-1")]), file("a", "x")]), "pax header is malformed"),
        (archive([member("pax", b'x', "", b"999999 path=a\n"), file("a", "x")]), "pax header is malformed"),
        (archive([member("pax", b'x', "", b"nonsense"), file("a", "x")]), "pax header is malformed"),
        (archive([pax(&[("GNU.sparse.major", "1")]), file("a", "x")]), "sparse"),
        (archive([member("a", b'S', "", b"")]), "sparse"),
        (archive([member("a", b'V', "", b"")]), "unknown type 0x56"),
        (archive([pax(&[("path", &"a/".repeat(3000))]), file("a", "x")]), "too long"),
        (archive([pax(&[("path", &"a".repeat(300))]), file("a", "x")]), "longer than 255"),
        (archive([pax(&[("path", "a\0b")]), file("a", "x")]), "not text"),
    ] {
        let error = refused(layer);
        assert!(error.contains(wanted), "wanted `{wanted}`: {error}");
    }
}

#[test]
fn the_size_in_a_pax_header_decides_where_the_next_member_is() {
    // A reader that believes the plain header would find `inner` (CVE-2025-62518); engines see one file that holds it.
    let inner = archive([file("inner", "smuggled")]);
    let mut outer = pax(&[("size", &inner.len().to_string())]);
    outer.extend(header(b"outer", b'0', b"", 0));
    outer.extend(&inner);
    let layer = archive([outer, file("after", "x")]);
    let all = read(&image(&[(gzip(&layer), layer)]), &Limits::default()).unwrap();
    assert_eq!(all.keys().collect::<Vec<_>>(), ["after", "outer"]);
    assert_eq!(all["outer"], inner);
}

#[test]
fn a_compressed_stream_that_is_broken_is_refused() {
    let layer = archive([file("a", &"content ".repeat(5000))]);
    let whole = gzip(&layer);
    let cut = whole[..whole.len() / 2].to_vec();
    assert!(read(&image(&[(cut, layer.clone())]), &Limits::default()).unwrap_err().contains("cut off"));
    let mut garbled = whole.clone();
    let middle = garbled.len() - 6;
    garbled[middle] ^= 0xff;
    assert!(read(&image(&[(garbled, layer.clone())]), &Limits::default()).is_err());
    let zstd = [&[0x28, 0xb5, 0x2f, 0xfd][..], b"nonsense"].concat();
    assert!(read(&image(&[(zstd, layer.clone())]), &Limits::default()).is_err());
    assert!(read(&image(&[(Vec::new(), layer)]), &Limits::default()).unwrap_err().contains("configuration names"));
}

#[test]
fn a_layer_that_is_not_the_one_named_is_refused() {
    let (one, two) = (archive([file("a", "1")]), archive([file("a", "2")]));
    let error = read(&image(&[(gzip(&one), two.clone())]), &Limits::default()).unwrap_err();
    assert!(error.contains("the configuration names"), "{error}");

    // Changed on disk after the layout was written.
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(folder.path()).unwrap();
    let stored = layout.write_blob(media::LAYER_GZIP, &gzip(&one)).unwrap();
    std::fs::write(layout.blob_path(&stored.digest), gzip(&two)).unwrap();
    let error =
        read(&image_with(&layout, vec![stored.clone()], vec![Digest::of(&two)]), &Limits::default()).unwrap_err();
    assert!(error.contains("that was asked for"), "{error}");

    // The manifest says it is longer than it is.
    let longer = Descriptor { size: stored.size + 1, ..layout.write_blob(media::LAYER_GZIP, &gzip(&one)).unwrap() };
    let folder = tempfile::tempdir().unwrap();
    let other = Layout::create(folder.path()).unwrap();
    other.write_blob(media::LAYER_GZIP, &gzip(&one)).unwrap();
    let error = read(&image_with(&other, vec![longer], vec![Digest::of(&one)]), &Limits::default()).unwrap_err();
    assert!(error.contains("ends after"), "{error}");
}

#[test]
fn bombs_are_stopped_by_ratio_size_and_number() {
    // 400 MiB of zeros in some 400 KiB: one member that claims them honestly.
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let size = 400_u64 << 20;
    encoder.write_all(&header(b"zeros", b'0', b"", size)).unwrap();
    let block = vec![0; 1 << 20];
    for _ in 0..400 {
        encoder.write_all(&block).unwrap();
    }
    let bomb = image(&[(encoder.finish().unwrap(), Vec::new())]);
    let error = read(&bomb, &Limits::default()).unwrap_err();
    assert!(error.contains("grows beyond"), "{error}");

    let layer = archive((0..100).map(|number| file(&format!("f{number}"), "x")));
    let many = image(&[(gzip(&layer), layer)]);
    assert_eq!(read(&many, &Limits { entries: 100, ..Limits::default() }).unwrap().len(), 100);
    let error = read(&many, &Limits { entries: 99, ..Limits::default() }).unwrap_err();
    assert!(error.contains("more than 99"), "{error}");
    let error = read(&many, &Limits { inflated: 50_000, ..Limits::default() }).unwrap_err();
    assert!(error.contains("grows beyond the 50000 bytes"), "{error}");

    // Few members, very many directories on the way to them.
    let deep = |number: u32| file(&format!("d{number}/{}x", "a/".repeat(30)), "x");
    let layer = archive((0..50).map(deep));
    let error = read(&image(&[(gzip(&layer), layer)]), &Limits { entries: 1000, ..Limits::default() }).unwrap_err();
    assert!(error.contains("more than 1000 names"), "{error}");

    let layer = archive([file("large", &"x".repeat(2000))]);
    let error = read(&image(&[(gzip(&layer), layer)]), &Limits { file: 1999, ..Limits::default() }).unwrap_err();
    assert!(error.contains("`large` has 2000 bytes, more than the 1999 allowed"), "{error}");
}

#[test]
fn what_is_unpacked_stays_in_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let outside = folder.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    let link = |name: &str, target: &str| member(name, b'2', target, b"");
    // Two layers: the second writes through an absolute link of the first, which means a place inside the image.
    let lower = archive([link("abs", outside.to_str().unwrap()), link("etc-link", "/etc"), link("self", "/")]);
    let upper = archive([file("abs/evil", "x"), file("etc-link/conf", "y")]);
    let both = image(&[(gzip(&lower), lower), (gzip(&upper), upper)]);
    let root = folder.path().join("root");
    unpack(&both, &Limits::default(), &root).unwrap();
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0, "nothing was written outside");
    assert_eq!(std::fs::read(root.join("etc/conf")).unwrap(), b"y");
    assert_eq!(std::fs::read(root.join("etc-link/conf")).unwrap(), b"y");
    assert_eq!(std::fs::read_link(root.join("etc-link")).unwrap().to_str().unwrap(), "etc");
    assert_eq!(std::fs::read_link(root.join("self")).unwrap().to_str().unwrap(), ".");
    let inside = root.join(outside.strip_prefix("/").unwrap()).join("evil");
    assert_eq!(std::fs::read(inside).unwrap(), b"x");
}

#[test]
fn names_without_end_are_stopped_and_of_several_broken_layers_the_lowest_is_named() {
    let layer = archive((0..50).map(|number| file(&format!("{number}/{}x", "long/".repeat(8)), "x")));
    let many = image(&[(gzip(&layer), layer)]);
    let error = read(&many, &Limits { names: 1000, ..Limits::default() }).unwrap_err();
    assert!(error.contains("more than 1000 bytes"), "{error}");

    let good = archive([file("a", &"x".repeat(5_000_000))]);
    let bad = |name: &str| archive([file(name, "x")]);
    let layers = [good, bad("../one"), bad("../two"), bad("../three")];
    let broken = image(&layers.map(|layer| (gzip(&layer), layer)));
    for _ in 0..20 {
        let error = read(&broken, &Limits::default()).unwrap_err();
        assert!(error.contains("layer 1: ") && error.contains("../one"), "{error}");
    }
}
