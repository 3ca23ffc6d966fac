namespace IlZo.Tensors;

/// <summary>The SHA-256s of the pieces of each parameter of a set at one time.</summary>
internal sealed class ParameterHashes
{
    private readonly IReadOnlyList<(Parameter Parameter, byte[] Piece)> _pieces;

    internal ParameterHashes(IReadOnlyList<(Parameter Parameter, byte[] Piece)> pieces) => _pieces = pieces;

    /// <summary>The SHA-256 of all of them, in lower-case hexadecimal.</summary>
    public string Sha256 => Convert.ToHexStringLower(IlZo.Sha256.Hash([.. _pieces.SelectMany(p => p.Piece)]));

    /// <summary>A frozen parameter whose bytes are others than before, or null.</summary>
    /// <param name="before">The hashes of the same set at an earlier time.</param>
    public Parameter? ChangedThoughFrozen(ParameterHashes before) => _pieces.Zip(before._pieces)
        .Where(pair => pair.First.Parameter.Index < 0 && !pair.First.Piece.AsSpan().SequenceEqual(pair.Second.Piece))
        .Select(pair => pair.First.Parameter).FirstOrDefault();
}
