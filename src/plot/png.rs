use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use miniz_oxide::deflate::compress_to_vec_zlib;

use super::theme::{COLOUR_STEPS, ColourMap};

/// A picture in the steps of a colour map as PNG, in Base64: a palette of [`COLOUR_STEPS`] colours, a byte per pixel.
pub(super) fn base64(columns: usize, steps: &[u8], map: ColourMap) -> String {
    let rows = steps.len() / columns;
    let mut header = Vec::new();
    header.extend((columns as u32).to_be_bytes());
    header.extend((rows as u32).to_be_bytes());
    // 8 bits, palette, and the only ways there are to compress, filter and not interlace.
    header.extend([8, 3, 0, 0, 0]);
    let palette = (0..COLOUR_STEPS).map(|step| map.at(step as f64 / (COLOUR_STEPS - 1) as f64));
    let palette: Vec<u8> = palette.flat_map(|colour| [colour.0, colour.1, colour.2]).collect();
    // Each row begins with its filter: none.
    let lines: Vec<u8> = steps.chunks(columns).flat_map(|row| std::iter::once(0).chain(row.iter().copied())).collect();
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, data) in
        [(b"IHDR", header), (b"PLTE", palette), (b"IDAT", compress_to_vec_zlib(&lines, 9)), (b"IEND", Vec::new())]
    {
        png.extend((data.len() as u32).to_be_bytes());
        let start = png.len();
        png.extend(kind);
        png.extend(data);
        let check = checksum(&png[start..]);
        png.extend(check.to_be_bytes());
    }
    BASE64_STANDARD.encode(png)
}

/// CRC-32 of PNG, bit by bit.
fn checksum(bytes: &[u8]) -> u32 {
    let step = |sum: u32, byte: &u8| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { 0xedb8_8320 ^ (sum >> 1) } else { sum >> 1 })
    };
    !bytes.iter().fold(!0, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        assert_eq!(checksum(b"123456789"), 0xcbf4_3926);
        assert_eq!(checksum(b"IEND"), 0xae42_6082);
    }
}
