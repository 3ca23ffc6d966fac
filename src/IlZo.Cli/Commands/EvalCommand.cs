using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using IlZo.Datasets;
using IlZo.Models;
using IlZo.Training;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo eval</c>.</summary>
internal static class EvalCommand
{
    private static readonly Option<string> s_model = Flags.Model();
    private static readonly Option<string?> s_task = Flags.Text(
        "--task", "NAME|FILE", "A task of 'ilzo ls tasks', or a task file (default: data with --data, else sst2-sentiment for builtin and sst2 for others).");
    private static readonly Option<string?> s_data = Flags.Text(
        "--data", "PATH", "Folder of the task's validation.jsonl; without --task a file of your own texts, or a folder with a test or validation file.");
    private static readonly Option<int?> s_testSize = Flags.Number<int>(
        "--test-size", "N", "Rows to measure on (default: 1000, or all where there are fewer; all of your own).");
    private static readonly Option<uint?> s_seed = Flags.Number<uint>("--seed", "N", "Seed that picks the rows (default: 0).");
    private static readonly Option<int?> s_maxLength = Flags.Number<int>(
        "--max-length", "N", "Longest prompt with answer, in tokens (default: the model's positions; 512 for texts).");
    private static readonly Option<bool> s_trainOnPrompt = new("--train-on-prompt") { Description = "Measure the prompts of your own rows too." };
    private static readonly Option<bool> s_skipBadRows = new("--skip-bad-rows") { Description = "Leave out rows of your own that cannot be used." };
    private static readonly Option<string?> s_chatTemplate = Flags.Text(
        "--chat-template", "FILE", "Chat template for conversations (default: the model's own).");
    private static readonly Option<string> s_dtype = Flags.DType();
    private static readonly Option<int?> s_threads = Flags.Threads();
    private static readonly Option<bool> s_json = Flags.Json();

    public static Command Create()
    {
        var command = new Command("eval", "Measure loss and accuracy of a model on a task's validation rows, or loss and perplexity on your own texts.")
        {
            s_model, s_task, s_data, s_testSize, s_seed, s_maxLength, s_trainOnPrompt, s_skipBadRows, s_chatTemplate, s_dtype, s_threads, s_json,
        };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        string name = parsed.GetValue(s_model)!;
        string? data = parsed.GetValue(s_data);
        var defaults = new TrainingOptions();
        var options = defaults with
        {
            Model = name,
            Task = parsed.GetValue(s_task) ?? (data is not null ? UserData.TaskName : name == ModelLoader.BuiltIn ? defaults.Task : "sst2"),
            Data = data,
            TestSize = parsed.GetValue(s_testSize),
            Seed = parsed.GetValue(s_seed) ?? defaults.Seed,
            MaxLength = parsed.GetValue(s_maxLength),
            TrainOnPrompt = parsed.GetValue(s_trainOnPrompt),
            SkipBadRows = parsed.GetValue(s_skipBadRows),
            ChatTemplate = parsed.GetValue(s_chatTemplate),
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
        var tokenizer = ModelLoader.Tokenizer(model.Checkpoint);
        var examples = options.Task == UserData.TaskName
            ? OwnExamples.LoadTest(options, model, tokenizer)
            : TrainingExamples.Load(options, model, tokenizer);
        ExampleNotes.Say(examples);
        var evaluation = new LossEvaluator(model, backend, examples.Objective).Evaluate(examples.Test, interruption.Token);
        Print(options, examples, evaluation, parsed.GetValue(s_json));
        return 0;
    }

    private static void Print(TrainingOptions options, TrainingExamples examples, Evaluation evaluation, bool json)
    {
        if (!json)
        {
            Terminal.PrintTable(
            [
                ("task", options.Task),
                evaluation.Perplexity is { } perplexity
                    ? ("perplexity", $"{Format.Perplexity(perplexity)} ({evaluation.Total} examples)")
                    : ("accuracy", Format.Accuracy(evaluation)),
                ("loss", evaluation.Loss.ToString("F4", CultureInfo.InvariantCulture)),
            ]);
            return;
        }

        Terminal.PrintJson(writer =>
        {
            writer.WriteString("model", options.Model);
            writer.WriteString("task", options.Task);
            Json.WriteNumber(writer, "loss", evaluation.Loss);
            if (evaluation.Perplexity is { } perplexity)
            {
                Json.WriteNumber(writer, "perplexity", perplexity);
                writer.WriteNumber("skipped_rows", examples.SkippedRows);
            }
            else
            {
                Json.WriteNumber(writer, "accuracy", evaluation.Accuracy);
                writer.WriteNumber("accuracy_low", evaluation.Interval.Low);
                writer.WriteNumber("accuracy_high", evaluation.Interval.High);
                writer.WriteNumber("correct", evaluation.Correct);
            }

            writer.WriteNumber("examples", evaluation.Total);
        });
    }
}
