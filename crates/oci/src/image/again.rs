//! A further pass over the layers that hold certain members, whose places are known.

use super::{Image, Limits, pass::Watch, read::check_size, tree::Place};
use std::{collections::BTreeMap, io};

/// Hands over the content of certain members, top layer first. The layers are checked again to their last byte: on disk
/// they may have changed meanwhile. Content handed over before an error is worth nothing.
pub(super) fn again<T>(
    image: &Image,
    limits: &Limits,
    wanted: &BTreeMap<Place, T>,
    mut each: impl FnMut(Place, &T, Vec<u8>) -> io::Result<()>,
) -> io::Result<()> {
    let watch = Watch::new(limits);
    for (index, layer) in image.layers.iter().enumerate().rev() {
        let place = |member| Place { layer: index, member };
        if wanted.range(place(0)..=place(usize::MAX)).next().is_none() {
            continue;
        }
        watch.layer(index, layer, |number, member, archive| match wanted.get(&place(number)) {
            Some(what) => {
                check_size(&member.path, member.size, limits)?;
                let content = archive.content(&member)?;
                each(place(number), what, content)
            }
            None => Ok(()),
        })?;
    }
    Ok(())
}
