using IlZo.Checkpoints;

namespace IlZo.Models;

/// <summary>
/// Tells by the names and types of tensors what a checkpoint was that cannot be used as it is, where they would otherwise only be missing
/// or unknown.
/// </summary>
internal static class ForeignWeights
{
    // What stands before all names, and who puts it there.
    private static readonly (string Prefix, string Maker, string Expected)[] s_wrappers =
    [
        ("_orig_mod.", "torch.compile", "the state_dict of the model inside it (model._orig_mod)"),
        ("module.", "DataParallel", "the state_dict of the model inside it (model.module)"),
        ("_fsdp_wrapped_module.", "FSDP", "a full state_dict"),
        ("base_model.model.", "PEFT", "the model after merge_and_unload(), or the base model and the adapter beside it,"),
    ];

    // What stands somewhere in the name of a tensor that no plain model has.
    private static readonly (string Part, string Maker, string Expected)[] s_parts =
    [
        ("_orig_mod.", "torch.compile", "the state_dict of the model before it was compiled"),
        ("_fsdp_wrapped_module.", "FSDP", "a full state_dict"),
        ("_checkpoint_wrapped_module.", "activation checkpointing", "the state_dict of the model before it was wrapped"),
        (".lora_A.", "PEFT", "the model after merge_and_unload(), or the base model and the adapter beside it,"),
        (".base_layer.", "PEFT", "the model after merge_and_unload()"),
    ];

    private static readonly (string Suffix, string Method)[] s_quantized =
    [
        (".qweight", "GPTQ or AWQ"),
        (".qzeros", "GPTQ or AWQ"),
        (".g_idx", "GPTQ"),
        (".weight.absmax", "bitsandbytes in 4 bits"),
        (".weight.quant_map", "bitsandbytes in 4 bits"),
        (".SCB", "bitsandbytes in 8 bits"),
        (".weight_scale_inv", "FP8"),
        (".weight_scale", "FP8 or compressed-tensors"),
        (".weight_packed", "compressed-tensors"),
        ("_blocks", "MXFP4"),
    ];

    /// <summary>Refuses them by their names.</summary>
    /// <exception cref="InvalidInputException">The tensors are a wrapper's, quantized, or a model's shards of another tool.</exception>
    public static void Refuse(CheckpointFolder folder)
    {
        foreach (var (name, tensor) in folder.Tensors)
        {
            var (prefix, maker, expected) = Array.Find(s_wrappers, w => name.StartsWith(w.Prefix, StringComparison.Ordinal));
            if (prefix is not null)
            {
                throw new InvalidInputException(
                    $"'{tensor.File}': the name of tensor '{SafetensorsHeader.Printable(name)}' begins with '{prefix}', which {maker} puts "
                        + $"before the names of the model inside it; {expected} was expected.");
            }

            var (part, wrapper, wanted) = Array.Find(s_parts, w => name.Contains(w.Part, StringComparison.Ordinal));
            if (part is not null)
            {
                throw new InvalidInputException(
                    $"'{tensor.File}': the name of tensor '{SafetensorsHeader.Printable(name)}' holds '{part}', which {wrapper} puts "
                        + $"there; {wanted} was expected.");
            }

            var (suffix, method) = Array.Find(s_quantized, q => name.EndsWith(q.Suffix, StringComparison.Ordinal));
            if (suffix is not null || tensor.Type.StartsWith("F8", StringComparison.Ordinal))
            {
                throw new InvalidInputException(
                    $"'{tensor.File}': tensor '{SafetensorsHeader.Printable(name)}' of type {tensor.Type} shows weights that are quantized "
                        + $"by {method ?? "FP8"}, which is not supported; {InsteadOf(method ?? "FP8")} was expected.");
            }
        }
    }

    /// <summary>What is expected in the place of weights that a method has quantized, with a comma behind it.</summary>
    public static string InsteadOf(string method) =>
        "the checkpoint as it was before, or what transformers' dequantize() and save_pretrained() write,"
            + (method.StartsWith("bitsandbytes", StringComparison.Ordinal) ? " or, of weights in nf4, what 'ilzo import' makes,"
                : method.Contains("gptq", StringComparison.OrdinalIgnoreCase) || method.Contains("awq", StringComparison.OrdinalIgnoreCase)
                    ? " or what 'ilzo import' makes of it,"
                    : "");
}
