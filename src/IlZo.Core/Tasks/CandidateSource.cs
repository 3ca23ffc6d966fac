namespace IlZo.Tasks;

/// <summary>The answers of one row.</summary>
/// <param name="Texts">The candidates; where the answer is generated, the one answer that is trained on.</param>
/// <param name="Accepted">The candidates that count as correct, at least one; training takes the first.</param>
/// <param name="Answers">What a generated text is compared with; empty where candidates are compared.</param>
internal sealed record CandidateSet(IReadOnlyList<string> Texts, IReadOnlyList<int> Accepted, IReadOnlyList<string> Answers);

/// <summary>Where the candidate answers of a row come from, and which of them are correct.</summary>
internal abstract class CandidateSource
{
    /// <summary>The candidates where they are the same for every row, else none.</summary>
    public virtual IReadOnlyList<string> Fixed => [];

    /// <summary>How many candidates every row has; 0 where rows differ.</summary>
    public virtual int Count => 0;

    /// <summary>What a model answers.</summary>
    public virtual AnswerKind Kind => Fixed.Count > 0 ? AnswerKind.Class : AnswerKind.Choice;

    /// <exception cref="InvalidInputException">The row lacks a field, or holds something else in its place.</exception>
    public abstract CandidateSet Read(in TaskRow row);
}
