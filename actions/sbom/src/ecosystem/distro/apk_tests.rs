use super::*;

/// Written by hand after the documented format; no Alpine mirror is at hand where this was made.
const INSTALLED: &str = "\
C:Q1qKcZ+j23xssAXmgQhkOO8dHnbWw=
P:musl
V:1.2.5-r0
A:x86_64
S:411076
L:MIT
o:musl
m:Timo Teras <timo.teras@iki.fi>
p:so:libc.musl-x86_64.so.1=1
F:lib
R:ld-musl-x86_64.so.1
a:0:0:755
Z:Q1vGcrkGbr4rsO0gKxvqDBgkMSNL0=

C:Q1/////////////////////////////w=
P:busybox
V:1.36.1-r29
A:x86_64
L:GPL-2.0-only
o:busybox
D:so:libc.musl-x86_64.so.1
p:cmd:busybox=1.36.1-r29 /bin/sh

P:ssl_client
V:1.36.1-r29
A:x86_64
L:GPL-2.0-only AND MIT
o:busybox
D:so:libc.musl-x86_64.so.1 so:libssl.so.3 /bin/sh busybox>=1.36 !uclibc-utils
F:
R:root-file
F:usr/bin
R:ssl_client

";

fn read(text: &str) -> Result<Inventory, ParseError> {
    let known = ["usr/bin/ssl_client", "root-file", "lib/other"];
    parse(text.as_bytes(), None, &|path| known.contains(&path).then(|| path.to_owned()))
}

#[test]
fn packages_have_purls_licences_checksums_edges_and_files() {
    let found = read(INSTALLED).unwrap();
    let purls: Vec<_> = found.packages.iter().map(|package| package.origin.clone()).collect();
    let purl = |text: &str| Origin::Purl(text.to_owned());
    assert_eq!(
        purls,
        [
            purl("pkg:apk/alpine/musl@1.2.5-r0?arch=x86_64"),
            purl("pkg:apk/alpine/busybox@1.36.1-r29?arch=x86_64"),
            purl("pkg:apk/alpine/ssl_client@1.36.1-r29?arch=x86_64&upstream=busybox"),
        ]
    );
    let [musl, busybox, ssl_client] = &found.packages[..] else { panic!("three packages") };
    assert_eq!((&busybox.needs[..], &ssl_client.needs[..]), (&[0][..], &[0, 1][..]));
    assert_eq!((busybox.needs_known, ssl_client.needs_known), (Knowledge::Complete, Knowledge::Incomplete));
    assert!(found.remarks[0].text.contains("`ssl_client` needs `so:libssl.so.3`"), "{:?}", found.remarks);
    let sum = musl.checksums.first().unwrap();
    assert_eq!((sum.algorithm, sum.hex.len()), ("SHA-1", 40));
    assert_eq!(sum.hex, "a8a719fa3db7c6cb005e681086438ef1d1e76d6c");
    assert_eq!(found.owned, [("root-file".to_owned(), 2), ("usr/bin/ssl_client".to_owned(), 2)]);
    assert_eq!(found.listing, Knowledge::Complete);
}

#[test]
fn a_database_that_is_cut_anywhere_is_never_silently_smaller() {
    let whole = read(INSTALLED).unwrap();
    let ends: Vec<usize> = INSTALLED.match_indices("\n\n").map(|(at, _)| at + 2).collect();
    for cut in 1..INSTALLED.len() {
        match read(&INSTALLED[..cut]) {
            Err(_) => {}
            // Between two packages nothing tells a cut from a smaller system: apk keeps no count.
            Ok(found) if ends.contains(&cut) => assert!(found.packages.len() < whole.packages.len()),
            Ok(found) => assert_eq!(found.listing, Knowledge::Incomplete, "cut at {cut}"),
        }
    }
    for (text, line) in [("P:a\nnonsense\n\n", 2), ("P:a\n\n", 1), ("\nV:1\n\n", 2), ("P:a\nV:1", 2)] {
        assert_eq!(read(text).unwrap_err().line, line, "{text:?}");
    }
}

proptest::proptest! {
    #[test]
    fn nothing_makes_it_panic(at in 0..INSTALLED.len(), byte: u8, cut in 0..INSTALLED.len()) {
        let mut bytes = INSTALLED.as_bytes().to_vec();
        bytes[at] = byte;
        bytes.truncate(cut.max(at));
        let _ = parse(&bytes, None, &|path| Some(path.to_owned()));
    }
}
