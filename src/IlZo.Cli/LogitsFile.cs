using IlZo.Checkpoints;
using IlZo.Tensors;

namespace IlZo.Cli;

/// <summary>Collects the logits of several texts and stores them as one safetensors file.</summary>
internal sealed unsafe class LogitsFile(string path, int vocabulary) : IDisposable
{
    private readonly List<(NativeBuffer Memory, int Tokens)> _texts = [];

    /// <summary>Room for the logits of a text of so many tokens.</summary>
    public NativeBuffer Add(int tokens)
    {
        var memory = new NativeBuffer((long)tokens * vocabulary * sizeof(float));
        _texts.Add((memory, tokens));
        return memory;
    }

    /// <summary>Writes the file, as a whole or not at all.</summary>
    public void Write() => SafetensorsWriter.Write(
        path, [.. _texts.Select((text, i) => new TensorEntry("", $"logits.{i}", "F32", [text.Tokens, vocabulary], text.Memory.Data))]);

    public void Dispose() => _texts.ForEach(text => text.Memory.Dispose());
}
