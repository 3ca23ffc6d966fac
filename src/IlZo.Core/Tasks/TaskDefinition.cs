using IlZo.Files;

namespace IlZo.Tasks;

/// <summary>What a task's examples are trained on.</summary>
public enum TaskObjective
{
    /// <summary>Cross-entropy over the mean log-probabilities of all candidates; see <see cref="Scoring.ClassificationLoss"/>.</summary>
    Classification,

    /// <summary>Cross-entropy over the tokens of the correct candidate; see <see cref="Scoring.LanguageModelLoss"/>.</summary>
    LanguageModel,
}

/// <summary>
/// A task: how a row of JSON becomes a prompt, its candidate answers and the correct one. It is read from a JSON file; the
/// built-in tasks are files of the same format (<see cref="TaskCatalog"/>), which <c>docs/tasks.md</c> describes.
/// </summary>
internal sealed class TaskDefinition
{
    internal TaskDefinition(RowTemplate template) => Template = template;

    /// <summary>Letters, digits, <c>-</c>, <c>_</c> and <c>.</c>.</summary>
    public required string Name { get; init; }

    /// <summary>One line.</summary>
    public required string Description { get; init; }

    public required TaskObjective Objective { get; init; }

    /// <summary>How the task is judged above all.</summary>
    public required IMetric Metric { get; init; }

    /// <summary>The metrics of a run: what every one has, and the task's own.</summary>
    public IReadOnlyList<IMetric> Metrics => [.. MetricCatalog.Usual(Answers).Union([Metric])];

    /// <summary>Dev examples where the user asks for no number: 500 unless the definition says otherwise.</summary>
    public required int DevExamples { get; init; }

    /// <summary>The folder of the embedded data set that suits the task (<see cref="TaskData.LoadBuiltIn"/>), or null.</summary>
    public required string? Sample { get; init; }

    /// <summary>Whether the task has a prompt for causal language models.</summary>
    public bool HasCausalPrompt => Template.Causal is not null;

    /// <summary>The longest text of the prompt for masked language models, in tokens; null where the task has no such prompt.</summary>
    public int? MaskedMaxLength => Template.Masked?.MaxLength;

    /// <summary>Whether the task says what a classification head reads.</summary>
    public bool HasTexts => Template.Texts.Count > 0;

    /// <summary>Tokens of a generated answer at most; 0 where candidates are compared.</summary>
    public required int MaxNewTokens { get; init; }

    /// <summary>What a model answers.</summary>
    public AnswerKind Answers => Template.Candidates.Kind;

    /// <summary>Whether the answer is generated, not chosen among candidates.</summary>
    public bool Generates => Answers == AnswerKind.Generated;

    /// <summary>Whether the definition has a prompt without content, which calibration needs.</summary>
    public bool HasContentFree => Template.Causal?.ContentFree != null;

    /// <summary>Candidate answers of every example: at least 2, 1 where the answer is generated, 0 where each row lists its own.</summary>
    public int CandidateCount => Template.Candidates.Count;

    /// <summary>The candidates' texts where they are the same for every row, which name the classes; else empty.</summary>
    public IReadOnlyList<string> ClassNames => Template.Candidates.Fixed;

    internal RowTemplate Template { get; }

    /// <summary>Reads a definition from a file.</summary>
    /// <exception cref="InvalidInputException">The file cannot be read or is not a definition; the message names the place.</exception>
    public static TaskDefinition Load(string path)
    {
        byte[] bytes;
        try
        {
            bytes = PlainFile.ReadAllBytes(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InvalidInputException($"{path}: no such file; expected a task definition in JSON.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new InvalidInputException(
                $"{path}: cannot be read ({e.Message.TrimEnd('.')}); expected a task definition in JSON.", e);
        }

        return TaskDefinitionReader.Read(bytes, path);
    }

    /// <summary>Reads a definition from text.</summary>
    /// <param name="json">The content of a definition file.</param>
    /// <param name="source">What messages call it.</param>
    /// <exception cref="InvalidInputException">The text is not a definition; the message names the place.</exception>
    public static TaskDefinition Parse(string json, string source)
    {
        return TaskDefinitionReader.Read(System.Text.Encoding.UTF8.GetBytes(json), source);
    }
}
