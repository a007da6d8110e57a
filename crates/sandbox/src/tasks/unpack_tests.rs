use super::*;
use std::io::Write;
use tempfile::TempDir;

/// A layer of (path, content); a content starting with `->` is a link.
fn layer(folder: &TempDir, name: &str, entries: &[(&str, &str)]) -> Layer {
    let path = folder.path().join(name);
    let mut builder = tar::Builder::new(flate2::write::GzEncoder::new(File::create(&path).unwrap(), flate2::Compression::fast()));
    for (entry, content) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        // The tar crate refuses to write hostile names, so they are put into the header by hand.
        header.as_gnu_mut().unwrap().name[..entry.len()].copy_from_slice(entry.as_bytes());
        let content = match content.strip_prefix("->") {
            Some(target) => {
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_link_name(target).unwrap();
                ""
            }
            None => content,
        };
        header.set_size(content.len() as u64);
        header.set_cksum();
        builder.append(&header, content.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap().flush().unwrap();
    Layer { path, media_type: "application/vnd.oci.image.layer.v1.tar+gzip".to_owned() }
}

fn unpacked(layers: &[&[(&str, &str)]]) -> (TempDir, io::Result<()>) {
    let folder = TempDir::new().unwrap();
    let layers: Vec<Layer> =
        layers.iter().enumerate().map(|(n, entries)| layer(&folder, &n.to_string(), entries)).collect();
    let result = unpack(&layers, &folder.path().join("root"));
    (folder, result)
}

#[test]
fn upper_layers_replace_and_white_out_lower_ones() {
    let (folder, result) = unpacked(&[
        &[("app/old", "1"), ("app/kept", "1"), ("data/a", "1"), ("data/b", "1"), ("swap", "file")],
        &[("app/.wh.old", ""), ("data/c", "2"), ("data/.wh..wh..opq", ""), ("swap/inside", "2")],
    ]);
    result.unwrap();
    let root = folder.path().join("root");
    assert!(!root.join("app/old").exists() && root.join("app/kept").exists());
    assert!(!root.join("data/a").exists() && !root.join("data/b").exists() && root.join("data/c").exists());
    assert_eq!(fs::read_to_string(root.join("swap/inside")).unwrap(), "2");
}

#[test]
fn a_layer_cannot_write_outside_its_root() {
    let (folder, result) = unpacked(&[&[("../evil", "x")]]);
    assert!(result.is_err());
    assert!(!folder.path().join("evil").exists());

    let outside = TempDir::new().unwrap();
    let link = format!("->{}", outside.path().display());
    let (_, result) = unpacked(&[&[("door", &link), ("door/evil", "x")]]);
    assert!(result.is_err());
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[test]
fn a_white_out_cannot_remove_anything_outside_its_root() {
    let outside = TempDir::new().unwrap();
    fs::write(outside.path().join("precious"), "x").unwrap();
    let link = format!("->{}", outside.path().display());
    for white_out in ["door/.wh.precious", "door/.wh..wh..opq"] {
        let (_, result) = unpacked(&[&[("door", &link)], &[(white_out, "")]]);
        assert!(outside.path().join("precious").exists(), "{white_out} removed it; {result:?}");
    }
    let (_, result) = unpacked(&[&[("../.wh.precious", "")]]);
    assert!(result.is_err());
}

#[test]
fn a_layer_of_an_unknown_kind_is_named() {
    let folder = TempDir::new().unwrap();
    let mut layer = layer(&folder, "l", &[("a", "b")]);
    layer.media_type = "application/vnd.oci.image.layer.v1.tar+brotli".to_owned();
    let error = unpack(&[layer], &folder.path().join("root")).unwrap_err();
    assert!(error.to_string().contains("tar+brotli"), "{error}");
}
