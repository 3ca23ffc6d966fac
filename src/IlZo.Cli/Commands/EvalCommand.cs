using System.CommandLine;
using IlZo.Backends;
using IlZo.Datasets;
using IlZo.Models;
using IlZo.Reporting;
using IlZo.Tasks;
using IlZo.Training;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo eval</c>.</summary>
internal static class EvalCommand
{
    private static readonly Option<string> s_model = Flags.Model();
    private static readonly Option<string?> s_run = Flags.Text(
        "--run", "DIR", "A run, instead of model, task and data: evaluate the weights it selected on just its own held-out rows.");
    private static readonly Option<string?> s_split = Flags.Text(
        "--split", RunEvaluation.Splits, "Which rows of the run: test (default), or dev, by which the weights were selected.");
    private static readonly Option<string?> s_task = Flags.Text(
        "--task", "NAME|FILE",
        "A task from 'ilzo ls tasks', or a task file (default: data with --data, otherwise sst2-sentiment for builtin, sst2 for others).");
    private static readonly Option<string?> s_data = Flags.Text(
        "--data", "PATH",
        "Folder with the task's validation.jsonl; without --task, a file of your own texts, or a folder with a test or validation file.");
    private static readonly Option<int?> s_testSize = Flags.Number<int>(
        "--test-size", "N", "Number of rows to evaluate (default: 1000, or all if there are fewer; all of your own).");
    private static readonly Option<uint?> s_seed = Flags.Number<uint>("--seed", "N", "Seed for the choice of rows (default: 0).");
    private static readonly Option<uint?> s_dataSeed = Flags.Number<uint>("--data-seed", "N", "The same, under its name in training.");
    private static readonly Option<int?> s_demonstrations = Flags.Number<int>(
        "--demonstrations", "N", "Solved training rows in front of every prompt (default: 0; 32 in published results).");

    private static readonly Option<bool> s_perExample = new("--demonstrations-per-example")
    {
        Description = "Draw separate demonstrations for every row.",
    };

    private static readonly Option<bool> s_calibrate = new("--calibrate")
    {
        Description = "Predict by summed log-probabilities minus those under a content-free prompt.",
    };

    private static readonly Option<string?> s_predictions = Flags.Text(
        "--predictions", "FILE.jsonl", "Also write every prediction with its scores to a file, one JSON object per row.");

    private static readonly Option<int?> s_maxLength = Flags.Number<int>(
        "--max-length", "N", "Maximum length of prompt and answer in tokens (default: the model's positions; 512 for texts).");
    private static readonly Option<bool> s_trainOnPrompt =
        new("--train-on-prompt") { Description = "Evaluate the prompts of your own rows as well." };
    private static readonly Option<bool> s_maskHistory =
        new("--mask-history") { Description = "Evaluate only the last turn of each conversation." };
    private static readonly Option<bool> s_splitSpecialTokens =
        new("--split-special-tokens") { Description = Flags.AboutSplitSpecialTokens };
    private static readonly Option<string?> s_columns = Flags.Text("--columns", "NAME=COLUMN,…", Flags.AboutColumns);
    private static readonly Option<bool> s_skipBadRows =
        new("--skip-bad-rows") { Description = "Leave out rows of your own that cannot be used." };
    private static readonly Option<string?> s_chatTemplate = Flags.Text(
        "--chat-template", "FILE", "Chat template for conversations (default: the model's own).");
    private static readonly Option<string?> s_adapter = Flags.Adapter();
    private static readonly Option<string> s_dtype = Flags.DType();
    private static readonly Option<string> s_engine = Flags.Engine();
    private static readonly Option<string> s_precision = Flags.Precision();
    private static readonly Option<int?> s_threads = Flags.Threads();
    private static readonly Option<string?> s_device = Flags.Device();
    private static readonly Option<bool> s_json = Flags.Json();

    public static Command Create()
    {
        var command = new Command(
            "eval", "Evaluate a model: loss and metrics on a task's validation rows, or loss and perplexity on your own texts.")
        {
            s_model, s_run, s_split, s_task, s_data, s_testSize, s_seed, s_dataSeed, s_demonstrations, s_perExample, s_calibrate,
            s_predictions,
            s_maxLength, s_trainOnPrompt, s_maskHistory, s_splitSpecialTokens, s_columns, s_skipBadRows, s_chatTemplate, s_adapter, s_dtype,
            s_device, s_engine, s_precision, s_threads, s_json,
        };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        if (parsed.GetValue(s_run) is { } run)
        {
            return OfRun(parsed, run);
        }

        if (parsed.GetValue(s_split) is not null)
        {
            throw new InvalidInputException("--split is given without --run, whose rows it chooses among; the two together were expected.");
        }

        string name = parsed.GetValue(s_model)!;
        var defaults = new TrainingOptions();
        var options = defaults with
        {
            Model = name,
            Task = parsed.GetValue(s_task),
            Data = parsed.GetValue(s_data),
            TestSize = parsed.GetValue(s_testSize),
            Seed = parsed.GetValue(s_seed) ?? defaults.Seed,
            DataSeed = parsed.GetValue(s_dataSeed),
            MaxLength = parsed.GetValue(s_maxLength),
            TrainOnPrompt = parsed.GetValue(s_trainOnPrompt),
            MaskHistory = parsed.GetValue(s_maskHistory),
            SplitSpecialTokens = parsed.GetValue(s_splitSpecialTokens),
            Columns = parsed.GetValue(s_columns),
            SkipBadRows = parsed.GetValue(s_skipBadRows),
            ChatTemplate = parsed.GetValue(s_chatTemplate),
            DType = Flags.ParseDType(parsed.GetValue(s_dtype)),
            TrainSize = 1,
            DevSize = 0,
        };
        string task = Presets.TaskOf(options);
        options.Validate();
        if (parsed.GetValue(s_seed) is not null && options.DataSeed is not null)
        {
            throw new InvalidInputException("--seed and --data-seed, its other name, are both given; one of them was expected.");
        }

        if (options.TestSize == 0)
        {
            throw new InvalidInputException("--test-size is 0; 1 or more was expected.");
        }

        var evaluationOptions = new EvaluationOptions
        {
            Demonstrations = parsed.GetValue(s_demonstrations) ?? 0,
            DemonstrationsPerExample = parsed.GetValue(s_perExample),
            Calibrate = parsed.GetValue(s_calibrate),
        };
        evaluationOptions.Validate();
        string? file = parsed.GetValue(s_predictions);
        if (task == UserData.TaskName && (file is not null || evaluationOptions != new EvaluationOptions()))
        {
            throw new InvalidInputException(
                "--demonstrations, --calibrate and --predictions are for tasks with answers, and --data without --task is texts; a --task "
                    + "was expected.");
        }

        if (file is not null)
        {
            OutputFile.Check("--predictions", file);
        }

        using var interruption = Terminal.OnInterrupt();
        var engine = new EngineRequest(parsed.GetValue(s_engine)!, parsed.GetValue(s_precision)!);
        var source = ModelSource.Of(name, parsed.GetValue(s_adapter));
        options = options with { Adapter = source.Adapter };
        using var backend = Device.Open(parsed.GetValue(s_device), parsed.GetValue(s_threads), engine);
        using var model = ModelArgument.Load(source, options.DType);
        backend.Load(model.Parameters);
        var tokenizer = ModelLoader.Tokenizer(model.Checkpoint);
        if (task == UserData.TaskName)
        {
            var own = OwnExamples.LoadTest(options, model, tokenizer, interruption.Token);
            ExampleNotes.Say(own);
            RunEvaluation.SayWhereTrained(name, options.Data!);
            var ofTexts = new LossEvaluator(model, backend, own.Objective).Evaluate(own.Test, interruption.Token);
            new EvaluationOutput(options, evaluationOptions, ofTexts) { SkippedRows = own.SkippedRows }.Print(parsed.GetValue(s_json));
            return 0;
        }

        var examples = EvaluationExamples.Load(options, evaluationOptions, model, tokenizer, interruption.Token);
        var definition = examples.Task.Definition;
        var evaluator = new LossEvaluator(
            model, backend, examples.Task.Objective, answers: examples.Task.Answers, metrics: MetricCatalog.Of(definition.Answers));
        var evaluation = evaluator.Evaluate(examples.Test, examples.ContentFree, interruption.Token);
        if (file is not null)
        {
            PredictionFile.Write(file, evaluation);
        }

        new EvaluationOutput(options, evaluationOptions, evaluation) { Task = definition }.Print(parsed.GetValue(s_json));
        return 0;
    }

    // What is measured and how follows from the run.
    private static int OfRun(ParseResult parsed, string run)
    {
        Option[] own = [s_run, s_split, s_predictions, s_device, s_engine, s_precision, s_threads, s_json];
        if (parsed.CommandResult.Command.Options.FirstOrDefault(o => !own.Contains(o)
            && parsed.GetResult(o) is { Implicit: false }) is { } other)
        {
            throw new InvalidInputException($"{other.Name} is given with --run, from which it follows; one of them was expected.");
        }

        string? file = parsed.GetValue(s_predictions);
        if (file is not null)
        {
            OutputFile.Check("--predictions", file);
        }

        using var interruption = Terminal.OnInterrupt();
        var engine = new EngineRequest(parsed.GetValue(s_engine)!, parsed.GetValue(s_precision)!);
        var output = RunEvaluation.Of(
            run, parsed.GetValue(s_split), engine, parsed.GetValue(s_device), parsed.GetValue(s_threads), interruption.Token);
        if (file is not null)
        {
            PredictionFile.Write(file, output.Evaluation);
        }

        output.Print(parsed.GetValue(s_json));
        return 0;
    }
}
