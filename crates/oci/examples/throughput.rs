//! How fast an image is read beside plain decompression of the same layers by the same library, one after the other.
//!
//! `cargo run --release -p oci --example throughput -- <layout folder>`
#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use oci::{
    Platform,
    image::{Candidate, Image, Limits, Reader, Want},
    layout::Layout,
};
use std::{
    io::{self, BufReader, Read},
    time::{Duration, Instant},
};

const RUNS: usize = 5;

/// Wants small files and programs, as a lister of packages does, and forgets them.
struct Lister;

impl Reader for Lister {
    type Gist = usize;

    fn wants(&self, candidate: &Candidate<'_>) -> Want {
        let metadata = candidate.path.ends_with("METADATA") || candidate.path.ends_with("package.json");
        if metadata || candidate.mode & 0o111 != 0 { Want::Content } else { Want::Nothing }
    }

    fn gist(&self, _: &Candidate<'_>, content: Vec<u8>) -> usize {
        content.len()
    }
}

fn plain(layout: &Layout, image: &Image) -> io::Result<u64> {
    let mut total = 0;
    let mut buffer = vec![0; 256 << 10];
    for layer in &image.layers {
        let file = std::fs::File::open(layout.blob_path(&layer.descriptor.digest))?;
        let mut input = flate2::bufread::MultiGzDecoder::new(BufReader::with_capacity(256 << 10, file));
        loop {
            match input.read(&mut buffer)? {
                0 => break,
                read => total += read as u64,
            }
        }
    }
    Ok(total)
}

fn median(
    mut run: impl FnMut() -> Result<(), Box<dyn std::error::Error>>,
) -> Result<Duration, Box<dyn std::error::Error>> {
    let mut times = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let start = Instant::now();
        run()?;
        times.push(start.elapsed());
    }
    times.sort();
    Ok(times.get(RUNS / 2).copied().unwrap_or_default())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("name the folder of an OCI layout with gzip layers")?;
    let layout = Layout::open(folder)?;
    let image = Image::open(&layout, None, &Platform::linux("amd64"))?;
    let bytes = plain(&layout, &image)? as f64 / 1e6;
    let plainly = median(|| Ok(plain(&layout, &image).map(drop)?))?.as_secs_f64();
    let mut members = 0;
    let read = median(|| {
        members = oci::image::read(&image, &Limits::default(), &Lister)?.members;
        Ok(())
    })?;
    let read = read.as_secs_f64();
    println!("{bytes:.0} MB in {} layers, {members} members; medians of {RUNS}", image.layers.len());
    println!("plain decompression {plainly:.2} s, {:.0} MB/s", bytes / plainly);
    println!("read and verified   {read:.2} s, {:.0} MB/s: {:.0} % of plain", bytes / read, 100.0 * plainly / read);
    Ok(())
}
