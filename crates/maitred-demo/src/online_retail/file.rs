//! Opening a file that may be compressed, and saying how far reading has come.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use lzma_rust2::XzReader;
use ruzstd::decoding::StreamingDecoder;

/// Bytes of the file between two words about progress.
const STEP: u64 = 64 * 1024;

/// Opens a file and unpacks it while it is read.
pub fn open<'a>(path: &Path, progress: &'a mut dyn FnMut(u64, u64)) -> io::Result<Box<dyn Read + 'a>> {
    let file = File::open(path)?;
    let total = file.metadata()?.len();
    unpack(BufReader::with_capacity(64 * 1024, Counted { file, read: 0, said: 0, total, progress }))
}

/// Unpacks what its first bytes say it is: xz, gzip, zstd, or plain.
fn unpack<'a>(mut packed: impl BufRead + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let start = packed.fill_buf()?;
    Ok(match start {
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Box::new(XzReader::new(packed, true)),
        [0x1f, 0x8b, ..] => Box::new(MultiGzDecoder::new(packed)),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Box::new(Frames { decoder: Some(frame(packed)?) }),
        _ => Box::new(packed),
    })
}

struct Counted<'a> {
    file: File,
    read: u64,
    said: u64,
    total: u64,
    progress: &'a mut dyn FnMut(u64, u64),
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(buffer)?;
        self.read += length as u64;
        let ended = length == 0 && self.said != self.read;
        if ended || self.read - self.said >= STEP {
            self.said = self.read;
            (self.progress)(self.read, self.total.max(self.read));
        }
        Ok(length)
    }
}

type Frame<R> = StreamingDecoder<R, ruzstd::decoding::FrameDecoder>;

fn frame<R: Read>(packed: R) -> io::Result<Frame<R>> {
    StreamingDecoder::new(packed)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))
}

/// The frames of a zstd file one after the other, because parallel compressors write several.
struct Frames<R: BufRead> {
    decoder: Option<Frame<R>>,
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(mut decoder) = self.decoder.take() {
            let length = decoder.read(buffer)?;
            if length > 0 || buffer.is_empty() {
                self.decoder = Some(decoder);
                return Ok(length);
            }
            let mut packed = decoder.into_inner();
            if !packed.fill_buf()?.is_empty() {
                self.decoder = Some(frame(packed)?);
            }
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const TEXT: &[u8] = b"InvoiceNo,StockCode\n1,A\n";

    fn unpacked(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        unpack(bytes)?.read_to_end(&mut out)?;
        Ok(out)
    }

    fn zstd(text: &[u8]) -> Vec<u8> {
        ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Fastest)
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(text).unwrap();
        packer.finish().unwrap()
    }

    // `printf 'InvoiceNo,StockCode\n1,A\n' | xz`
    const XZ: &[u8] = include_bytes!("../../tests/data/two-lines.csv.xz");

    #[test]
    fn every_packing_is_told_by_its_first_bytes() {
        assert_eq!(unpacked(TEXT).unwrap(), TEXT);
        assert_eq!(unpacked(&gzip(TEXT)).unwrap(), TEXT);
        assert_eq!(unpacked(&zstd(TEXT)).unwrap(), TEXT);
        assert_eq!(unpacked(XZ).unwrap(), TEXT);
        assert_eq!(unpacked(b"").unwrap(), b"");
    }

    #[test]
    fn files_of_several_parts_are_read_to_the_end() {
        let twice = [TEXT, TEXT].concat();
        assert_eq!(unpacked(&[gzip(TEXT), gzip(TEXT)].concat()).unwrap(), twice);
        assert_eq!(unpacked(&[zstd(TEXT), zstd(TEXT)].concat()).unwrap(), twice);
        assert_eq!(unpacked(&[XZ, XZ].concat()).unwrap(), twice);
    }

    #[test]
    fn a_file_that_breaks_off_is_an_error() {
        for whole in [gzip(TEXT), zstd(TEXT), XZ.to_vec()] {
            assert!(unpacked(&whole[..whole.len() / 2]).is_err());
        }
    }

    #[test]
    fn progress_ends_at_the_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file.csv");
        std::fs::write(&path, vec![b'x'; 300_000]).unwrap();
        let mut heard = Vec::new();
        let mut say = |done, total| heard.push((done, total));
        let mut out = Vec::new();
        open(&path, &mut say).unwrap().read_to_end(&mut out).unwrap();
        assert_eq!(out.len(), 300_000);
        assert_eq!(heard.last(), Some(&(300_000, 300_000)));
        assert!(heard.len() > 2 && heard.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
