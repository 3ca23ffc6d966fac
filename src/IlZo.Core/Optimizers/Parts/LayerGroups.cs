using IlZo.Models;
using IlZo.Tensors;

namespace IlZo.Optimizers;

/// <summary>
/// Trained tensors as the layers of their model: a group for the embeddings, one for each layer, one for all else, as far as there are
/// such. Where no tensor belongs to a layer, as among the variables of a function, each is a group.
/// </summary>
internal sealed class LayerGroups
{
    /// <param name="tensors">The trained tensors.</param>
    public LayerGroups(IReadOnlyList<Parameter> tensors)
    {
        bool isModel = tensors.Any(t => t.Layer is not null);
        int[] keys = [.. tensors.Select((t, i) => isModel ? KeyOf(t) : i)];
        int[] groups = [.. keys.Distinct().Order()];
        Of = [.. keys.Select(key => Array.BinarySearch(groups, key))];
        Count = groups.Length;
    }

    /// <summary>The number of groups.</summary>
    public int Count { get; }

    /// <summary>The group of each tensor, by <see cref="Parameter.Index"/>.</summary>
    public IReadOnlyList<int> Of { get; }

    private static int KeyOf(Parameter tensor) => tensor.Layer ?? tensor.Role.Part switch
    {
        ModelPart.TokenEmbedding or ModelPart.PositionEmbedding or ModelPart.TokenTypeEmbedding or ModelPart.EmbeddingProjection => -1,
        _ => int.MaxValue,
    };
}
