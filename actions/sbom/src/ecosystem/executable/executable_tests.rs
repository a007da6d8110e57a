use super::*;
use crate::{
    ecosystem::Place as Where,
    graph::{Place, Scope},
};
use std::io::Write as _;

/// Where the programs made here are mapped.
const BASE: u64 = 0x40_0000;

fn deflated(json: &str) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(json.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn listing() -> Vec<u8> {
    deflated(
        r#"{"packages":[{"name":"app","version":"1.0.0","source":"local","root":true,"dependencies":[1]},{"name":"fnv","version":"1.0.7","source":"crates.io"}]}"#,
    )
}

/// Go's header and strings of today.
fn inline_info(listing: &str) -> Vec<u8> {
    let listing = format!("0123456789abcdef{listing}fedcba9876543210");
    let mut info = [b"\xff Go buildinf:", &[8, 2][..], &[0; 16]].concat();
    for text in ["go1.26.1", &listing] {
        let length = text.len();
        if length > 127 {
            info.push((length & 0x7f | 0x80) as u8);
            info.push((length >> 7) as u8);
        } else {
            info.push(length as u8);
        }
        info.extend(text.as_bytes());
    }
    info
}

/// A 64-bit little-endian ELF file of these sections, the first at offset 0x1000, all in one writable segment.
fn elf(sections: &[(&str, &[u8])]) -> Vec<u8> {
    let mut file = vec![0; 0x1000];
    let mut names = vec![0];
    let mut headers = vec![0; 64];
    let mut header = |name: usize, kind: u32, offset: usize, size: usize| {
        headers.extend(u32::try_from(name).unwrap().to_le_bytes());
        headers.extend(kind.to_le_bytes());
        headers.extend([0; 8]);
        for number in [BASE + offset as u64, offset as u64, size as u64] {
            headers.extend(number.to_le_bytes());
        }
        headers.extend([0; 24]);
    };
    for (name, bytes) in sections {
        header(names.len(), 1, file.len(), bytes.len());
        names.extend(name.as_bytes());
        names.push(0);
        file.extend(*bytes);
        file.resize(file.len().next_multiple_of(16), 0);
    }
    header(0, 3, file.len(), names.len());
    file.extend(&names);
    let table = file.len() as u64;
    file.extend(&headers);
    file[..6].copy_from_slice(b"\x7fELF\x02\x01");
    file[32..40].copy_from_slice(&64_u64.to_le_bytes());
    file[40..48].copy_from_slice(&table.to_le_bytes());
    let count = u16::try_from(sections.len() + 2).unwrap();
    for (at, number) in [(54, 56), (56, 1), (58, 64), (60, count), (62, count - 1)] {
        file[at..at + 2].copy_from_slice(&u16::to_le_bytes(number));
    }
    file[64..72].copy_from_slice(&[1, 0, 0, 0, 2, 0, 0, 0]);
    file[80..88].copy_from_slice(&BASE.to_le_bytes());
    file[96..104].copy_from_slice(&table.to_le_bytes());
    file
}

/// A 64-bit Mach-O file with one segment of one section.
fn macho(section: &str, bytes: &[u8]) -> Vec<u8> {
    let mut file = [&[0xcf, 0xfa, 0xed, 0xfe][..], &[0; 12], &[1, 0, 0, 0, 152, 0, 0, 0], &[0; 8]].concat();
    let padded = |text: &str| [text.as_bytes(), &vec![0; 16 - text.len()]].concat();
    file.extend([0x19, 0, 0, 0, 152, 0, 0, 0]);
    file.extend(padded("__DATA"));
    for number in [BASE, 0x1000, 184, bytes.len() as u64] {
        file.extend(number.to_le_bytes());
    }
    file.extend([0, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    file.extend([padded(section), padded("__DATA")].concat());
    file.extend([BASE.to_le_bytes(), (bytes.len() as u64).to_le_bytes()].concat());
    file.extend(184_u32.to_le_bytes());
    file.resize(184, 0);
    file.extend(bytes);
    file
}

/// A 32-bit executable of Windows with one writable section.
fn pe(section: &[u8; 8], bytes: &[u8]) -> Vec<u8> {
    let mut file = vec![0; 0x200];
    file[..2].copy_from_slice(b"MZ");
    file[0x3c] = 0x80;
    file[0x80..0x84].copy_from_slice(b"PE\0\0");
    file[0x86] = 1;
    file[0x94] = 0xe0;
    file[0x98..0x9a].copy_from_slice(&[0x0b, 0x01]);
    let at = 0x80 + 24 + 0xe0;
    file[at..at + 8].copy_from_slice(section);
    let size = u32::try_from(bytes.len()).unwrap();
    for (offset, number) in [(8, size), (16, size), (20, 0x200), (36, 0xc000_0040)] {
        file[at + offset..at + offset + 4].copy_from_slice(&number.to_le_bytes());
    }
    file.extend(bytes);
    file
}

fn of(bytes: &[u8]) -> Result<Vec<Inventory>, ParseError> {
    read(&Found { place: Place { path: "bin/app".to_owned(), layer: None }, bytes: bytes.to_vec() })
}

fn names(inventories: &[Inventory]) -> Vec<String> {
    let packages = inventories.iter().flat_map(|inventory| &inventory.packages);
    packages.map(|package| format!("{}@{}", package.name, package.version.as_deref().unwrap_or("-"))).collect()
}

const GO: &str = "path\texample.com/a\nmod\texample.com/a\tv1.0.0\t\ndep\texample.com/b\tv2.0.0\th1:x=\n";

#[test]
fn every_kind_of_executable_says_the_same() {
    let info = inline_info(GO);
    let go = ["example.com/a@v1.0.0", "example.com/b@v2.0.0", "stdlib@1.26.1"];
    let padded = [&[0; 48][..], &info].concat();
    for file in
        [elf(&[(".text", b"x"), (".go.buildinfo", &info)]), macho("__go_buildinfo", &info), pe(b".data\0\0\0", &padded)]
    {
        assert_eq!(names(&of(&file).unwrap()), go);
    }
    let rust = ["app@1.0.0", "fnv@1.0.7"];
    for file in [elf(&[(".dep-v0", &listing())]), macho(".dep-v0", &listing()), pe(b".dep-v0\0", &listing())] {
        let inventories = of(&file).unwrap();
        assert_eq!(names(&inventories), rust);
        assert!(inventories[0].files.is_empty());
        assert!(inventories[0].packages.iter().all(|package| package.scope == Scope::Required));
    }
    let both = of(&elf(&[(".dep-v0", &listing()), (".go.buildinfo", &info)])).unwrap();
    assert_eq!((both.len(), names(&both).len()), (2, 5));
}

#[test]
fn a_universal_file_holds_several_programs_and_a_class_file_none() {
    let program = macho("__go_buildinfo", &inline_info(GO));
    let size = u32::try_from(program.len()).unwrap();
    let mut file = [&[0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 2][..], &[0; 40]].concat();
    for (index, start) in [48, 48 + size].into_iter().enumerate() {
        let at = 8 + index * 20;
        file[at + 8..at + 12].copy_from_slice(&start.to_be_bytes());
        file[at + 12..at + 16].copy_from_slice(&size.to_be_bytes());
    }
    file.extend([&program[..], &program[..]].concat());
    assert_eq!(names(&of(&file).unwrap()).len(), 6);
    assert_eq!(of(&file[..file.len() - 1]).unwrap()[0].remarks.len(), 1);
    let class = [&[0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 61][..], &[0; 300]].concat();
    assert_eq!(of(&class), Ok(vec![]));
}

/// Programs of Go 1.17 and older point to their strings.
#[test]
fn strings_that_are_pointed_to_are_found() {
    let listing = format!("0123456789abcdef{GO}fedcba9876543210");
    let at = |offset: usize| (BASE + 0x1000 + offset as u64).to_le_bytes();
    let mut info = [b"\xff Go buildinf:", &[8, 0][..], &at(32), &at(48)].concat();
    info.extend([at(64), 6_u64.to_le_bytes(), at(80), (listing.len() as u64).to_le_bytes()].concat());
    info.extend([b"go1.17".as_slice(), &[0; 10], listing.as_bytes()].concat());
    let file = elf(&[(".go.buildinfo", &info)]);
    assert_eq!(names(&of(&file).unwrap()), ["example.com/a@v1.0.0", "example.com/b@v2.0.0", "stdlib@1.17"]);
    let mut astray = file.clone();
    astray[0x1000 + 48..0x1000 + 56].fill(0xff);
    assert!(of(&astray).unwrap_err().message.contains("points nowhere"));
}

#[test]
fn what_is_hidden_is_said_and_what_says_nothing_is_passed_over() {
    for (file, wanted) in [
        (elf(&[(".gopclntab", b"x")]), Some("was removed")),
        (elf(&[(".go.buildinfo", &inline_info("").replace_listing())]), Some("without modules")),
        (elf(&[(".text", b"x")]), None),
        (pe(b"UPX0\0\0\0\0", b"x"), None),
        ([&b"MZ"[..], &[0x90; 300]].concat(), Some("headers are not all there")),
        ([&b"MZ"[..], &[0; 300]].concat(), None),
        (b"#!/bin/sh\necho hello\n".to_vec(), None),
        (Vec::new(), None),
    ] {
        let inventories = of(&file).unwrap();
        let said =
            inventories.iter().flat_map(|inventory| &inventory.remarks).map(|remark| remark.text.as_str()).next();
        assert_eq!(said.is_some(), wanted.is_some(), "{said:?} {wanted:?}");
        assert!(said.unwrap_or_default().contains(wanted.unwrap_or_default()), "{said:?} {wanted:?}");
    }
    let mut packed = elf(&[]);
    packed[40..48].fill(0);
    packed[0x100..0x104].copy_from_slice(b"UPX!");
    assert!(of(&packed).unwrap()[0].remarks[0].text.contains("UPX"));
}

trait ReplaceListing {
    fn replace_listing(self) -> Vec<u8>;
}

impl ReplaceListing for Vec<u8> {
    /// A program built without modules has an empty list, without sentinels.
    fn replace_listing(mut self) -> Vec<u8> {
        self.truncate(32 + 9);
        self.push(0);
        self
    }
}

#[test]
fn a_program_cut_off_anywhere_is_refused_or_said_or_whole() {
    let info = inline_info(GO);
    for whole in [elf(&[(".go.buildinfo", &info), (".dep-v0", &listing())]), macho(".dep-v0", &listing())] {
        let all = of(&whole).unwrap();
        for end in 6..whole.len() {
            match of(&whole[..end]) {
                Ok(inventories) => {
                    let said = inventories.iter().any(|inventory| !inventory.remarks.is_empty());
                    assert!(said || inventories == all, "{end}");
                }
                Err(error) => assert!(error.message.contains("cut off"), "{error}"),
            }
        }
    }
}

#[test]
fn a_list_of_crates_that_inflates_without_end_is_refused() {
    let bomb = deflated(&" ".repeat(9 << 20));
    assert!(of(&elf(&[(".dep-v0", &bomb)])).unwrap_err().message.contains("8 MiB"));
}

#[test]
fn programs_are_looked_for_in_images_by_mode_or_name() {
    let candidate = |path, place, size, executable| Candidate { path, place, size, executable };
    for (file, wanted) in [
        (candidate("usr/bin/app", Where::Image, 5000, true), true),
        (candidate("usr/bin/app", Where::Image, 5000, false), false),
        (candidate("usr/bin/true", Where::Image, 30, true), false),
        (candidate("usr/lib/libx.so.1.2", Where::Image, 5000, false), true),
        (candidate("usr/lib/libx.so", Where::Image, 5000, false), true),
        (candidate("app/native.node", Where::Image, 5000, false), true),
        (candidate("usr/share/sound", Where::Image, 5000, false), false),
        (candidate("bin/app", Where::Tree, 5000, true), false),
    ] {
        assert_eq!(is_executable(&file), wanted, "{}", file.path);
    }
}

/// Sections of Windows' executables may come in any order behind the headers, so that a cut in front of one hides it.
#[test]
fn a_windows_program_cut_off_anywhere_says_all_or_says_so() {
    let whole = pe(b".data\0\0\0", &inline_info("path\tx\nmod\texample.com/x\tv1.0.0\n"));
    let all = of(&whole).unwrap();
    assert_eq!(names(&all).len(), 2);
    for end in 2..whole.len() {
        let Ok(inventories) = of(&whole[..end]) else { continue };
        let said = inventories.iter().any(|inventory| !inventory.remarks.is_empty());
        assert!(said || inventories == all, "{end} of {}", whole.len());
    }
    assert_eq!(of(&pe(b".data\0\0\0", b"nothing of Go or Rust")).unwrap(), []);
}
