//! Checkpoints in Hugging Face layout, and a decoder whose inner values can be read.
//!
//! A family's configuration is normalised at load to one [`Spec`], which is plain data; one forward
//! pass runs every spec. Its values are read at [`Tap`]s, each with one meaning in every family, by
//! a [`Sink`], block by block: attention exists only for a block of heads and queries at a time.
//!
//! ```text
//! Checkpoint::open ─ config.json ─> Spec            Decoder::run(texts, sink)
//!                  └ *.safetensors (headers)  ──>     for each layer: read, run all texts, drop
//! ```
//!
//! Only this module and `experiment` name candle, safetensors and tokenizers.

mod attention;
mod budget;
mod checkpoint;
mod config;
mod cpu;
mod cwt;
mod decoder;
mod embedding;
mod error;
mod family;
mod files;
mod fingerprint;
#[cfg(feature = "cuda")]
mod flash;
mod fnv;
mod head;
mod inventory;
#[cfg(feature = "cuda")]
mod kernel;
mod lag_profile;
mod layer;
mod normal;
pub mod op;
mod pair_record;
mod pass;
mod placement;
mod precision;
mod probe;
mod record;
mod reduce;
#[cfg(feature = "cuda")]
mod row_sums;
mod softmax;
mod spec;
mod sums_file;
mod tap;
mod tap_file;
mod tokens;
#[doc(hidden)]
pub mod untrusted;
mod weights;
mod whole_rows;

pub use budget::{Budget, NotASize};
pub use checkpoint::Checkpoint;
pub use cpu::{RowBlock, RowReducer, Rows};
pub use cwt::{DeviceCwt, DeviceScaleEnergy};
pub use decoder::Decoder;
pub use error::ModelError;
pub use files::{Format, Storage, StoredFile};
pub use fnv::Fnv1a;
pub use inventory::{Footprint, Inventory, Part};
pub use lag_profile::LagProfile;
pub(crate) use normal::normal;
pub use pair_record::coordinates;
pub use placement::Placement;
pub use precision::{Device, Devices, Precision};
pub use probe::{probes, read_probes};
pub use record::record;
pub use reduce::{HeadSums, Reduced, Reduction};
pub use spec::{
    Activation, Affine, AttentionSpec, EmbeddingSpec, HeadSpec, LayerSpec, LearnedPositions, Mask, MlpSpec, Norm,
    NormKind, Position, QkNorm, QkNormOver, Rotary, Spec, Topology,
};
pub use sums_file::{Sums, read_sums, write_sums};
pub use tap::{Block, NoSuchTap, Select, Sink, Site, Tap};
pub use tap_file::{Request, TapFile};
pub use tokens::Tokenizer;
pub use whole_rows::whole_rows;
