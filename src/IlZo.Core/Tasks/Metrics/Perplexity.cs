using System.Globalization;

namespace IlZo.Tasks;

/// <summary>exp of the loss of a token, where examples are texts without answers to choose from.</summary>
internal sealed class Perplexity : IMetric
{
    private Perplexity()
    {
    }

    public static Perplexity Instance { get; } = new();

    public string Name => "perplexity";

    public string Title => "perplexity";

    public AnswerKind Judges => AnswerKind.Text;

    public double Of(IReadOnlyList<Prediction> predictions, double loss) => Math.Exp(loss);

    /// <summary>Five digits.</summary>
    public string Format(double value) => value.ToString("G5", CultureInfo.InvariantCulture);
}
