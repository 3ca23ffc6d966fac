using IlZo.Tasks;

namespace IlZo.Training;

/// <summary>How one class fares. A share of nothing is 0.</summary>
/// <param name="Name">The candidate's text.</param>
/// <param name="Support">Examples whose correct candidate it is.</param>
/// <param name="Predicted">Examples for which it is predicted.</param>
/// <param name="Correct">Examples of which both are true.</param>
public sealed record ClassResult(string Name, int Support, int Predicted, int Correct)
{
    /// <summary>The share of the examples for which it is predicted that are of it.</summary>
    public double Precision => Predicted == 0 ? 0 : (double)Correct / Predicted;

    /// <summary>The share of its examples for which it is predicted.</summary>
    public double Recall => Support == 0 ? 0 : (double)Correct / Support;

    /// <summary>The harmonic mean of precision and recall.</summary>
    public double F1 => Support + Predicted == 0 ? 0 : 2.0 * Correct / (Support + Predicted);
}

/// <summary>How the classes of a task fare, where all its examples have the same candidates.</summary>
public sealed class ClassReport
{
    private ClassReport(IReadOnlyList<ClassResult> classes, ConfusionMatrix confusion) =>
        (Classes, Confusion) = (classes, confusion.Counts);

    /// <summary>The classes in the order of the candidates.</summary>
    public IReadOnlyList<ClassResult> Classes { get; }

    /// <summary>[correct class][predicted class]: numbers of examples; without examples that have no prediction.</summary>
    public IReadOnlyList<IReadOnlyList<int>> Confusion { get; }

    /// <summary>Counts predictions.</summary>
    /// <param name="names">The classes.</param>
    /// <param name="predictions">Predictions of examples with these candidates; at least one.</param>
    public static ClassReport Of(IReadOnlyList<string> names, IReadOnlyList<Prediction> predictions)
    {
        var counts = new ConfusionMatrix(predictions);
        return new ClassReport(
            [.. names.Select((name, c) => new ClassResult(name, counts.Support(c), counts.Predicted(c), counts.Correct(c)))], counts);
    }
}
