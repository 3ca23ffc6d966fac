using System.Diagnostics.CodeAnalysis;

namespace IlZo.Training;

/// <summary>
/// Work that can be done in parts: a value for each of its passes and items. A value is the same bits wherever an engine computes it, and
/// whatever other items are computed with it.
/// </summary>
/// <typeparam name="T">The values.</typeparam>
internal interface ISharedWork<T>
{
    /// <summary>Passes over the items: groups of probes.</summary>
    int Passes { get; }

    /// <summary>Whether a step can do without some passes: each is a query of its own.</summary>
    bool MayLackPasses { get; }

    /// <summary>Items of a pass: examples, or 1 where they cannot be divided.</summary>
    int Items { get; }

    /// <summary>About how much there is to compute for an item in a pass, in tokens that go through the model.</summary>
    /// <param name="item">The item.</param>
    long Weight(int item);

    /// <summary>
    /// Tokens that are computed together: a worker's part that is larger may as well be computed in several, one after another.
    /// </summary>
    long TokensAtATime { get; }

    /// <summary>Computes the values of consecutive items in a pass.</summary>
    /// <param name="pass">The pass.</param>
    /// <param name="first">The first item.</param>
    /// <param name="count">How many.</param>
    T[] Do(int pass, int first, int count);

    /// <summary>A value as bytes.</summary>
    /// <param name="value">The value.</param>
    byte[] Encode(T value);

    /// <summary>Reads a value that was computed elsewhere.</summary>
    /// <param name="pass">The pass.</param>
    /// <param name="item">The item.</param>
    /// <param name="bytes">The bytes.</param>
    /// <param name="value">The value.</param>
    /// <returns>False where this item cannot have such a value.</returns>
    bool TryDecode(int pass, int item, ReadOnlySpan<byte> bytes, [MaybeNullWhen(false)] out T value);
}
