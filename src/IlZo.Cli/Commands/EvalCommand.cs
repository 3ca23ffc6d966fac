using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using IlZo.Models;
using IlZo.Training;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo eval</c>.</summary>
internal static class EvalCommand
{
    private static readonly Option<string> s_model = Flags.Model();
    private static readonly Option<string?> s_task = Flags.Text(
        "--task", "NAME|FILE", "A task of 'ilzo ls tasks', or a task file (default: sst2-sentiment for builtin, else sst2).");
    private static readonly Option<string?> s_data = Flags.Text(
        "--data", "DIR", "Folder with train.jsonl and validation.jsonl (default: the task's built-in sample).");
    private static readonly Option<int?> s_testSize = Flags.Number<int>(
        "--test-size", "N", "Validation rows to measure on (default: 1000, or all where there are fewer).");
    private static readonly Option<uint?> s_seed = Flags.Number<uint>("--seed", "N", "Seed that picks the rows (default: 0).");
    private static readonly Option<int?> s_maxLength = Flags.Number<int>(
        "--max-length", "N", "Longest prompt with answer, in tokens (default: the model's positions).");
    private static readonly Option<string> s_dtype = Flags.DType();
    private static readonly Option<int?> s_threads = Flags.Threads();
    private static readonly Option<bool> s_json = Flags.Json();

    public static Command Create()
    {
        var command = new Command("eval", "Measure loss and accuracy of a model on a task's validation rows.")
        {
            s_model, s_task, s_data, s_testSize, s_seed, s_maxLength, s_dtype, s_threads, s_json,
        };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        string name = parsed.GetValue(s_model)!;
        var defaults = new TrainingOptions();
        var options = defaults with
        {
            Model = name,
            Task = parsed.GetValue(s_task) ?? (name == ModelLoader.BuiltIn ? defaults.Task : "sst2"),
            Data = parsed.GetValue(s_data),
            TestSize = parsed.GetValue(s_testSize) ?? defaults.TestSize,
            Seed = parsed.GetValue(s_seed) ?? defaults.Seed,
            MaxLength = parsed.GetValue(s_maxLength),
            DType = parsed.GetValue(s_dtype)!,
            TrainSize = 1,
            DevSize = 0,
        };
        options.Validate();
        if (options.TestSize == 0)
        {
            throw new InvalidInputException("--test-size is 0; 1 or more was expected.");
        }

        using var interruption = Terminal.OnInterrupt();
        using var backend = Flags.Backend(parsed.GetValue(s_threads));
        using var model = ModelLoader.Load(name, Flags.ParseDType(options.DType));
        var examples = TrainingExamples.Load(options, model, ModelLoader.Tokenizer(model.Checkpoint));
        var evaluation = new LossEvaluator(model, backend, examples.Objective).Evaluate(examples.Test, interruption.Token);
        Print(options, evaluation, parsed.GetValue(s_json));
        return 0;
    }

    private static void Print(TrainingOptions options, Evaluation evaluation, bool json)
    {
        if (!json)
        {
            Terminal.PrintTable(
            [
                ("task", options.Task),
                ("accuracy", Format.Accuracy(evaluation)),
                ("loss", evaluation.Loss.ToString("F4", CultureInfo.InvariantCulture)),
            ]);
            return;
        }

        Terminal.PrintJson(writer =>
        {
            writer.WriteString("model", options.Model);
            writer.WriteString("task", options.Task);
            Json.WriteNumber(writer, "loss", evaluation.Loss);
            writer.WriteNumber("accuracy", evaluation.Accuracy);
            writer.WriteNumber("accuracy_low", evaluation.Interval.Low);
            writer.WriteNumber("accuracy_high", evaluation.Interval.High);
            writer.WriteNumber("correct", evaluation.Correct);
            writer.WriteNumber("examples", evaluation.Total);
        });
    }
}
