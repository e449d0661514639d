//! Configurations as public checkpoints have them, key by key: none is refused, and what is unusual
//! about each is read. Written down from memory of the files on the hub; token ids are left out.

use std::path::Path;

use serde_json::{Value, json};

use super::super::config::Config;
use super::super::spec::{Activation, Mask, Position, QkNormOver, Rotary, SQRT_2_OVER_PI, Spec, Topology};
use super::super::{Affine, ModelError};
use super::Family;
use crate::numeric::Pairing;
use crate::rope::Scaling;

fn read(layers: usize, config: Value) -> Result<Spec, ModelError> {
    let Value::Object(object) = config else { panic!("a configuration is an object") };
    let config = Config::new(Path::new("config.json"), object);
    Family::of(&config)?.spec(config, layers)
}

fn rotary(spec: &Spec, layer: usize) -> &Rotary {
    match &spec.layers[layer].attention.position {
        Position::Rotary(rotary) => rotary,
        other => panic!("{other:?}"),
    }
}

fn masks(spec: &Spec) -> Vec<Mask> {
    spec.layers.iter().map(|layer| layer.attention.mask).collect()
}

#[test]
fn gpt2() {
    let spec = read(
        12,
        json!({
            "activation_function": "gelu_new", "architectures": ["GPT2LMHeadModel"], "attn_pdrop": 0.1,
            "embd_pdrop": 0.1, "initializer_range": 0.02, "layer_norm_epsilon": 1e-05, "model_type": "gpt2",
            "n_ctx": 1024, "n_embd": 768, "n_head": 12, "n_layer": 12, "n_positions": 1024, "resid_pdrop": 0.1,
            "summary_activation": null, "summary_first_dropout": 0.1, "summary_proj_to_labels": true,
            "summary_type": "cls_index", "summary_use_proj": true, "vocab_size": 50257,
            "task_specific_params": {"text-generation": {"do_sample": true, "max_length": 50}},
        }),
    )
    .unwrap();
    assert_eq!((spec.embedding.positions.unwrap().rows, spec.layers[0].mlp.intermediate), (1024, 3072));
    assert!(spec.head.tied && spec.unread.is_empty(), "{:?}", spec.unread);
}

#[test]
fn gpt_neo_125m() {
    let kinds: Vec<&str> = ["global", "local"].into_iter().cycle().take(12).collect();
    let spec = read(
        12,
        json!({
            "activation_function": "gelu_new", "attention_dropout": 0, "attention_layers": kinds,
            "attention_types": [[["global", "local"], 6]], "embed_dropout": 0, "gradient_checkpointing": false,
            "hidden_size": 768, "initializer_range": 0.02, "intermediate_size": null, "layer_norm_epsilon": 1e-05,
            "max_position_embeddings": 2048, "model_type": "gpt_neo", "num_heads": 12, "num_layers": 12,
            "resid_dropout": 0, "use_cache": true, "vocab_size": 50257, "window_size": 256,
        }),
    )
    .unwrap();
    assert_eq!(masks(&spec)[..3], [Mask::Causal, Mask::Window(256), Mask::Causal]);
    assert!(spec.layers[0].attention.scale == 1.0 && spec.unread.is_empty());
}

#[test]
fn gptj_6b() {
    let spec = read(
        28,
        json!({
            "activation_function": "gelu_new", "attn_pdrop": 0.0, "embd_pdrop": 0.0, "gradient_checkpointing": false,
            "initializer_range": 0.02, "layer_norm_epsilon": 1e-05, "model_type": "gptj", "n_embd": 4096,
            "n_head": 16, "n_inner": null, "n_layer": 28, "n_positions": 2048, "resid_pdrop": 0.0, "rotary": true,
            "rotary_dim": 64, "scale_attn_weights": true, "tie_word_embeddings": false,
            "tokenizer_class": "GPT2Tokenizer", "vocab_size": 50400,
        }),
    )
    .unwrap();
    assert_eq!((rotary(&spec, 0).dim, rotary(&spec, 0).pairing), (64, Pairing::Interleaved));
    assert!(spec.head.bias && !spec.head.tied && spec.unread.is_empty());
}

#[test]
fn llama_3_2_and_mistral_nemo() {
    let spec = read(
        16,
        json!({
            "attention_bias": false, "attention_dropout": 0.0, "head_dim": 64, "hidden_act": "silu",
            "hidden_size": 2048, "initializer_range": 0.02, "intermediate_size": 8192,
            "max_position_embeddings": 131072, "mlp_bias": false, "model_type": "llama", "num_attention_heads": 32,
            "num_hidden_layers": 16, "num_key_value_heads": 8, "pretraining_tp": 1, "rms_norm_eps": 1e-05,
            "rope_scaling": {
                "factor": 32.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0,
                "original_max_position_embeddings": 8192, "rope_type": "llama3",
            },
            "rope_theta": 500000.0, "tie_word_embeddings": true, "torch_dtype": "bfloat16", "use_cache": true,
            "vocab_size": 128256,
        }),
    )
    .unwrap();
    assert_eq!(rotary(&spec, 0).base, 500_000.0);
    assert!(spec.head.tied && spec.unread.is_empty() && spec.defaults.is_empty(), "{:?}", spec.defaults);

    let spec = read(
        40,
        json!({
            "attention_dropout": 0.0, "head_dim": 128, "hidden_act": "silu", "hidden_size": 5120,
            "initializer_range": 0.02, "intermediate_size": 14336, "max_position_embeddings": 1024000,
            "model_type": "mistral", "num_attention_heads": 32, "num_hidden_layers": 40, "num_key_value_heads": 8,
            "rms_norm_eps": 1e-05, "rope_theta": 1000000.0, "sliding_window": null, "tie_word_embeddings": false,
            "vocab_size": 131072,
        }),
    )
    .unwrap();
    assert_eq!((spec.layers[0].attention.head_dim, spec.layers[0].attention.mask), (128, Mask::Causal));
}

#[test]
fn qwen_2_5_and_3() {
    let common = json!({
        "attention_dropout": 0.0, "hidden_act": "silu", "initializer_range": 0.02, "num_hidden_layers": 28,
        "rms_norm_eps": 1e-06, "rope_theta": 1000000.0, "sliding_window": null, "use_cache": true,
        "use_sliding_window": false, "vocab_size": 151936, "max_window_layers": 28, "tie_word_embeddings": true,
        "max_position_embeddings": 32768,
    });
    let with = |more: Value| {
        let mut all = common.clone();
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        read(28, all).unwrap()
    };
    let spec = with(json!({
        "model_type": "qwen2", "hidden_size": 1536, "intermediate_size": 8960, "num_attention_heads": 12,
        "num_key_value_heads": 2, "use_mrope": false,
    }));
    assert!(spec.layers[0].attention.qkv_bias && !spec.layers[0].attention.output_bias);
    assert_eq!(spec.unread, ["use_mrope"]);
    let spec = with(json!({
        "model_type": "qwen3", "hidden_size": 1024, "intermediate_size": 3072, "num_attention_heads": 16,
        "num_key_value_heads": 8, "head_dim": 128, "attention_bias": false, "rope_scaling": null,
    }));
    assert_eq!(spec.layers[0].attention.qk_norm.unwrap().over, QkNormOver::Head);
    assert!(!spec.layers[0].attention.qkv_bias && spec.unread.is_empty());
}

#[test]
fn gemma_1_2_and_3() {
    let spec = read(
        18,
        json!({
            "attention_bias": false, "attention_dropout": 0.0, "head_dim": 256, "hidden_act": "gelu",
            "hidden_size": 2048, "initializer_range": 0.02, "intermediate_size": 16384,
            "max_position_embeddings": 8192, "model_type": "gemma", "num_attention_heads": 8,
            "num_hidden_layers": 18, "num_key_value_heads": 1, "rms_norm_eps": 1e-06, "rope_scaling": null,
            "rope_theta": 10000.0, "vocab_size": 256000,
        }),
    )
    .unwrap();
    assert_eq!(spec.layers[0].mlp.activation, Activation::GeluTanh(SQRT_2_OVER_PI));
    assert_eq!(spec.layers[0].attention_norm.unwrap().affine, Affine::OnePlusWeight);
    assert!((spec.embedding.scale, spec.head.tied) == (2048f64.sqrt(), true));

    let spec = read(
        26,
        json!({
            "attention_bias": false, "attention_dropout": 0.0, "attn_logit_softcapping": 50.0,
            "cache_implementation": "hybrid", "final_logit_softcapping": 30.0, "head_dim": 256,
            "hidden_act": "gelu_pytorch_tanh", "hidden_activation": "gelu_pytorch_tanh", "hidden_size": 2304,
            "initializer_range": 0.02, "intermediate_size": 9216, "max_position_embeddings": 8192,
            "model_type": "gemma2", "num_attention_heads": 8, "num_hidden_layers": 26, "num_key_value_heads": 4,
            "query_pre_attn_scalar": 256, "rms_norm_eps": 1e-06, "rope_theta": 10000.0, "sliding_window": 4096,
            "vocab_size": 256000,
        }),
    )
    .unwrap();
    assert_eq!(masks(&spec)[..2], [Mask::Window(4096), Mask::Causal]);
    assert_eq!((spec.layers[0].attention.softcap, spec.head.softcap), (Some(50.0), Some(30.0)));

    // The files of the 4B model leave out most of the text model's sizes.
    let spec = read(
        34,
        json!({
            "architectures": ["Gemma3ForConditionalGeneration"], "boi_token_index": 255999, "eoi_token_index": 256000,
            "image_token_index": 262144, "initializer_range": 0.02, "mm_tokens_per_image": 256,
            "model_type": "gemma3",
            "text_config": {
                "hidden_size": 2560, "intermediate_size": 10240, "model_type": "gemma3_text", "num_hidden_layers": 34,
                "rope_scaling": {"factor": 8.0, "rope_type": "linear"}, "sliding_window": 1024,
            },
            "vision_config": {"hidden_size": 1152, "model_type": "siglip_vision_model"},
        }),
    )
    .unwrap();
    assert_eq!((masks(&spec)[4], masks(&spec)[5]), (Mask::Window(1024), Mask::Causal));
    assert_eq!((rotary(&spec, 4).base, &rotary(&spec, 4).scaling), (10_000.0, &Scaling::None));
    assert_eq!((rotary(&spec, 5).base, &rotary(&spec, 5).scaling), (1e6, &Scaling::Linear { factor: 8.0 }));
    assert_eq!((spec.vocabulary, spec.layers[0].attention.kv_heads, spec.head.tied), (262_208, 4, true));
    assert!(spec.defaults.iter().any(|(key, value)| key == "text_config.num_attention_heads" && value == "8"));
    assert!(spec.unread.is_empty(), "{:?}", spec.unread);
}

#[test]
fn phi_2_and_phi_3() {
    let spec = read(
        32,
        json!({
            "attention_dropout": 0.0, "embd_pdrop": 0.0, "hidden_act": "gelu_new", "hidden_size": 2560,
            "initializer_range": 0.02, "intermediate_size": 10240, "layer_norm_eps": 1e-05,
            "max_position_embeddings": 2048, "model_type": "phi", "num_attention_heads": 32,
            "num_hidden_layers": 32, "num_key_value_heads": 32, "partial_rotary_factor": 0.4, "qk_layernorm": false,
            "resid_pdrop": 0.1, "rope_scaling": null, "rope_theta": 10000.0, "tie_word_embeddings": false,
            "vocab_size": 51200,
        }),
    )
    .unwrap();
    assert_eq!((rotary(&spec, 0).dim, spec.layers[0].topology), (32, Topology::ParallelOneNorm));

    let factors: Vec<f64> = (0..48).map(|pair| 1.0 + f64::from(pair)).collect();
    let spec = read(
        32,
        json!({
            "attention_bias": false, "attention_dropout": 0.0, "auto_map": {}, "embd_pdrop": 0.0,
            "hidden_act": "silu", "hidden_size": 3072, "initializer_range": 0.02, "intermediate_size": 8192,
            "max_position_embeddings": 131072, "model_type": "phi3", "num_attention_heads": 32,
            "num_hidden_layers": 32, "num_key_value_heads": 32, "original_max_position_embeddings": 4096,
            "resid_pdrop": 0.0, "rms_norm_eps": 1e-05, "rope_theta": 10000.0, "sliding_window": 262144,
            "rope_scaling": {"long_factor": factors, "short_factor": factors, "type": "su"},
            "tie_word_embeddings": false, "vocab_size": 32064,
        }),
    )
    .unwrap();
    let Scaling::LongRope { attention_factor, original_length: 4096, .. } = rotary(&spec, 0).scaling else { panic!() };
    assert!((attention_factor - (1.0 + 32f64.ln() / 4096f64.ln()).sqrt()).abs() < 1e-15);
    assert_eq!(spec.layers[0].attention.mask, Mask::Window(262_144));
}

#[test]
fn falcon_7b_and_rw_1b() {
    let common = json!({
        "apply_residual_connection_post_layernorm": false, "attention_dropout": 0.0, "auto_map": {},
        "hidden_dropout": 0.0, "initializer_range": 0.02, "layer_norm_epsilon": 1e-05, "model_type": "falcon",
        "new_decoder_architecture": false, "torch_dtype": "bfloat16", "use_cache": true,
    });
    let with = |layers: usize, more: Value| {
        let mut all = common.clone();
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        read(layers, all).unwrap()
    };
    let spec = with(
        32,
        json!({
            "alibi": false, "bias": false, "hidden_size": 4544, "multi_query": true, "num_attention_heads": 71,
            "num_hidden_layers": 32, "parallel_attn": true, "vocab_size": 65024,
        }),
    );
    assert_eq!((spec.layers[0].attention.kv_heads, spec.layers[0].topology), (1, Topology::ParallelOneNorm));
    let spec = with(
        24,
        json!({
            "alibi": true, "bias": true, "hidden_size": 2048, "multi_query": false, "num_attention_heads": 32,
            "num_hidden_layers": 24, "parallel_attn": false, "vocab_size": 50304,
        }),
    );
    assert_eq!((spec.layers[0].attention.kv_heads, spec.layers[0].topology), (32, Topology::Sequential));
    let Position::RoundedAlibi { slopes, .. } = &spec.layers[0].attention.position else { panic!() };
    // 2^(-1/4) has more bits than bf16.
    assert_eq!(slopes[0], 0.839_843_75);
    assert!(spec.max_positions.is_none() && spec.unread.is_empty());
}

#[test]
fn mpt_opt_bloom_starcoder2_and_bert() {
    let spec = read(
        32,
        json!({
            "attn_config": {
                "alibi": true, "alibi_bias_max": 8, "attn_impl": "torch", "attn_pdrop": 0,
                "attn_type": "multihead_attention", "attn_uses_sequence_id": false, "clip_qkv": 8, "prefix_lm": false,
                "qk_ln": false, "softmax_scale": null,
            },
            "d_model": 4096, "emb_pdrop": 0, "embedding_fraction": 1.0, "expansion_ratio": 4, "init_device": "cpu",
            "learned_pos_emb": true, "logit_scale": null, "max_seq_len": 2048, "model_type": "mpt", "n_heads": 32,
            "n_layers": 32, "no_bias": true, "norm_type": "low_precision_layernorm", "resid_pdrop": 0,
            "use_cache": false, "vocab_size": 50432,
        }),
    )
    .unwrap();
    assert_eq!((spec.layers[0].attention.clip, spec.unread), (Some(8.0), vec!["learned_pos_emb".to_owned()]));

    let spec = read(
        24,
        json!({
            "_remove_final_layer_norm": false, "activation_dropout": 0.0, "activation_function": "relu",
            "attention_dropout": 0.0, "do_layer_norm_before": false, "dropout": 0.1, "ffn_dim": 4096,
            "hidden_size": 1024, "init_std": 0.02, "layerdrop": 0.0, "max_position_embeddings": 2048,
            "model_type": "opt", "num_attention_heads": 16, "num_hidden_layers": 24, "prefix": "</s>",
            "vocab_size": 50272, "word_embed_proj_dim": 512,
        }),
    )
    .unwrap();
    assert_eq!((spec.embedding.width, spec.embedding.positions.unwrap().offset), (512, 2));
    assert_eq!((spec.layers[0].topology, spec.final_norm), (Topology::NormAfterResidual, None));

    let spec = read(
        24,
        json!({
            "apply_residual_connection_post_layernorm": false, "attention_dropout": 0.0,
            "attention_softmax_in_fp32": true, "bias_dropout_fusion": true, "hidden_dropout": 0.0,
            "initializer_range": 0.02, "layer_norm_epsilon": 1e-05, "masked_softmax_fusion": true,
            "model_type": "bloom", "n_embed": 1024, "n_inner": null, "n_layer": 24, "num_attention_heads": 16,
            "offset_alibi": 100, "pretraining_tp": 1, "seq_length": 2048, "skip_bias_add": true,
            "skip_bias_add_qkv": false, "unk_token_id": 0, "use_cache": true, "vocab_size": 250880,
        }),
    )
    .unwrap();
    assert!(spec.embedding.norm.is_some());

    let spec = read(
        30,
        json!({
            "activation_function": "gelu", "attention_dropout": 0.1, "embedding_dropout": 0.1,
            "hidden_act": "gelu_pytorch_tanh", "hidden_size": 3072, "initializer_range": 0.018042,
            "intermediate_size": 12288, "layer_norm_epsilon": 1e-05, "max_position_embeddings": 16384,
            "mlp_type": "default", "model_type": "starcoder2", "norm_epsilon": 1e-05, "norm_type": "layer_norm",
            "num_attention_heads": 24, "num_hidden_layers": 30, "num_key_value_heads": 2, "residual_dropout": 0.1,
            "rope_theta": 999999.4420358813, "scale_attention_softmax_in_fp32": true, "scale_attn_weights": true,
            "sliding_window": 4096, "use_bias": true, "use_cache": true, "vocab_size": 49152,
        }),
    )
    .unwrap();
    assert_eq!((spec.layers[0].attention.mask, spec.head.tied), (Mask::Window(4096), true));

    let spec = read(
        12,
        json!({
            "architectures": ["BertForMaskedLM"], "attention_probs_dropout_prob": 0.1,
            "gradient_checkpointing": false, "hidden_act": "gelu", "hidden_dropout_prob": 0.1, "hidden_size": 768,
            "initializer_range": 0.02, "intermediate_size": 3072, "layer_norm_eps": 1e-12,
            "max_position_embeddings": 512, "model_type": "bert", "num_attention_heads": 12,
            "num_hidden_layers": 12, "position_embedding_type": "absolute", "type_vocab_size": 2, "use_cache": true,
            "vocab_size": 30522,
        }),
    )
    .unwrap();
    assert_eq!((spec.layers[0].attention.mask, spec.embedding.token_types), (Mask::Full, 2));
    assert!(
        spec.head.transform.is_some()
            && spec.unread.is_empty()
            && spec.defaults.iter().all(|(key, _)| key == "tie_word_embeddings")
    );
}

/// The smallest configuration of Llama with more keys.
fn llama_with(key: &str, value: Value) -> Result<Spec, ModelError> {
    let mut config = json!({
        "model_type": "llama", "hidden_size": 8, "num_attention_heads": 2, "num_hidden_layers": 1,
        "intermediate_size": 8, "vocab_size": 8,
    });
    config[key] = value;
    read(1, config)
}

#[test]
fn a_key_that_computes_elsewhere_is_refused_by_name_unless_it_is_off() {
    for (key, value) in [
        ("sliding_window", json!(4)),
        ("qk_layernorm", json!(true)),
        ("logit_scale", json!(0.5)),
        ("residual_multiplier", json!(0.22)),
        ("layer_types", json!(["full_attention"])),
        ("num_experts", json!(8)),
        ("partial_rotary_factor", json!(0.5)),
    ] {
        let error = llama_with(key, value).unwrap_err().to_string();
        assert!(error.contains(key), "{key}: {error}");
    }
    for (key, value) in [
        ("sliding_window", json!(null)),
        ("qk_layernorm", json!(false)),
        ("residual_multiplier", json!(1.0)),
        ("scale_attn_weights", json!(true)),
        ("layer_types", json!([])),
    ] {
        assert!(llama_with(key, value).unwrap().unread.is_empty(), "{key}");
    }
    assert_eq!(llama_with("is_llama_config", json!(true)).unwrap().unread, ["is_llama_config"]);
    let error = llama_with("rope_parameters", json!({"rope_type": "default", "long_mscale": 1.2})).unwrap_err();
    assert!(error.to_string().contains("rope_parameters.long_mscale"), "{error}");
}

#[test]
fn a_proportional_rotation_turns_the_first_pairs_of_the_whole_head() {
    let parameters =
        json!({"rope_type": "proportional", "rope_theta": 100.0, "partial_rotary_factor": 0.5, "factor": 2});
    let spec = llama_with("rope_parameters", parameters).unwrap();
    let frequencies = rotary(&spec, 0).frequencies(1).unwrap();
    assert_eq!(frequencies.inv_freq(), [0.5, 0.0]);
}
