namespace IlZo.Tokenization;

/// <summary>A token that stands beside a text, with its type.</summary>
internal readonly record struct TypedToken(int Id, int Type);

/// <summary>
/// What surrounds two texts that are read together, and the types of all tokens, by which BERT tells the second text from the first.
/// </summary>
/// <param name="Front">In front of the first text.</param>
/// <param name="FirstType">The type of the first text's tokens.</param>
/// <param name="Between">Between the two.</param>
/// <param name="SecondType">The type of the second text's tokens.</param>
/// <param name="Back">Behind the second.</param>
internal sealed record PairFrame(
    IReadOnlyList<TypedToken> Front, int FirstType, IReadOnlyList<TypedToken> Between, int SecondType, IReadOnlyList<TypedToken> Back)
{
    /// <summary>Tokens beside those of the texts.</summary>
    public int Count => Front.Count + Between.Count + Back.Count;

    /// <summary>
    /// Tokens of one type: RoBERTa's ends stand twice between two texts, and what only begins a text begins each of them.
    /// </summary>
    /// <param name="prefix">What stands in front of one text.</param>
    /// <param name="suffix">What stands behind one.</param>
    public static PairFrame Of(int[] prefix, int[] suffix) =>
        new(Typed(prefix, 0), 0, Typed(suffix.Length > 0 ? [.. suffix, .. suffix] : prefix, 0), 0, Typed(suffix, 0));

    /// <summary>BERT's: one end between the texts, and another type from the second on.</summary>
    /// <param name="prefix">What stands in front of one text.</param>
    /// <param name="suffix">What stands behind one.</param>
    public static PairFrame OfBert(int[] prefix, int[] suffix) =>
        new(Typed(prefix, 0), 0, Typed(suffix, 0), 1, Typed(suffix, 1));

    /// <summary>The ids and the types of two texts with what surrounds them.</summary>
    public (int[] Ids, int[] Types) Around(int[] first, int[] second)
    {
        TypedToken[] all = [.. Front, .. Typed(first, FirstType), .. Between, .. Typed(second, SecondType), .. Back];
        return (Array.ConvertAll(all, t => t.Id), Array.ConvertAll(all, t => t.Type));
    }

    private static TypedToken[] Typed(int[] ids, int type) => Array.ConvertAll(ids, id => new TypedToken(id, type));
}
