using IlZo.Files;

namespace IlZo.Tasks;

/// <summary>The training objective of a task.</summary>
public enum TaskObjective
{
    /// <summary>Cross-entropy over the mean log-probabilities of all candidates; see <see cref="Scoring.ClassificationLoss"/>.</summary>
    Classification,

    /// <summary>Cross-entropy over the tokens of the correct candidate; see <see cref="Scoring.LanguageModelLoss"/>.</summary>
    LanguageModel,
}

/// <summary>
/// A task: how a JSON row becomes a prompt, its candidate answers and the correct one. It is read from a JSON file in the format described
/// in <c>docs/tasks.md</c>; the built-in tasks are files in the same format (<see cref="TaskCatalog"/>).
/// </summary>
internal sealed class TaskDefinition
{
    internal TaskDefinition(RowTemplate template) => Template = template;

    /// <summary>Letters, digits, <c>-</c>, <c>_</c> and <c>.</c>.</summary>
    public required string Name { get; init; }

    /// <summary>One line.</summary>
    public required string Description { get; init; }

    public required TaskObjective Objective { get; init; }

    /// <summary>The task's main metric.</summary>
    public required IMetric Metric { get; init; }

    /// <summary>The metrics of a run: the usual ones and the task's own.</summary>
    public IReadOnlyList<IMetric> Metrics => [.. MetricCatalog.Usual(Answers).Union([Metric])];

    /// <summary>The default number of dev examples: 500 unless the definition says otherwise.</summary>
    public required int DevExamples { get; init; }

    /// <summary>The folder of the embedded data set that fits the task (<see cref="TaskData.LoadBuiltIn"/>), or null.</summary>
    public required string? Sample { get; init; }

    /// <summary>Whether the task has a prompt for causal language models.</summary>
    public bool HasCausalPrompt => Template.Causal is not null;

    /// <summary>The maximum length of the prompt for masked language models, in tokens; null if the task has no such prompt.</summary>
    public int? MaskedMaxLength => Template.Masked?.MaxLength;

    /// <summary>Whether the task defines what a classification head reads.</summary>
    public bool HasTexts => Template.Texts.Count > 0;

    /// <summary>The maximum number of tokens in a generated answer; 0 if candidates are compared.</summary>
    public required int MaxNewTokens { get; init; }

    /// <summary>What a model answers.</summary>
    public AnswerKind Answers => Template.Candidates.Kind;

    /// <summary>Whether the answer is generated rather than chosen from candidates.</summary>
    public bool Generates => Answers == AnswerKind.Generated;

    /// <summary>Whether the definition has a content-free prompt, which calibration requires.</summary>
    public bool HasContentFree => Template.Causal?.ContentFree != null;

    /// <summary>
    /// The number of candidate answers of every example: at least 2; 1 if the answer is generated; 0 if each row lists its own.
    /// </summary>
    public int CandidateCount => Template.Candidates.Count;

    /// <summary>The candidates' texts, which name the classes, if they are the same for every row; otherwise empty.</summary>
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
    /// <param name="source">Its name in error messages.</param>
    /// <exception cref="InvalidInputException">The text is not a definition; the message names the place.</exception>
    public static TaskDefinition Parse(string json, string source)
    {
        return TaskDefinitionReader.Read(System.Text.Encoding.UTF8.GetBytes(json), source);
    }
}
