use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use candle_core::DType;
use safetensors::tensor::{Dtype, Metadata, TensorInfo};

use super::attention::pieces;
use super::tap::{Block, Select, Sink, Site, Tap};
use super::{ModelError, Precision, Spec};

/// Which taps of one text are written to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The taps.
    pub taps: Vec<Tap>,
    /// The layers; `None` is all of them.
    pub layers: Option<Vec<usize>>,
    /// The query heads; `None` is all of them. Of keys and values, the heads that these read.
    pub heads: Option<Vec<usize>>,
}

/// A sink that writes the taps of one text to a safetensors file as they come.
///
/// Tensors are named by their [`Site`] and shaped as [`Tap`] says: taps per head
/// `[heads, tokens, ...]`, the others `[tokens, ...]`, with whole rows of keys. They are `F64` where
/// the model computes in `f64` and `F32` otherwise, which holds the narrower types exactly. The file
/// never is in memory as a whole.
#[derive(Debug)]
pub struct TapFile {
    path: PathBuf,
    file: File,
    wide: bool,
    places: BTreeMap<Site, Place>,
    /// Where the data begins in the file.
    data: u64,
}

/// One tensor of the file.
#[derive(Debug)]
struct Place {
    /// First byte, from the beginning of the data.
    offset: u64,
    /// The heads of the model that are kept, ascending; `[0]` where there is no axis of heads.
    heads: Vec<usize>,
    shape: Vec<usize>,
}

impl TapFile {
    /// Creates the file with its header, for a text of this many tokens.
    ///
    /// # Errors
    /// A layer or head that the model does not have; the file cannot be written.
    pub fn create(
        path: &Path,
        spec: &Spec,
        precision: Precision,
        tokens: usize,
        request: &Request,
        metadata: BTreeMap<String, String>,
    ) -> Result<Self, ModelError> {
        let wide = precision == Precision::F64;
        let (dtype, size) = if wide { (Dtype::F64, 8) } else { (Dtype::F32, 4) };
        let mut places = BTreeMap::new();
        let mut offset = 0;
        let mut tensors = Vec::new();
        for site in request.sites(spec)? {
            let place = request.place(spec, site, tokens, offset as u64)?;
            let end = offset + place.shape.iter().product::<usize>() * size;
            tensors.push((
                site.to_string(),
                TensorInfo { dtype, shape: place.shape.clone(), data_offsets: (offset, end) },
            ));
            places.insert(site, place);
            offset = end;
        }
        let header = Metadata::new(None, tensors).expect("the offsets follow one another");
        // The crate keeps metadata unordered; the same run is to write the same bytes.
        let mut header = serde_json::to_value(&header).expect("a header is plain JSON");
        header["__metadata__"] = metadata.into_iter().collect();
        let mut header = serde_json::to_vec(&header).expect("a header is plain JSON");
        // Data is aligned to 8 bytes, with blanks, as the format asks for.
        header.resize(header.len().next_multiple_of(8), b' ');
        let write = || -> io::Result<File> {
            let mut file = File::create(path)?;
            file.write_all(&(header.len() as u64).to_le_bytes())?;
            file.write_all(&header)?;
            file.set_len((8 + header.len() + offset) as u64)?;
            Ok(file)
        };
        let file = write().map_err(|source| ModelError::Io { file: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), file, wide, places, data: 8 + header.len() as u64 })
    }

    /// The names and shapes of the tensors.
    pub fn tensors(&self) -> impl Iterator<Item = (String, &[usize])> {
        self.places.iter().map(|(site, place)| (site.to_string(), place.shape.as_slice()))
    }

    /// Waits until everything is on disk.
    ///
    /// # Errors
    /// The disk failed.
    pub fn finish(self) -> Result<(), ModelError> {
        self.file.sync_all().map_err(|source| ModelError::Io { file: self.path, source })
    }
}

impl Request {
    /// The sites, which must exist.
    fn sites(&self, spec: &Spec) -> Result<BTreeSet<Site>, ModelError> {
        let all: Vec<usize> = (0..spec.layers.len()).collect();
        let layers = self.layers.as_ref().unwrap_or(&all);
        if let Some(&found) = layers.iter().find(|layer| **layer >= spec.layers.len()) {
            return Err(ModelError::NoSuchLayer { found, layers: spec.layers.len() });
        }
        let mut sites = BTreeSet::new();
        for &tap in &self.taps {
            if tap.is_per_layer() {
                sites.extend(layers.iter().map(|&layer| Site { layer: Some(layer), tap }));
            } else {
                sites.insert(Site { layer: None, tap });
            }
        }
        Ok(sites)
    }

    fn place(&self, spec: &Spec, site: Site, tokens: usize, offset: u64) -> Result<Place, ModelError> {
        let Some(layer) = site.layer.map(|layer| &spec.layers[layer]) else {
            let columns = if site.tap == Tap::Logits { spec.vocabulary } else { spec.hidden };
            return Ok(Place { offset, heads: vec![0], shape: vec![tokens, columns] });
        };
        let attention = &layer.attention;
        if !site.tap.is_per_head() && !site.tap.is_per_kv_head() {
            return Ok(Place { offset, heads: vec![0], shape: vec![tokens, spec.hidden] });
        }
        let queries: BTreeSet<usize> = match &self.heads {
            Some(heads) => heads.iter().copied().collect(),
            None => (0..attention.heads).collect(),
        };
        if let Some(&found) = queries.iter().find(|head| **head >= attention.heads) {
            return Err(ModelError::NoSuchHead { site, found, heads: attention.heads });
        }
        let heads: BTreeSet<usize> = if site.tap.is_per_kv_head() {
            queries.iter().map(|head| head / (attention.heads / attention.kv_heads)).collect()
        } else {
            queries
        };
        let columns = if site.tap.is_over_keys() { tokens } else { attention.head_dim };
        Ok(Place { offset, shape: vec![heads.len(), tokens, columns], heads: heads.into_iter().collect() })
    }
}

impl Sink for TapFile {
    fn want(&self, site: Site) -> Option<Select> {
        let place = self.places.get(&site)?;
        Some(Select { heads: Some(place.heads.clone()), rows: None, future_keys: true })
    }

    fn put(&mut self, block: &Block<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        let place = &self.places[&block.site];
        if block.texts != [0] {
            return Err("a tap file holds one text".into());
        }
        let (tokens, size) = (place.shape[place.shape.len() - 2], if self.wide { 8 } else { 4 });
        let mut bytes = Vec::new();
        for (index, head) in block.heads.iter().enumerate() {
            let at = place.heads.binary_search(head).expect("only selected heads are handed over");
            let start = (at * tokens + block.rows.start) * block.columns * size;
            self.file.seek(SeekFrom::Start(self.data + place.offset + start as u64))?;
            // A few rows at a time: a block of scores is large enough once.
            for rows in pieces(block.rows.len(), (PIECE / block.columns).max(1)) {
                let part = block.tensor().narrow(1, index, 1)?.narrow(2, rows.start, rows.len())?.flatten_all()?;
                bytes.clear();
                if self.wide {
                    let values = part.to_dtype(DType::F64)?.to_vec1::<f64>()?;
                    bytes.extend(values.into_iter().flat_map(f64::to_le_bytes));
                } else {
                    let values = part.to_dtype(DType::F32)?.to_vec1::<f32>()?;
                    bytes.extend(values.into_iter().flat_map(f32::to_le_bytes));
                }
                self.file.write_all(&bytes)?;
            }
        }
        Ok(())
    }
}

/// Elements that are turned into bytes at once.
const PIECE: usize = 1 << 18;
