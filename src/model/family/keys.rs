//! Keys of config.json that no family reads, or not this one.

use super::super::config::{Config, shown};
use super::ModelError;

/// Keys that mean another computation than the one here, whatever the family.
const FOREIGN: [(&str, &str); 9] = [
    ("quantization_config", "unquantised weights"),
    ("compression_config", "unquantised weights"),
    ("num_experts", "a dense feed-forward branch"),
    ("num_local_experts", "a dense feed-forward branch"),
    ("n_routed_experts", "a dense feed-forward branch"),
    ("num_experts_per_tok", "a dense feed-forward branch"),
    ("moe_intermediate_size", "a dense feed-forward branch"),
    ("is_encoder_decoder", "a decoder"),
    ("add_cross_attention", "a decoder"),
];

/// Keys that change what some family computes. In a family that does not read them they are an
/// error, unless they are off: reference code would ignore them there, but whoever wrote them meant
/// something.
const COMPUTING: [&str; 56] = [
    "alibi",
    "apply_residual_connection_post_layernorm",
    "attention_bias",
    "attention_layers",
    "attention_types",
    "attn_config",
    "attn_logit_softcapping",
    "bias",
    "clip_qkv",
    "do_layer_norm_before",
    "embedding_size",
    "enable_bias",
    "ffn_hidden_size",
    "final_logit_softcapping",
    "head_dim",
    "layer_norm_elementwise_affine",
    "layer_types",
    "logit_scale",
    "max_window_layers",
    "mlp_bias",
    "mlp_multipliers",
    "multi_query",
    "n_head_kv",
    "n_inner",
    "new_decoder_architecture",
    "no_rope_layers",
    "num_key_value_heads",
    "num_kv_heads",
    "num_ln_in_parallel_attn",
    "original_max_position_embeddings",
    "parallel_attn",
    "partial_rotary_factor",
    "qk_layernorm",
    "qk_norm",
    "query_pre_attn_scalar",
    "rope_local_base_freq",
    "rope_parameters",
    "rope_scaling",
    "rope_theta",
    "rotary_dim",
    "rotary_emb_base",
    "rotary_pct",
    "scale_attn_by_inverse_layer_idx",
    "sliding_window",
    "sliding_window_pattern",
    "text_config",
    "type_vocab_size",
    "use_bidirectional_attention",
    "use_bias",
    "use_parallel_residual",
    "use_qk_norm",
    "use_qkv_bias",
    "use_sliding_window",
    "window_size",
    "word_embed_proj_dim",
    "_remove_final_layer_norm",
];

/// The same for keys that are off at another value than `false`.
const NEUTRAL: [(&str, f64); 6] = [
    ("attention_multiplier", 1.0),
    ("embedding_multiplier", 1.0),
    ("lm_head_multiplier", 1.0),
    ("logits_scaling", 1.0),
    ("residual_multiplier", 1.0),
    ("scale_attn_weights", 1.0),
];

/// Keys that say nothing about the forward pass.
const HARMLESS: [&str; 48] = [
    "_name_or_path",
    "_sliding_window_pattern",
    "_attn_implementation_autoset",
    "architectures",
    "attn_impl",
    "attn_implementation",
    "attn_pdrop",
    "auto_map",
    "boi_token_index",
    "cache_implementation",
    "chunk_size_feed_forward",
    "classifier_dropout",
    "dtype",
    "embd_pdrop",
    "emb_pdrop",
    "eoi_token_index",
    "finetuning_task",
    "gradient_checkpointing",
    "id2label",
    "image_token_index",
    "init_device",
    "label2id",
    "language",
    "layerdrop",
    "mm_tokens_per_image",
    "model_type",
    "n_ctx",
    "output_attentions",
    "output_hidden_states",
    "output_past",
    "prefix",
    "pretraining_tp",
    "problem_type",
    "reorder_and_upcast_attn",
    "resid_pdrop",
    "return_dict",
    "slow_but_exact",
    "summary_activation",
    "summary_proj_to_labels",
    "summary_type",
    "summary_use_proj",
    "task_specific_params",
    "tokenizer_class",
    "torch_dtype",
    "torchscript",
    "transformers_version",
    "use_cache",
    "vision_config",
];

/// An error if the configuration asks for a computation that is in no family here.
pub(super) fn refuse_foreign(config: &Config) -> Result<(), ModelError> {
    for (key, expected) in FOREIGN {
        if let Some((_, value)) = config.present(&[key])
            && value.as_bool() != Some(false)
        {
            return Err(config.bad_key(key, expected, shown(value)));
        }
    }
    Ok(())
}

/// The keys that were not read and are not known to be harmless; an error if one of them computes.
pub(super) fn unread(config: &Config, family: &str) -> Result<Vec<String>, ModelError> {
    let mut unread = Vec::new();
    for (key, value) in config.unread() {
        let neutral = NEUTRAL.iter().find(|(name, _)| *name == key).map(|(_, neutral)| *neutral);
        let number = value.as_bool().map(f64::from).or(value.as_f64());
        let computes = COMPUTING.contains(&key.as_str()) || neutral.is_some();
        let is_off = number == Some(neutral.unwrap_or(0.0)) || value.as_array().is_some_and(Vec::is_empty);
        if computes && is_off {
            continue;
        }
        if computes {
            return Err(config.bad_key(&key, &format!("no such key, as {family} does not read it"), shown(&value)));
        }
        let is_harmless = HARMLESS.contains(&key.as_str())
            || key.ends_with("_token_id")
            || key.ends_with("_dropout")
            || key.ends_with("_dropout_prob")
            || key == "dropout";
        if !is_harmless {
            unread.push(key);
        }
    }
    Ok(unread)
}
