using System.CommandLine;
using System.Globalization;
using System.Numerics;
using IlZo.Adapters;
using IlZo.Models;
using IlZo.Optimizers;
using IlZo.Tasks;
using IlZo.Training;
using IlZo.Updates;

namespace IlZo.Cli;

/// <summary>What the value of a setting is.</summary>
internal enum SettingKind
{
    Text,
    Number,

    /// <summary>true or false.</summary>
    Switch,
}

/// <summary>One of the <see cref="TrainingOptions"/>: the flag and the configuration field that set it.</summary>
/// <param name="Name">The name of the flag without dashes in front; in a file its dashes may be underscores.</param>
/// <param name="Kind">What the value is in a configuration file.</param>
/// <param name="Flag">The flag.</param>
/// <param name="Apply">Options with this one set to the value that a text stands for.</param>
internal sealed record TrainingSetting(
    string Name, SettingKind Kind, Option<string?> Flag, Func<TrainingOptions, string, TrainingOptions> Apply)
{
    /// <summary>All settings, in the order help lists them. A new option of a training is a line here.</summary>
    public static IReadOnlyList<TrainingSetting> All { get; } =
    [
        Text(
            "model", "DIR|builtin", "Model folder in the Hugging Face layout, or builtin (default).",
            (o, v) => o with { Model = v }),
        Text(
            "task", "NAME|FILE", $"{string.Join(", ", TaskCatalog.Names)}, or a task file (default: data with --data, else sst2-sentiment "
                + "for builtin and sst2 for others).",
            (o, v) => o with { Task = v }),
        Text(
            "data", "PATH", "Folder of the task's train.jsonl and validation.jsonl; without --task a file (.jsonl, .json, .csv, .tsv, "
                + ".parquet, .txt) or folder of your own texts (docs/data.md).",
            (o, v) => o with { Data = v }),
        Text(
            "optimizer", "NAME", $"{string.Join(", ", OptimizerCatalog.All.Select(m => m.Name))} (default: mezo).",
            (o, v) => o with { Optimizer = v }),
        Number<int>("steps", "N", "Training steps (default: 1500).", (o, v) => o with { Steps = v }),
        Number<int>("batch-size", "N", "Examples a step (default: 64 for RoBERTa, else 16).", (o, v) => o with { BatchSize = v }),
        Number<double>("lr", "X", "Learning rate (default: by model, adapter and method, for mezo 5e-5 for builtin, else 1e-6; 'ilzo ls "
            + "optimizers --verbose' has all).", (o, v) => o with { LearningRate = v }),
        Number<double>(
            "eps",
            "X",
            "Radius of the perturbation (default: 1e-3; 1e-1 for a prefix, 1e-2 for LoRA but for RoBERTa's).",
            (o, v) => o with { Epsilon = v }),
        Text(
            "adapter", $"{string.Join('|', AdapterCatalog.Kinds.Select(k => k.Name))}|DIR",
            "Train an adapter in the place of the weights: a new one, or one in PEFT's format.",
            (o, v) => o with { Adapter = v }),
        .. AdapterCatalog.Kinds.SelectMany(k => k.Options).DistinctBy(o => o.Name).Select(OfAdapter),
        Text(
            "train-only", "PATTERN,…", "Train only tensors whose names match, such as *.bias or *layers.1[0-1].*, or of a role, such as "
                + "role:attention (default: all).",
            (o, v) => o with { TrainOnly = v }),
        Text(
            "freeze",
            "PATTERN,…",
            "Do not train tensors whose names match, or of a role, such as role:norm.",
            (o, v) => o with { Freeze = v }),
        Number<uint>(
            "seed",
            "N",
            "Seed of an adapter's start, the examples, their order and all noise (default: 0).",
            (o, v) => o with { Seed = v }),
        Number<uint>("data-seed", "N", "Seed that picks the examples (default: the seed).", (o, v) => o with { DataSeed = v }),
        Text(
            "objective", "KIND",
            "What is minimized: loss (default), or the negative of one of the task's metrics on a batch, such as accuracy or f1.",
            (o, v) => o with { Objective = v }),
        Number<int>("train-size", "N", "Training examples (default: 1000, or all of your own).", (o, v) => o with { TrainSize = v }),
        Number<int>(
            "shots", "K", "Training and dev examples of each class, in place of --train-size and --dev-size (default: none).",
            (o, v) => o with { Shots = v }),
        Number<int>(
            "dev-size", "N", "Examples that decide which step is kept (default: 500 or the task's own number; a tenth of your own).",
            (o, v) => o with { DevSize = v }),
        Number<int>(
            "test-size",
            "N",
            "Examples the result is measured on (default: 1000; a tenth of your own).",
            (o, v) => o with { TestSize = v }),
        Number<int>(
            "eval-every", "N", "Steps between evaluations on the dev examples (default: 250).",
            (o, v) => o with { EvalEvery = v }),
        Number<int>("patience", "N", "End after N evaluations without a better one (default: none).", (o, v) => o with { Patience = v }),
        Number<double>(
            "stop-on-divergence", "X", "End where the loss passes X times its start (default: 10; 0 for never).",
            (o, v) => o with { StopOnDivergence = v }),
        Number<int>(
            "max-length", "N",
            "Longest prompt with answer, in tokens (default: the model's positions, the masked prompt's own length, or 512 for texts).",
            (o, v) => o with { MaxLength = v }),
        Switch("train-on-prompt", "Learn the prompts of your own rows too.", (o, v) => o with { TrainOnPrompt = v }),
        Switch("mask-history", "Learn only the last turn of each conversation.", (o, v) => o with { MaskHistory = v }),
        Switch("split-special-tokens", Flags.AboutSplitSpecialTokens, (o, v) => o with { SplitSpecialTokens = v }),
        Text("columns", "NAME=COLUMN,…", Flags.AboutColumns, (o, v) => o with { Columns = v }),
        Switch("skip-bad-rows", "Leave out rows of your own that cannot be used, and count them.", (o, v) => o with { SkipBadRows = v }),
        Text(
            "chat-template", "FILE", "Chat template for conversations (default: the model's own).",
            (o, v) => o with { ChatTemplate = v }),
        Number<double>("weight-decay", "X", "Weight decay (default: 0).", (o, v) => o with { WeightDecay = v }),
        Number<int>("queries", "N", "Directions a step (default: the method's own number).", (o, v) => o with { Queries = v }),
        Number<int>(
            "sides", "N", "Sides of the weights on which losses are taken, 1 or 2 (default: what the method does).",
            (o, v) => o with { Sides = v }),
        Text(
            "directions", "KIND", "gaussian, rademacher or sphere (default: the method's own kind, gaussian but for fzoo).",
            (o, v) => o with { Directions = v }),
        Number<double>("clip", "X", "Limit of a direction's coefficient (default: none).", (o, v) => o with { Clip = v }),
        Text(
            "schedule", "SHAPE", $"How the learning rate changes: {string.Join(", ", LearningRateSchedule.Shapes)} (default: constant).",
            (o, v) => o with { Schedule = v }),
        Number<int>("warmup", "N", "Steps over which the learning rate rises at first (default: 0).", (o, v) => o with { Warmup = v }),
        new(
            "opt",
            SettingKind.Text,
            Flags.MethodOptions(),
            (o, v) => o with { Opt = v }),
        Text(
            "dtype", "TYPE", "What weights are kept as: auto (as stored, default), fp32, bf16 or fp16.",
            (o, v) => o with { DType = v }),
        Text(
            "engine", "ENGINE", Flags.AboutEngine,
            (o, v) => o with { Engine = v }),
        Text(
            "precision", "PRECISION", "How exactly: auto (the engine's own, default), fp32, bf16x3 (nearly as exact) or, on a GPU, fp16.",
            (o, v) => o with { Precision = v }),
        Number<int>(
            "threads", "N", Flags.AboutThreads,
            (o, v) => o with { Threads = v }),
        Switch("overcommit", "Start even where the predicted memory exceeds what the machine has.", (o, v) => o with { Overcommit = v }),
        Text(
            "device", "auto|cpu|cuda:N", "Where to run: auto (default: the first GPU, else the CPU), cpu, or cuda:0, ...",
            (o, v) => o with { Device = v }),
    ];

    /// <summary>The names of those that decide which weights of a model are trained.</summary>
    public static IReadOnlyList<string> OfTrainedWeights { get; } =
        ["adapter", .. AdapterCatalog.OptionNames, "train-only", "freeze"];

    /// <summary>The setting of a name that is there.</summary>
    public static TrainingSetting Named(string name) => All.First(s => s.Name == name);

    /// <summary>
    /// The options that a command line stands for: values from elsewhere, then flags. What neither says is left to <see cref="Presets"/>.
    /// </summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="settings">The settings that it has flags for.</param>
    /// <param name="values">What is known from elsewhere.</param>
    /// <exception cref="InvalidInputException">A value is no number where one was expected, or a flag has no meaning beside the
    /// others.</exception>
    public static TrainingOptions Resolve(
        ParseResult parsed, IEnumerable<TrainingSetting> settings, IReadOnlyDictionary<TrainingSetting, string>? values = null)
    {
        var all = values is null ? [] : new Dictionary<TrainingSetting, string>(values);
        foreach (var setting in settings)
        {
            if (parsed.GetValue(setting.Flag) is { } text)
            {
                all[setting] = text;
            }
        }

        IgnoredFlags.Refuse(parsed, settings, all.FirstOrDefault(v => v.Key.Name == "adapter").Value);
        return all.Aggregate(new TrainingOptions(), (options, value) => value.Key.Apply(options, value.Value));
    }

    private static TrainingSetting OfAdapter(AdapterOption option) => option switch
    {
        AdapterOption<int> o =>
            Number<int>(o.Name, o.Placeholder, o.Description, (options, value) => (TrainingOptions)o.Set(options, value)),
        AdapterOption<double> o =>
            Number<double>(o.Name, o.Placeholder, o.Description, (options, value) => (TrainingOptions)o.Set(options, value)),
        AdapterOption<string> o => Text(o.Name, o.Placeholder, o.Description, (options, value) => (TrainingOptions)o.Set(options, value)),
        _ => throw new NotSupportedException($"There is no setting with the values of {option.GetType().Name}."),
    };

    private static TrainingSetting Text(
        string name, string helpName, string description, Func<TrainingOptions, string, TrainingOptions> apply) =>
        new(name, SettingKind.Text, Flags.Text("--" + name, helpName, description), apply);

    private static TrainingSetting Switch(string name, string description, Func<TrainingOptions, bool, TrainingOptions> apply) =>
        new(name, SettingKind.Switch, Flags.Switch("--" + name, description), (options, text) => apply(options, text == "true"));

    private static TrainingSetting Number<T>(
        string name, string helpName, string description, Func<TrainingOptions, T, TrainingOptions> apply)
        where T : struct, INumber<T>, IMinMaxValue<T> =>
        new(
            name,
            SettingKind.Number,
            Flags.Text("--" + name, helpName, description),
            (options, text) => T.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
                ? apply(options, value)
                : throw new InvalidInputException($"--{name} is {text}; {Flags.Expected<T>(text)} was expected."));
}
