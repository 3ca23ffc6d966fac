namespace IlZo.Tasks;

/// <summary>Candidates that the row lists, as many as it has; those among its answers are correct.</summary>
/// <param name="candidates">The texts to choose among.</param>
/// <param name="answers">The correct ones.</param>
internal sealed class ListedCandidates(TextList candidates, TextList answers) : CandidateSource
{
    public override CandidateSet Read(in TaskRow row)
    {
        string[] texts = [.. candidates.Read(row).Distinct(StringComparer.Ordinal)];
        var correct = answers.Read(row).ToHashSet(StringComparer.Ordinal);
        int[] accepted = [.. Enumerable.Range(0, texts.Length).Where(i => correct.Contains(texts[i]))];
        return accepted.Length > 0
            ? new CandidateSet(texts, accepted, [])
            : throw row.Error(
                $"none of the texts in {answers.Expectation} is among those in {candidates.Expectation}; expected at least one");
    }
}

/// <summary>No candidates: the answer is a text that the model generates. It is trained on the first of the row's answers.</summary>
/// <param name="answers">The texts that a generated one is compared with.</param>
internal sealed class GeneratedAnswers(TextList answers) : CandidateSource
{
    public override int Count => 1;

    public override AnswerKind Kind => AnswerKind.Generated;

    public override CandidateSet Read(in TaskRow row)
    {
        var gold = answers.Read(row);
        return new CandidateSet([gold[0]], [0], gold);
    }
}
