using IlZo.Fuzz.Mutation;

namespace IlZo.Fuzz.Targets;

/// <summary>A parser of the product.</summary>
/// <param name="Name">What the command line calls it.</param>
/// <param name="Parses">What its inputs are.</param>
/// <param name="Seeds">Makes the inputs to begin with.</param>
/// <param name="Mutator">Changes inputs.</param>
/// <param name="Open">
/// Makes what all inputs share and returns the parser. It may throw <see cref="InvalidInputException"/>; everything else is a finding.
/// </param>
internal sealed record FuzzTarget(string Name, string Parses, Func<IEnumerable<byte[]>> Seeds, IMutator Mutator, Func<Action<byte[]>> Open)
{
    /// <summary>Bytes of an input at most.</summary>
    public int MaxLength { get; init; } = 1 << 13;
}
