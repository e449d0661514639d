use super::super::config::Config;
use super::super::spec::{Position, Rotary, Spec};
use super::llama::{self, Form, LLAMA};
use super::{Family, ModelError};
use crate::encoding::{Encoding, Parameters, ScoreBias};

/// What `ropelet experiment` trains with an encoding that Llama does not have: Llama's form, with the
/// encoding that the section `encoding` names.
///
/// Rotations, ALiBi and no encoding can be read. A lag kernel meets the query, and a learned encoding has
/// tensors of its own; neither has a place in [`Position`], and such a file is refused.
pub(super) const FAMILY: Family = Family { model_type: "ropelet", spec: read, ..llama::FAMILY };

fn read(config: &mut Config) -> Result<Spec, ModelError> {
    let mut spec = llama::read(config, &Form { rotary: None, ..LLAMA })?;
    let mut section = config.section("encoding")?;
    let name = section.read(&["name"], None, "a string", |value| value.as_str().map(str::to_owned))?;
    let base = section.optional_positive("base", None)?;
    let train_length = section.count_or(&["train_length"], spec.max_positions.unwrap_or(512))?;
    let (layers, expected) = (spec.layers.len(), "nope, alibi, or a rotation without decay");
    let Some(attention) = spec.layers.first().map(|layer| layer.attention.clone()) else {
        return Err(config.bad_key("num_hidden_layers", "at least 1", layers));
    };
    let parameters =
        Parameters { dim: attention.head_dim, heads: attention.heads, train_length, base, ..Parameters::default() };
    let encoding = Encoding::named(&name, &parameters)
        .map_err(|error| section.bad_key("name", "an encoding for these heads", format!("{name} ({error})")))?;
    let position = match encoding {
        Encoding::None => Position::None,
        Encoding::ScoreBias(ScoreBias::Alibi(slopes)) => Position::Alibi(slopes),
        Encoding::Rotation(rotary) if rotary.decay().is_none() => Position::Rotary(Rotary {
            base: rotary.base(),
            dim: rotary.rotary_dim(),
            pairing: rotary.pairing(),
            scaling: rotary.scaling().clone(),
        }),
        _ => return Err(section.bad_key("name", expected, name)),
    };
    for layer in &mut spec.layers {
        layer.attention.position = position.clone();
    }
    config.close(section);
    Ok(spec)
}
