using IlZo.Models;

namespace IlZo.Generation;

/// <summary>A prompt, and how to continue it.</summary>
/// <param name="PromptIds">The tokens of the prompt, at least one.</param>
public sealed record TextRequest(IReadOnlyList<int> PromptIds)
{
    /// <summary>How to continue it; what it leaves open, the model's own settings decide.</summary>
    public GenerationOptions Options { get; init; } = new();

    /// <summary>
    /// How many of the most probable tokens the pieces name in the place of each of theirs, 0 or more; null for pieces without tokens.
    /// </summary>
    public int? TopLogProbabilities { get; init; }

    /// <summary>The adapter of the model that it is continued with; null for none.</summary>
    internal Adapter? Adapter { get; init; }
}
