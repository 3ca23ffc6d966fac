namespace IlZo.Clusters;

/// <summary>How work is divided among workers.</summary>
public enum WorkSplit : byte
{
    /// <summary>By examples as long as each worker has enough tokens to read the weights for, then by probes.</summary>
    Auto,

    /// <summary>Each worker evaluates some of the examples, at all probes.</summary>
    Examples,

    /// <summary>Each worker evaluates some of the probes, on all examples.</summary>
    Queries,
}

/// <summary>What those who begin a run together agree on.</summary>
/// <param name="Split">How work is divided.</param>
/// <param name="MixedEngines">Whether workers may compute with other engines than the one that began the run.</param>
/// <param name="MarkEvery">Steps after which the workers compare their weights; 0 for never.</param>
/// <param name="Quorum">
/// Queries that a step waits for, whichever come first; 0 for all. A run that does without some is replayed from its log as any other, and
/// is not what one machine would come to.
/// </param>
public sealed record ClusterSettings(
    WorkSplit Split = WorkSplit.Auto, bool MixedEngines = false, int MarkEvery = 200, int Quorum = 0)
{
    /// <summary>Rejects what has no meaning.</summary>
    /// <exception cref="InvalidInputException">A number is out of range.</exception>
    public void Validate()
    {
        if (MarkEvery < 0)
        {
            throw new InvalidInputException($"--mark-every is {MarkEvery}; 0 or more steps was expected.");
        }

        if (Quorum is < 0 or > ushort.MaxValue)
        {
            throw new InvalidInputException($"--quorum is {Quorum}; 0, for all, to {ushort.MaxValue} queries was expected.");
        }

        if (Quorum > 0 && Split == WorkSplit.Examples)
        {
            throw new InvalidInputException(
                $"--quorum is {Quorum} with --split examples, where each query needs all workers; auto or queries was expected.");
        }
    }
}
