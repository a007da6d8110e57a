use super::*;
use crate::ecosystem::java::zip::Zip;

fn read(bytes: &[u8], name: &str, limit: u64) -> Result<Vec<u8>, ArchiveError> {
    let archive = Archive::open(bytes)?;
    let member = archive.members.iter().find(|member| member.name == name.as_bytes()).unwrap();
    archive.read(member, limit, &mut Budget(1 << 20)).map(Cow::into_owned)
}

fn sample() -> Vec<u8> {
    Zip::default().stored("a", "plain").deflated("b/c", "x".repeat(1000)).stored("", "").finish()
}

#[test]
fn members_are_read_stored_and_deflated_with_anything_in_front_and_a_comment_behind() {
    let mut commented = sample();
    let at = commented.len() - 2;
    commented.splice(at.., [6, 0, b'P', b'K', 5, 6, b'!', b'!']);
    for bytes in [sample(), [b"#!/bin/sh\nexec java -jar $0\n", &sample()[..]].concat(), commented] {
        assert_eq!(read(&bytes, "a", 100), Ok(b"plain".to_vec()));
        assert_eq!(read(&bytes, "b/c", 1000), Ok(vec![b'x'; 1000]));
        assert_eq!(Archive::open(&bytes).unwrap().members.len(), 3);
    }
}

#[test]
fn bytes_behind_the_archive_are_nobodys() {
    let followed = [&sample()[..], b"\n-- signature --\n"].concat();
    assert_eq!(Archive::open(&followed).unwrap().members.len(), 3);
}

#[test]
fn what_is_cut_off_is_no_archive() {
    let mut commented = sample();
    let at = commented.len() - 2;
    commented.splice(at.., [17, 0].into_iter().chain(*b"PK\x05\x06 in a comment"));
    for whole in [sample(), commented] {
        for end in 0..whole.len() {
            assert!(Archive::open(&whole[..end]).is_err(), "{end}");
        }
    }
    assert_eq!(Archive::open(b"").unwrap_err(), ArchiveError::NoDirectory);
    assert_eq!(Archive::open(b"<html>not found</html>\n\n\n").unwrap_err(), ArchiveError::NoDirectory);
}

#[test]
fn a_member_is_what_its_length_and_checksum_say() {
    let mut bytes = sample();
    let at = bytes.windows(5).position(|bytes| bytes == b"plain").unwrap();
    bytes[at] = b'P';
    assert_eq!(read(&bytes, "a", 100), Err(ArchiveError::Member("a".to_owned())));
    let shorter = Zip::default().raw("a", 8, b"\x03\x00", b"something");
    assert_eq!(read(&shorter.finish(), "a", 100), Err(ArchiveError::Member("a".to_owned())));
    let unknown = Zip::default().raw("a", 93, b"x", b"x").finish();
    assert_eq!(read(&unknown, "a", 100), Err(ArchiveError::Method("a".to_owned())));
    let mut encrypted = Zip::default().stored("a", "x");
    encrypted.directory[8] = 1;
    assert_eq!(read(&encrypted.finish(), "a", 100), Err(ArchiveError::Method("a".to_owned())));
}

#[test]
fn nothing_grows_beyond_its_bounds() {
    let bomb = Zip::default().deflated("zeros", vec![0; 2 << 20]).finish();
    assert!(bomb.len() < 50_000);
    assert_eq!(read(&bomb, "zeros", 1 << 20), Err(ArchiveError::TooLarge("zeros".to_owned(), 1 << 20)));
    assert_eq!(read(&bomb, "zeros", 4 << 20), Err(ArchiveError::TooMuch));
    // A member that says less than it holds is read no further than it says.
    let mut liar = Zip::default().deflated("zeros", vec![0; 2 << 20]);
    liar.directory[24..28].copy_from_slice(&10_u32.to_le_bytes());
    assert_eq!(read(&liar.finish(), "zeros", 100), Err(ArchiveError::Member("zeros".to_owned())));
}

#[test]
fn members_that_share_bytes_are_refused() {
    let mut zip = Zip::default().deflated("kernel", vec![0; 100_000]);
    let entry = zip.directory.clone();
    for _ in 0..1000 {
        zip.directory.extend(&entry);
        zip.count += 1;
    }
    assert_eq!(Archive::open(&zip.finish()).unwrap_err(), ArchiveError::Overlap);
}

#[test]
fn a_directory_that_does_not_fit_is_refused() {
    let mut fewer = Zip::default().stored("a", "x").stored("b", "x");
    fewer.count = 1;
    assert_eq!(Archive::open(&fewer.finish()).unwrap_err(), ArchiveError::Directory);
    let mut longer = Zip::default().stored("a", "x");
    longer.directory[28..30].copy_from_slice(&999_u16.to_le_bytes());
    assert_eq!(Archive::open(&longer.finish()).unwrap_err(), ArchiveError::Directory);
    let mut elsewhere = Zip::default().stored("a", "x");
    elsewhere.directory[42..46].copy_from_slice(&9999_u32.to_le_bytes());
    assert_eq!(read(&elsewhere.finish(), "a", 9), Err(ArchiveError::Member("a".to_owned())));
}

/// Bytes 65 535 members and more need Zip64, as does a count of a million.
#[test]
fn zip64_is_read_and_a_million_members_are_too_many() {
    let with_record = |members: u64, zip: Zip| {
        let (offset, size) = (zip.bytes.len() as u64, zip.directory.len() as u64);
        let mut bytes = [zip.bytes, zip.directory].concat();
        let record = bytes.len() as u64;
        bytes.extend(
            [&b"PK\x06\x06"[..], &44_u64.to_le_bytes(), &[0; 12], &members.to_le_bytes(), &members.to_le_bytes()]
                .concat(),
        );
        bytes.extend([size.to_le_bytes(), offset.to_le_bytes()].concat());
        bytes.extend([&b"PK\x06\x07"[..], &[0; 4], &record.to_le_bytes(), &1_u32.to_le_bytes()].concat());
        bytes.extend([&b"PK\x05\x06"[..], &[0; 4], &[0xff; 12], &[0, 0]].concat());
        bytes
    };
    let mut wide = Zip::default().stored("a", "plain");
    wide.directory[20..28].fill(0xff);
    wide.directory[30] = 20;
    wide.directory.extend([1, 0, 16, 0]);
    wide.directory.extend([5_u64.to_le_bytes(), 5_u64.to_le_bytes()].concat());
    let bytes = with_record(1, wide);
    assert_eq!(read(&bytes, "a", 100), Ok(b"plain".to_vec()));
    assert_eq!(read(&[b"#!/bin/sh\n", &bytes[..]].concat(), "a", 100), Ok(b"plain".to_vec()));
    let million = with_record(1_000_000, Zip::default().stored("a", "plain"));
    assert_eq!(Archive::open(&million).unwrap_err(), ArchiveError::Members(1_000_000));
}
