using IlZo.Checkpoints;

namespace IlZo.Models;

/// <summary>A matrix that another program has quantized, in several tensors, and that becomes one in blocks.</summary>
internal interface IQuantizedMatrix
{
    /// <summary>The tensors that it is made of, by name; it is written in the place of the first.</summary>
    IReadOnlyList<string> Parts { get; }

    /// <summary>What is written.</summary>
    TensorEntry Stored { get; }

    /// <summary>Writes its blocks.</summary>
    /// <exception cref="InvalidInputException">A number in it has no place in them.</exception>
    void Write(Stream stream, CancellationToken cancellation);
}
