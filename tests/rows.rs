//! Rows of attention come from one loop on the processor, and from blocks where a tap over keys is looked
//! at, too, or on another device. Both hand over the same rows.

#![cfg(feature = "model")]

use std::error::Error;

use ropelet::model::{
    Block, Checkpoint, Decoder, Device, Precision, RowBlock, RowReducer, Rows, Select, Sink, Site, Tap,
};
use ropelet::numeric::{Real, gamma};

/// Scores and probabilities of one head in one text, row after row.
#[derive(Default)]
struct Head(Vec<(usize, Vec<f64>, Vec<f64>)>);

impl Head {
    fn take<T: Real>(&mut self, block: &RowBlock<'_, T>) {
        let wide = |row: &[T]| row.iter().map(|x| x.wide()).collect();
        self.0.extend(block.rows().map(|(query, _, scores, p)| (query, wide(scores), wide(p))));
    }
}

impl RowReducer for Head {
    fn rows(&mut self, rows: &Rows<'_>) {
        match rows {
            Rows::F32(block) => self.take(block),
            Rows::F64(block) => self.take(block),
        }
    }
}

/// All rows of the first layer.
struct First {
    also_attention: bool,
    heads: Vec<Head>,
    /// The largest norms of a query and of a key.
    norms: [f64; 2],
}

impl Sink for First {
    fn want(&self, site: Site) -> Option<Select> {
        let wanted = [Tap::QueryRotated, Tap::KeyRotated].contains(&site.tap)
            || (site.tap == Tap::Attention && self.also_attention);
        (site.layer == Some(0) && wanted).then(Select::all)
    }

    fn put(&mut self, block: &Block<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        let of = match block.site.tap {
            Tap::QueryRotated => 0,
            Tap::KeyRotated => 1,
            _ => return Ok(()),
        };
        for row in block.to_vec::<f64>()?.chunks_exact(block.columns) {
            self.norms[of] = self.norms[of].max(row.iter().map(|x| x * x).sum::<f64>().sqrt());
        }
        Ok(())
    }

    fn wants_rows(&self, layer: usize) -> bool {
        layer == 0
    }

    fn row_reducers(&mut self, _layer: usize, _texts: &[usize]) -> Vec<&mut (dyn RowReducer + '_)> {
        self.heads.iter_mut().map(|head| head as &mut dyn RowReducer).collect()
    }
}

#[test]
fn rows_from_blocks_are_those_of_the_loop_over_rows() {
    let checkpoint = Checkpoint::open("tests/data/llama").unwrap();
    let decoder = Decoder::new(&checkpoint, &Device::CPU, Precision::F64).unwrap();
    let attention = &checkpoint.spec().layers[0].attention;
    let tokens = 150;
    let texts: Vec<Vec<u32>> = (0..2).map(|text| (0..tokens).map(|at| (31 * text + 7 * at) % 4096).collect()).collect();
    let rows = |also_attention| {
        let heads = (0..2 * attention.heads).map(|_| Head::default()).collect();
        let mut sink = First { also_attention, heads, norms: [0.0; 2] };
        decoder.run(&texts, &mut sink).unwrap();
        sink
    };
    let (fused, blocks) = (rows(false), rows(true));
    let u = f64::UNIT_ROUNDOFF;
    // Both ways round a sum of products and its scale, and then take exponentials and sums of them.
    let score = 2.0 * gamma(attention.head_dim + 2, u) * attention.scale * fused.norms[0] * fused.norms[1];
    let relative = (4.0 * score).exp_m1() + 2.0 * gamma(2 * tokens as usize + 20, u) + 80.0 * u;
    for (head, (one, other)) in fused.heads.iter().zip(&blocks.heads).enumerate() {
        assert_eq!((one.0.len(), other.0.len()), (tokens as usize, tokens as usize));
        for (row, ((q, s, p), (q2, s2, p2))) in one.0.iter().zip(&other.0).enumerate() {
            assert_eq!((*q, *q2, s.len(), s2.len(), p.len(), p2.len()), (row, row, row + 1, row + 1, row + 1, row + 1));
            let near = |a: &[f64], b: &[f64], bound: f64| a.iter().zip(b).all(|(a, b)| (a - b).abs() <= bound);
            assert!(near(s, s2, score), "scores of head {head}, row {row}");
            assert!(near(p, p2, relative), "probabilities of head {head}, row {row}");
        }
    }
    // The control: another head's rows are others.
    let differ = |a: &Head, b: &Head| (a.0[100].1[50] - b.0[100].1[50]).abs() > score;
    assert!(differ(&fused.heads[0], &blocks.heads[1]) && differ(&fused.heads[0], &blocks.heads[attention.heads]));
}
