using IlZo.BuiltIn;

namespace IlZo.Tasks;

/// <summary>
/// The built-in tasks: MeZO's templates (princeton-nlp/MeZO, <c>large_models/templates.py</c> and, for masked prompts,
/// <c>medium_models/run_fewshot.sh</c>) and the project's own.
/// </summary>
internal static class TaskCatalog
{
    /// <summary>
    /// The names, in the order they are listed to users. A new task is a file under <c>Tasks/Definitions</c> and a name here.
    /// </summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        "sst2", "sst2-sentiment", "rte", "cb", "boolq", "wsc", "wic", "multirc", "copa", "record", "squad", "drop",
        "sst5", "mr", "cr", "mpqa", "subj", "trec", "cola", "mrpc", "qqp", "snli", "mnli", "qnli",
    ];

    private static readonly Lazy<IReadOnlyList<TaskDefinition>> Definitions = new(() => [.. Names.Select(ReadBuiltIn)]);

    /// <summary>The definitions, in the order of <see cref="Names"/>.</summary>
    public static IReadOnlyList<TaskDefinition> All => Definitions.Value;

    /// <summary>A built-in task by name, or one from a file.</summary>
    /// <param name="nameOrPath">One of <see cref="Names"/>, else the path of a <c>.json</c> file.</param>
    /// <exception cref="InvalidInputException">Neither, or the file is not a task definition.</exception>
    public static TaskDefinition Load(string nameOrPath)
    {
        if (Names.Contains(nameOrPath))
        {
            return ReadBuiltIn(nameOrPath);
        }

        return nameOrPath.EndsWith(".json", StringComparison.OrdinalIgnoreCase)
            ? TaskDefinition.Load(nameOrPath)
            : throw new InvalidInputException(
                $"\"{nameOrPath}\" is not a known task; expected one of {string.Join(", ", Names)} "
                + "or the path of a .json file that defines one.");
    }

    private static TaskDefinition ReadBuiltIn(string name)
    {
        return TaskDefinitionReader.Read(EmbeddedFiles.ReadAllBytes($"tasks/{name}.json"), $"built-in task {name}");
    }
}
