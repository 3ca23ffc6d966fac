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
public sealed record ClusterSettings(WorkSplit Split = WorkSplit.Auto, bool MixedEngines = false, int MarkEvery = 200)
{
    /// <summary>Rejects what has no meaning.</summary>
    /// <exception cref="InvalidInputException">A number is out of range.</exception>
    public void Validate()
    {
        if (MarkEvery < 0)
        {
            throw new InvalidInputException($"--mark-every is {MarkEvery}; 0 or more steps was expected.");
        }
    }
}
