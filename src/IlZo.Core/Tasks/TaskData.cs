using IlZo.BuiltIn;

namespace IlZo.Tasks;

/// <summary>The examples of a task: training rows, validation rows to test on and, where there is a file of them, dev rows.</summary>
internal sealed class TaskData
{
    /// <summary>The file of training rows.</summary>
    public const string TrainFile = "train.jsonl";

    /// <summary>The file of dev rows, which need not be there.</summary>
    public const string DevFile = "dev.jsonl";

    /// <summary>The file of validation rows.</summary>
    public const string ValidationFile = "validation.jsonl";

    private readonly Lazy<ExampleList> _train;
    private readonly Lazy<ExampleList?> _dev;
    private readonly Lazy<ExampleList> _validation;

    private TaskData(TaskDefinition definition, bool hasDev, Func<string, ExampleList> read)
    {
        Definition = definition;
        _train = new(() => read(TrainFile));
        _dev = new(() => hasDev ? read(DevFile) : null);
        _validation = new(() => read(ValidationFile));
    }

    public TaskDefinition Definition { get; }

    /// <summary>Training rows.</summary>
    /// <exception cref="InvalidInputException">
    /// The file is missing, is not UTF-8 JSON lines or holds no rows, or a row lacks a field or has an unknown label.
    /// </exception>
    public ExampleList Train => _train.Value;

    /// <summary>Dev rows of their own; null where they are to be taken from the training rows.</summary>
    /// <exception cref="InvalidInputException">As for <see cref="Train"/>.</exception>
    public ExampleList? Dev => _dev.Value;

    /// <summary>Rows to test on.</summary>
    /// <exception cref="InvalidInputException">As for <see cref="Train"/>.</exception>
    public ExampleList Validation => _validation.Value;

    /// <summary>The data in a folder. A file is read when its rows are first asked for, so that work needs only those it uses.</summary>
    /// <param name="definition">The task.</param>
    /// <param name="folder">The folder of <c>train.jsonl</c>, <c>validation.jsonl</c> and perhaps <c>dev.jsonl</c>.</param>
    /// <exception cref="InvalidInputException">There is no such folder.</exception>
    public static TaskData Load(TaskDefinition definition, string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new InvalidInputException(
                $"{folder}: no such folder; expected the folder of task {definition.Name}'s {TrainFile} and {ValidationFile}.");
        }

        return new TaskData(definition, File.Exists(Path.Combine(folder, DevFile)), Read);

        ExampleList Read(string file)
        {
            using var reader = JsonlReader.Open(Path.Combine(folder, file));
            return ExampleList.Read(definition, reader);
        }
    }

    /// <summary>The sample of the package IlZo.BuiltIn for the task's <see cref="TaskDefinition.Sample"/>.</summary>
    /// <exception cref="InvalidInputException">The task has no sample, or the program is without the package.</exception>
    public static TaskData LoadBuiltIn(TaskDefinition definition)
    {
        if (definition.Sample is not { } sample)
        {
            var others = TaskCatalog.All.Where(d => d.Sample != null).Select(d => d.Name);
            throw new InvalidInputException(
                $"Task {definition.Name} has no built-in data; expected a folder with {TrainFile} and {ValidationFile}, "
                + $"or one of the tasks {string.Join(", ", others)}.");
        }

        if (!BuiltInFiles.AreRegistered)
        {
            throw new InvalidInputException(
                $"The sample of task {definition.Name} is in the package {BuiltInFiles.Package}; a reference to that package, "
                + $"or a folder with {TrainFile} and {ValidationFile}, was expected.");
        }

        return new TaskData(definition, hasDev: true, Read);

        ExampleList Read(string file)
        {
            string path = $"{sample}/{file}";
            using var reader = new JsonlReader(BuiltInFiles.Open(path), $"built-in {path}");
            return ExampleList.Read(definition, reader);
        }
    }
}
