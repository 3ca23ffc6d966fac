namespace IlZo.Models;

/// <summary>
/// The fields of a <c>config.json</c> that change nothing of what is computed here, so that they are not worth a word. docs/checkpoints.md
/// lists them too.
/// </summary>
internal static class ConfigFields
{
    public static IReadOnlySet<string> Irrelevant { get; } = new HashSet<string>(StringComparer.Ordinal)
    {
        // Where a checkpoint comes from.
        "_name_or_path", "transformers_version", "auto_map", "finetuning_task", "prefix", "tokenizer_class", "_commit_hash",

        // How transformers runs it.
        "use_cache", "cache_implementation", "_attn_implementation", "attn_implementation", "_attn_implementation_autoset", "torchscript",
        "gradient_checkpointing", "return_dict", "return_dict_in_generate",
        "output_attentions", "output_hidden_states", "output_past", "use_return_dict", "chunk_size_feed_forward", "pretraining_tp",
        "reorder_and_upcast_attn", "use_bfloat16", "tf_legacy_loss",
        "is_encoder_decoder", "cross_attention_hidden_size", "tie_encoder_decoder", "pruned_heads", "keys_to_ignore_at_inference",

        // Training of another kind: there is no dropout, and weights begin as they are.
        "dropout", "attention_dropout", "activation_dropout", "layerdrop", "attn_pdrop", "embd_pdrop", "resid_pdrop", "hidden_dropout_prob",
        "attention_probs_dropout_prob",
        "classifier_dropout", "classifier_dropout_prob", "seq_classif_dropout", "qa_dropout", "sinusoidal_pos_embds",
        "hidden_dropout", "initializer_range", "init_std", "problem_type",

        // Heads that other classes have, and the names of classes.
        "summary_type", "summary_use_proj", "summary_activation", "summary_proj_to_labels", "summary_first_dropout", "label2id", "id2label",
        "num_labels", "tie_weights_", "directionality", "pooler_fc_size", "pooler_num_attention_heads", "pooler_num_fc_layers",
        "pooler_size_per_head", "pooler_type",

        // Tokens and sizes that nothing here asks for.
        "pad_token_id", "sep_token_id", "decoder_start_token_id", "n_ctx", "task_specific_params", "max_length", "model_max_length",
        "gelu_approximate",

        // The window's fields of models in which none is used.
        "max_window_layers", "sliding_window",
    };
}
