namespace IlZo.Checkpoints;

/// <summary>Names weights of other tools that lie in a folder without any that are read.</summary>
internal static class UnreadWeights
{
    private static readonly (string Pattern, string What)[] s_kinds =
    [
        ("*.gguf", "a GGUF file of llama.cpp, whose weights are mostly quantized"),
        ("*.pth", "a file of Meta's own release, whose transformers form has another repository"),
        ("tf_model.h5", "TensorFlow's weights"),
        ("flax_model.msgpack", "Flax's weights"),
        ("*.onnx", "a graph of ONNX"),
        ("*.npz", "weights of NumPy"),
        ("*.safetensors.part*", "a download that was cut"),
        ("*.incomplete", "a download that was cut"),
        ("*.safetensors", "a file of weights of another name"),
        ("*.bin", "a file of weights of another name"),
        ("*.pt", "a file of PyTorch of another name"),
    ];

    /// <summary>The first such file and what it is; null where there is none.</summary>
    /// <param name="folder">The folder.</param>
    public static string? Describe(string folder)
    {
        foreach (var (pattern, what) in s_kinds)
        {
            if (Directory.EnumerateFiles(folder, pattern).Order(StringComparer.Ordinal).FirstOrDefault() is { } file)
            {
                return $"'{Path.GetFileName(file)}' is {what}";
            }
        }

        return null;
    }
}
