using IlZo.Backends;
using IlZo.Datasets;
using IlZo.Models;
using IlZo.Tasks;
using IlZo.Training;

namespace IlZo.Cli;

/// <summary>Measures what a run selected on just the rows that the run kept for that.</summary>
internal static class RunEvaluation
{
    private const string Test = "test";
    private const string Dev = "dev";

    /// <summary>The names of the parts of a run's rows.</summary>
    public static string Splits => $"{Test}|{Dev}";

    /// <summary>Says where a model was trained on rows that it is measured on: those of a run's own data.</summary>
    /// <param name="model">The model: a run, or what it saved.</param>
    /// <param name="data">The rows.</param>
    public static void SayWhereTrained(string model, string data)
    {
        string? parent = Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(model)));
        var run = new[] { model, parent }.OfType<string>().Select(f => new RunFolder(f)).FirstOrDefault(f => f.IsRun);
        if (run?.ReadConfiguration().Options is { Task: UserData.TaskName } options && options.Data == Path.GetFullPath(data))
        {
            Terminal.Say($"note: '{run.FullPath}' was trained on rows of '{data}', which are included here; 'ilzo eval --run' evaluates "
                + "only those it was not trained on.");
        }
    }

    /// <summary>Evaluates a run.</summary>
    /// <param name="run">The run.</param>
    /// <param name="split">test or dev; null for test.</param>
    /// <param name="engine">What is to compute.</param>
    /// <param name="device">Where, or null for the CLI's choice.</param>
    /// <param name="threads">Threads, or null for all processors.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="InvalidInputException">The run has nothing yet, or its weights or rows are not those that it had.</exception>
    public static EvaluationOutput Of(
        string run, string? split, EngineRequest engine, string? device, int? threads, CancellationToken cancellation)
    {
        if (split is not (null or Test or Dev))
        {
            throw new InvalidInputException($"--split is '{split}'; {Test} or {Dev} was expected.");
        }

        var saved = SavedRun.Open(new RunFolder(run));
        var options = saved.Configuration.Options;
        var source = saved.Result();
        using var backend = Device.Open(device, threads, engine);
        using var model = source.Load(source.Adapter is null ? null : options.DType);
        backend.Load(model.Parameters);
        var examples = TrainingExamples.Load(options, model, ModelLoader.Tokenizer(model.Checkpoint), cancellation);
        if (examples.Sha256() != saved.Configuration.ExamplesSha256)
        {
            throw new InvalidInputException($"'{options.Data ?? "the built-in sample"}' gives other examples than when '{run}' was "
                + "trained; the same rows were expected.");
        }

        var rows = split == Dev ? examples.Dev : examples.Test;
        if (rows.Count == 0)
        {
            throw new InvalidInputException($"'{run}' has no {split ?? Test} rows; a --split that has some was expected.");
        }

        var task = Presets.TaskOf(options) is var name and not UserData.TaskName ? TaskCatalog.Load(name) : null;
        var objective = TrainingOptions.ParseObjective(options.Objective);
        var metrics = MetricCatalog.Of(task?.Answers ?? AnswerKind.Text);
        var evaluation = new LossEvaluator(model, backend, examples.Objective, objective, examples.Answers, metrics).Evaluate(
            rows, cancellation);
        return new EvaluationOutput(options with { Model = run }, new EvaluationOptions(), evaluation)
        {
            Task = task,
            SkippedRows = examples.SkippedRows,
        };
    }
}
