using IlZo.Checkpoints;
using IlZo.Models.BitsAndBytes;
using IlZo.Models.PackedIntegers;

namespace IlZo.Models;

/// <summary>
/// Makes a model in blocks of one that another program has quantized: the codes as they are, so that its weights are those that the format
/// defines, before they are rounded to the type that such programs compute in. Tensors that are not quantized stay as they are stored.
/// </summary>
internal static class QuantizedImport
{
    private const string ConfigField = "quantization_config";

    /// <summary>Writes the model, as a whole or not at all.</summary>
    /// <param name="path">The folder of the quantized model.</param>
    /// <param name="folder">The folder to create, which must not exist.</param>
    /// <param name="cancellation">Ends the work between two rows.</param>
    /// <returns>What <see cref="ImportedModel.Save"/> notes.</returns>
    /// <exception cref="InvalidInputException">The model is quantized in another way or not at all, or cannot be used.</exception>
    /// <exception cref="IOException">Writing failed; nothing is there.</exception>
    public static string? Save(string path, string folder, CancellationToken cancellation)
    {
        using var source = CheckpointFolder.Open(path);
        RefuseTransposed(source);
        var matrices = Matrices(source);
        var parts = matrices.SelectMany(m => m.Parts).ToHashSet(StringComparer.Ordinal);
        var places = matrices.ToDictionary(m => m.Parts[0], StringComparer.Ordinal);
        var names = matrices.ToDictionary(m => m.Stored.Name, StringComparer.Ordinal);
        if (source.Tensors.Values.FirstOrDefault(t => names.ContainsKey(t.Name) && !parts.Contains(t.Name)) is { } other)
        {
            throw new InvalidInputException(
                $"'{other.File}': tensor '{SafetensorsHeader.Printable(other.Name)}' is there both quantized and not; one of them was "
                    + "expected.");
        }

        void Write(string temporary)
        {
            AtomicFile.WriteAllBytes(Path.Combine(temporary, CheckpointFolder.ConfigFileName), Config(source));
            CheckpointSaver.CopyFiles(source, temporary);
            SafetensorsWriter.Write(
                Path.Combine(temporary, CheckpointFolder.SingleFileName),
                [
                    .. source.Tensors.Values.Where(t => places.ContainsKey(t.Name) || !parts.Contains(t.Name)).Select(
                        t => places.TryGetValue(t.Name, out var matrix) ? matrix.Stored : t),
                ],
                new Dictionary<string, string> { ["format"] = "pt" },
                (tensor, stream) =>
                {
                    if (names.TryGetValue(tensor.Name, out var matrix))
                    {
                        matrix.Write(stream, cancellation);
                    }
                    else
                    {
                        SafetensorsWriter.Content(cancellation)(tensor, stream);
                    }
                });
            source.RequireUnchanged();
        }

        return ImportedModel.Save(path, folder, Write, new Dictionary<string, string>(), cancellation);
    }

    /// <summary>The quantized matrices of a checkpoint, one at least.</summary>
    /// <exception cref="InvalidInputException">There is none, one cannot be read, or they are quantized in another way.</exception>
    internal static IReadOnlyList<IQuantizedMatrix> Matrices(CheckpointFolder source)
    {
        var config = Fields(source).Object(ConfigField);
        const string MethodField = "quant_method";
        string? method = config?.Text(MethodField)?.ToLowerInvariant();
        IReadOnlyList<IQuantizedMatrix> found = config is null || method is null or "bitsandbytes"
            ? NormalFloatTensor.Of(source)
            : PackedMatrix.Of(source, method switch
            {
                "gptq" => IntegerPacking.OfGptq(config),
                "awq" => IntegerPacking.OfAwq(config),
                _ => throw config.Wrong(MethodField, "gptq, awq or bitsandbytes"),
            });
        return found.Count > 0 ? found : throw new InvalidInputException(
            $"'{source.DisplayName}' has no weights that {ConfigField} in its {CheckpointFolder.ConfigFileName} says to be quantized by "
                + "gptq, awq or bitsandbytes (to nf4); a folder of such a model, or a GGUF file, was expected.");
    }

    // What quantizes GPT-2 stores its matrices [outputs, inputs]; the model has them [inputs, outputs], and a square one would fit.
    private static void RefuseTransposed(CheckpointFolder source)
    {
        const string Field = "model_type";
        var config = Fields(source);
        if (config.Text(Field) is "gpt2")
        {
            throw config.Wrong(Field, "a family whose matrices are not transposed where they are quantized");
        }
    }

    private static ConfigReader Fields(CheckpointFolder source) =>
        new($"'{Path.Combine(source.DisplayName, CheckpointFolder.ConfigFileName)}'", source.ConfigJson);

    private static byte[] Config(CheckpointFolder source) => CheckpointSaver.Rewrite(writer =>
    {
        foreach (var field in source.ConfigJson.EnumerateObject().Where(f => f.Name != ConfigField))
        {
            field.WriteTo(writer);
        }
    });
}
