//! Compressed files: recognised by name, decompressed as a stream.

use std::io::{self, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    /// The compression told by a lower-case name, and the name without it.
    pub(super) fn of_name(name: &str) -> (Self, &str) {
        if let Some(stem) = name.strip_suffix(".gz") {
            (Self::Gzip, stem)
        } else if let Some(stem) = name.strip_suffix(".zst") {
            (Self::Zstd, stem)
        } else {
            (Self::None, name)
        }
    }

    /// Decompresses `reader`. Several members or frames in a row are one stream, as `cat a.gz b.gz` makes them;
    /// a member that is cut short is an error of the read that reaches its end.
    pub(super) fn decompress(self, reader: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
        Ok(match self {
            Self::None => Box::new(reader),
            Self::Gzip => Box::new(MultiGzDecoder::new(BufReader::with_capacity(64 << 10, reader))),
            Self::Zstd => Box::new(zstd::stream::read::Decoder::new(reader)?),
        })
    }

    /// What to do when the stream breaks.
    pub(super) fn remedy(self) -> &'static str {
        match self {
            Self::None => "check the disk or the network share",
            Self::Gzip => "check it with `gzip -t` and copy or export it again",
            Self::Zstd => "check it with `zstd -t` and copy or export it again",
        }
    }
}
