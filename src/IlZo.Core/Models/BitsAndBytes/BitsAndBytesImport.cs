using IlZo.Checkpoints;

namespace IlZo.Models.BitsAndBytes;

/// <summary>
/// Makes a model of one that bitsandbytes has quantized to NF4 (transformers' load_in_4bit and save_pretrained): the codes as they are and
/// the scales in fp32, so that its weights are those of bitsandbytes before they are rounded to the type that it computes in.
/// </summary>
internal static class BitsAndBytesImport
{
    private const string QuantizationField = "quantization_config";

    /// <summary>Writes the model, as a whole or not at all.</summary>
    /// <param name="path">The folder of the quantized model.</param>
    /// <param name="folder">The folder to create, which must not exist.</param>
    /// <param name="cancellation">Ends the work between two rows.</param>
    /// <exception cref="InvalidInputException">The model has no weights in NF4, or cannot be used.</exception>
    /// <exception cref="IOException">Writing failed; nothing is there.</exception>
    public static void Save(string path, string folder, CancellationToken cancellation)
    {
        using var source = CheckpointFolder.Open(path);
        var quantized = NormalFloatTensor.Of(source);
        if (quantized.Count == 0)
        {
            throw new InvalidInputException(
                $"'{path}' has no weights that bitsandbytes has quantized to nf4; a folder of such a model, or a GGUF file, was expected.");
        }

        void Write(string temporary)
        {
            AtomicFile.WriteAllBytes(Path.Combine(temporary, CheckpointFolder.ConfigFileName), Config(source));
            CheckpointSaver.CopyFiles(source, temporary);
            SafetensorsWriter.Write(
                Path.Combine(temporary, CheckpointFolder.SingleFileName),
                [
                    .. source.Tensors.Values.Where(t => !NormalFloatTensor.IsBeside(t.Name, quantized)).Select(
                        t => quantized.TryGetValue(t.Name, out var matrix) ? matrix.Stored : t),
                ],
                new Dictionary<string, string> { ["format"] = "pt" },
                (tensor, stream) =>
                {
                    if (quantized.TryGetValue(tensor.Name, out var matrix))
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

        ImportedModel.Save(path, folder, Write, cancellation);
    }

    private static byte[] Config(CheckpointFolder source) => CheckpointSaver.Rewrite(writer =>
    {
        foreach (var field in source.ConfigJson.EnumerateObject().Where(f => f.Name != QuantizationField))
        {
            field.WriteTo(writer);
        }
    });
}
