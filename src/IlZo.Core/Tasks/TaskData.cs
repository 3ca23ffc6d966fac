using IlZo.BuiltIn;

namespace IlZo.Tasks;

/// <summary>The examples of a task: training rows, validation rows to test on and, where there is a file of them, dev rows.</summary>
public sealed class TaskData
{
    /// <summary>The file of training rows.</summary>
    public const string TrainFile = "train.jsonl";

    /// <summary>The file of dev rows, which need not be there.</summary>
    public const string DevFile = "dev.jsonl";

    /// <summary>The file of validation rows.</summary>
    public const string ValidationFile = "validation.jsonl";

    private TaskData(TaskDefinition definition, ExampleList train, ExampleList? dev, ExampleList validation)
    {
        Definition = definition;
        Train = train;
        Dev = dev;
        Validation = validation;
    }

    public TaskDefinition Definition { get; }

    public ExampleList Train { get; }

    /// <summary>Dev rows of their own; null where they are to be taken from the training rows.</summary>
    public ExampleList? Dev { get; }

    public ExampleList Validation { get; }

    /// <summary>Reads <c>train.jsonl</c>, <c>validation.jsonl</c> and, where it is there, <c>dev.jsonl</c>.</summary>
    /// <param name="definition">The task.</param>
    /// <param name="folder">The folder of the two files.</param>
    /// <exception cref="InvalidInputException">
    /// A file is missing, is not UTF-8 JSON lines or holds no rows, or a row lacks a field or has an unknown label.
    /// </exception>
    public static TaskData Load(TaskDefinition definition, string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new InvalidInputException(
                $"{folder}: no such folder; expected the folder of task {definition.Name}'s {TrainFile} and {ValidationFile}.");
        }

        bool hasDev = File.Exists(Path.Combine(folder, DevFile));
        return new TaskData(definition, Read(TrainFile), hasDev ? Read(DevFile) : null, Read(ValidationFile));

        ExampleList Read(string file)
        {
            using var reader = JsonlReader.Open(Path.Combine(folder, file));
            return ExampleList.Read(definition, reader);
        }
    }

    /// <summary>Reads the sample that is embedded for the task's <see cref="TaskDefinition.Sample"/>.</summary>
    /// <exception cref="InvalidInputException">The task has no sample.</exception>
    public static TaskData LoadBuiltIn(TaskDefinition definition)
    {
        if (definition.Sample is not { } sample)
        {
            var others = TaskCatalog.All.Where(d => d.Sample != null).Select(d => d.Name);
            throw new InvalidInputException(
                $"Task {definition.Name} has no built-in data; expected a folder with {TrainFile} and {ValidationFile}, "
                + $"or one of the tasks {string.Join(", ", others)}.");
        }

        return new TaskData(definition, Read(TrainFile), Read(DevFile), Read(ValidationFile));

        ExampleList Read(string file)
        {
            string path = $"{sample}/{file}";
            using var reader = new JsonlReader(BuiltInResources.Open(path), $"built-in {path}");
            return ExampleList.Read(definition, reader);
        }
    }
}
