using IlZo.Checkpoints;

namespace IlZo.Models;

/// <summary>What a classification head reads after the last layer.</summary>
internal enum Pooling
{
    /// <summary>The state of one token: the first of an encoder, else the last.</summary>
    Token,

    /// <summary>The average of the states of a text's tokens.</summary>
    Mean,
}

/// <summary>A tensor of a classification head that is added to a model.</summary>
/// <param name="Name">The name that transformers gives it.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Pretrained">The numbers that the checkpoint has for it; null for new ones.</param>
internal sealed record HeadTensor(string Name, IReadOnlyList<long> Shape, TensorEntry? Pretrained = null);
