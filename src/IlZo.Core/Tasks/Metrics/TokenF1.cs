namespace IlZo.Tasks;

/// <summary>
/// The mean F1 of the words of generated answers, each with the gold answer that it agrees with best
/// (<see cref="AnswerMatch.F1(string, IReadOnlyList{string})"/>).
/// </summary>
internal sealed class TokenF1 : IExampleMetric
{
    private TokenF1()
    {
    }

    public static TokenF1 Instance { get; } = new();

    public string Name => "f1";

    public string Title => "F1";

    public AnswerKind Judges => AnswerKind.Generated;

    public double Of(Prediction prediction) => prediction.Text is { } text ? AnswerMatch.F1(text, prediction.Example.Answers) : 0;
}
