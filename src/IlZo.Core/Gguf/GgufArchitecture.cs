namespace IlZo.Gguf;

/// <summary>
/// How the models of a family are written: the names of their tensors and sizes. Source: ggml-org/llama.cpp gguf-py/gguf/constants.py
/// and convert_hf_to_gguf.py.
/// </summary>
/// <param name="Name">What the format calls the architecture.</param>
/// <param name="Prefix">What stands before the names of tensors in the reference library.</param>
internal abstract record GgufArchitecture(string Name, string Prefix)
{
    /// <summary>Adds the sizes of a model to what is said of it, and returns its tensors.</summary>
    /// <exception cref="InvalidInputException">The format cannot say what the model computes.</exception>
    public abstract IReadOnlyList<GgufTensor> Describe(GgufSource model, GgufMetadata metadata);
}
