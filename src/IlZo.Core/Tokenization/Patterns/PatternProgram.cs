namespace IlZo.Tokenization.Patterns;

/// <summary>What a step of a pattern does.</summary>
internal enum PatternStep
{
    /// <summary>Takes a character of a set and goes on.</summary>
    Take,

    /// <summary>Goes on at two places, at the first one rather than at the second.</summary>
    Fork,

    /// <summary>Goes on where the next character is in a set, or where it is not; the end of the text is in none.</summary>
    Look,

    /// <summary>Goes on at the end of a line or of the text.</summary>
    EndOfLine,

    /// <summary>The pattern matches.</summary>
    Match,
}

/// <summary>A step.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Set">The set of <see cref="PatternStep.Take"/> and <see cref="PatternStep.Look"/>: a place in the program's sets.</param>
/// <param name="Next">The step after it.</param>
/// <param name="Other">The second step of a fork.</param>
/// <param name="Negated">Whether a look is for what is not in the set.</param>
internal readonly record struct PatternNode(PatternStep Kind, int Set = -1, int Next = -1, int Other = -1, bool Negated = false);

/// <summary>A pattern as steps, of which the last is the first to be taken.</summary>
/// <param name="Nodes">The steps.</param>
/// <param name="Start">Where it begins.</param>
/// <param name="Sets">The sets that the steps name.</param>
internal sealed record PatternProgram(IReadOnlyList<PatternNode> Nodes, int Start, IReadOnlyList<CharacterSet> Sets);
