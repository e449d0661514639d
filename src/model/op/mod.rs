//! Operations of a decoder that is trained: each is one node of candle's graph, with its derivative.

mod attention;

pub use attention::causal_attention;
