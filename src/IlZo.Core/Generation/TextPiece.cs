namespace IlZo.Generation;

/// <summary>A token of a continuation, and how probable it was to the model.</summary>
/// <param name="Id">The token.</param>
/// <param name="Start">Characters of the continuation's text before it.</param>
/// <param name="LogProbability">
/// log p of the token given those before it, to the model as it is: before penalties, and at temperature 1.
/// </param>
/// <param name="Top">The most probable tokens in its place, the most probable first.</param>
public sealed record ChosenToken(int Id, int Start, double LogProbability, IReadOnlyList<ScoredToken> Top);

/// <summary>A part of a continuation that does not change any more.</summary>
/// <param name="Text">The text.</param>
/// <param name="Tokens">
/// Where they were asked for, the tokens whose text begins in it; a token that ends the continuation is no part of it.
/// </param>
public sealed record TextPiece(string Text, IReadOnlyList<ChosenToken> Tokens);
