namespace IlZo.Tasks;

/// <summary>How often each class is predicted for the examples of each, where all examples have the same candidates.</summary>
internal sealed class ConfusionMatrix
{
    private readonly int[] _support;
    private readonly int[][] _counts;

    /// <param name="predictions">Predictions of examples with the same candidates; at least one.</param>
    public ConfusionMatrix(IReadOnlyList<Prediction> predictions)
    {
        ArgumentOutOfRangeException.ThrowIfZero(predictions.Count, nameof(predictions));
        Classes = predictions[0].Example.CandidateTexts.Count;
        Examples = predictions.Count;
        _support = new int[Classes];
        _counts = [.. _support.Select(_ => new int[Classes])];
        foreach (var prediction in predictions)
        {
            _support[prediction.Example.Correct]++;
            if (prediction.Choice != Scoring.NoPrediction)
            {
                _counts[prediction.Example.Correct][prediction.Choice]++;
            }
        }
    }

    /// <summary>Number of classes.</summary>
    public int Classes { get; }

    /// <summary>Number of examples, those without a prediction included.</summary>
    public int Examples { get; }

    /// <summary>[correct class][predicted class]: numbers of examples; without examples that have no prediction.</summary>
    public IReadOnlyList<IReadOnlyList<int>> Counts => _counts;

    /// <summary>Examples whose correct class it is.</summary>
    public int Support(int c) => _support[c];

    /// <summary>Examples for which it is predicted.</summary>
    public int Predicted(int c) => _counts.Sum(row => row[c]);

    /// <summary>Examples of which both are true.</summary>
    public int Correct(int c) => _counts[c][c];

    /// <summary>The harmonic mean of a class's precision and recall; 0 where it is neither correct nor predicted for any example.</summary>
    public double F1(int c) => Support(c) + Predicted(c) == 0 ? 0 : 2.0 * Correct(c) / (Support(c) + Predicted(c));
}
