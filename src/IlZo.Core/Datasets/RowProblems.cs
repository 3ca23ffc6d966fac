namespace IlZo.Datasets;

/// <summary>What happens to rows that cannot be used: they end the work, or are left out and counted.</summary>
/// <param name="skip">Whether to go on without them.</param>
internal sealed class RowProblems(bool skip)
{
    /// <summary>Rows that were left out.</summary>
    public int Count { get; private set; }

    /// <summary>What was wrong with the first.</summary>
    public string? First { get; private set; }

    /// <summary>Notes a problem and says whether to go on.</summary>
    public bool Tolerates(InvalidInputException problem)
    {
        if (skip)
        {
            Count++;
            First ??= problem.Message;
        }

        return skip;
    }
}
