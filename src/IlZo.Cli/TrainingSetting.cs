using System.CommandLine;
using System.Globalization;
using System.Numerics;
using IlZo.Adapters;
using IlZo.Models;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tasks;
using IlZo.Tensors;
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
            "task", "NAME|FILE", $"{string.Join(", ", TaskCatalog.Names)}, or a task file (default: data with --data, otherwise "
                + "sst2-sentiment for builtin and sst2 for other models).",
            (o, v) => o with { Task = v }),
        Text(
            "data", "PATH", "Folder with the task's train.jsonl and validation.jsonl; without --task, a file (.jsonl, .json, .csv, .tsv, "
                + ".parquet, .txt) or folder with your own texts (docs/data.md).",
            (o, v) => o with { Data = v }),
        Text(
            "optimizer", "NAME", $"{string.Join(", ", OptimizerCatalog.All.Select(m => m.Name))} (default: mezo).",
            (o, v) => o with { Optimizer = v }),
        Number<int>("steps", "N", "Training steps (default: 1500).", (o, v) => o with { Steps = v }),
        Number<int>("batch-size", "N", "Examples per step (default: 64 for RoBERTa, otherwise 16).", (o, v) => o with { BatchSize = v }),
        Number<double>("lr", "X", "Learning rate (default: depends on model, adapter and method; for mezo 5e-5 on builtin, otherwise 1e-6; "
            + "'ilzo ls optimizers --verbose' lists them all).", (o, v) => o with { LearningRate = v }),
        Number<double>(
            "eps",
            "X",
            "Radius of the perturbation (default: 1e-3; 1e-1 for a prefix, 1e-2 for LoRA except on RoBERTa).",
            (o, v) => o with { Epsilon = v }),
        Text(
            "adapter", $"{string.Join('|', AdapterCatalog.Kinds.Select(k => k.Name))}|DIR",
            "Train an adapter instead of the weights: a new one (scales are those of a model in blocks), or one in PEFT's format.",
            (o, v) => o with { Adapter = v }),
        .. AdapterCatalog.Kinds.SelectMany(k => k.Options).DistinctBy(o => o.Name).Select(OfAdapter),
        Text(
            "train-only", "PATTERN,…", "Train only tensors whose names match, as in *.bias or *layers.1[0-1].*, or that have a role, as in "
                + "role:attention (default: all).",
            (o, v) => o with { TrainOnly = v }),
        Text(
            "freeze",
            "PATTERN,…",
            "Do not train tensors whose names match, or that have a role, as in role:norm.",
            (o, v) => o with { Freeze = v }),
        Number<uint>(
            "seed",
            "N",
            "Seed for adapter initialization, the choice and order of examples, and all noise (default: 0).",
            (o, v) => o with { Seed = v }),
        Number<uint>("data-seed", "N", "Seed for the choice of examples (default: --seed).", (o, v) => o with { DataSeed = v }),
        Text(
            "objective", "KIND",
            "What to minimize: loss (default), or the negative of one of the task's metrics on a batch, such as accuracy or f1.",
            (o, v) => o with { Objective = v }),
        Number<int>("train-size", "N", "Training examples to use (default: 1000, or all of your own).", (o, v) => o with { TrainSize = v }),
        Number<int>(
            "shots", "K", "Training and dev examples per class, instead of --train-size and --dev-size (default: none).",
            (o, v) => o with { Shots = v }),
        Number<int>(
            "dev-size", "N", "Dev examples, which decide which step is kept (default: 500 or the task's own number; a tenth of your own).",
            (o, v) => o with { DevSize = v }),
        Number<int>(
            "test-size",
            "N",
            "Test examples, on which the result is measured (default: 1000; a tenth of your own).",
            (o, v) => o with { TestSize = v }),
        Number<int>(
            "eval-every", "N", "Steps between evaluations on the dev examples (default: 250).",
            (o, v) => o with { EvalEvery = v }),
        Number<int>(
            "samples", "N", "Examples that the model answers before and after training, for the report (default: 4; 0 for none).",
            (o, v) => o with { Samples = v }),
        Number<int>("patience", "N", "Stop after N evaluations without improvement (default: never).", (o, v) => o with { Patience = v }),
        Number<double>(
            "stop-on-divergence", "X", "Stop when the loss exceeds X times its initial value (default: 10; 0 for never).",
            (o, v) => o with { StopOnDivergence = v }),
        Number<int>(
            "max-length", "N",
            "Maximum length of prompt and answer in tokens (default: the model's positions, the masked prompt's own, or 512 for texts).",
            (o, v) => o with { MaxLength = v }),
        Switch("train-on-prompt", "Train on the prompts of your own rows as well.", (o, v) => o with { TrainOnPrompt = v }),
        Switch("mask-history", "Train on only the last turn of each conversation.", (o, v) => o with { MaskHistory = v }),
        Switch("split-special-tokens", Flags.AboutSplitSpecialTokens, (o, v) => o with { SplitSpecialTokens = v }),
        Text("columns", "NAME=COLUMN,…", Flags.AboutColumns, (o, v) => o with { Columns = v }),
        Switch("skip-bad-rows", "Leave out rows of your own that cannot be used, and count them.", (o, v) => o with { SkipBadRows = v }),
        Text(
            "chat-template", "FILE", "Chat template for conversations (default: the model's own).",
            (o, v) => o with { ChatTemplate = v }),
        Number<double>("weight-decay", "X", "Weight decay (default: 0).", (o, v) => o with { WeightDecay = v }),
        Number<int>("queries", "N", "Directions per step (default: the method's own number).", (o, v) => o with { Queries = v }),
        Number<int>(
            "sides", "N", "Whether to evaluate losses on 1 or 2 sides of the weights (default: the method's own choice).",
            (o, v) => o with { Sides = v }),
        Text(
            "directions", "KIND", "gaussian, rademacher or sphere (default: the method's own kind, gaussian except for fzoo).",
            (o, v) => o with { Directions = DirectionWords.Instance.Parse(v) }),
        Number<double>("clip", "X", "Limit for a direction's coefficient (default: none).", (o, v) => o with { Clip = v }),
        Text(
            "schedule", "SHAPE", $"How the learning rate changes: {ScheduleWords.Instance.List} (default: constant).",
            (o, v) => o with { Schedule = ScheduleWords.Instance.Parse(v) }),
        Number<int>("warmup", "N", "Initial steps over which the learning rate rises (default: 0).", (o, v) => o with { Warmup = v }),
        new(
            "opt",
            SettingKind.Text,
            Flags.MethodOptions(),
            (o, v) => o with { Opt = v }),
        Text(
            "dtype", "TYPE", "Type in which weights are kept: auto (as stored, default), fp32, bf16 or fp16.",
            (o, v) => o with { DType = DTypeWords.Instance.Parse(v) }),
        Text(
            "engine", "ENGINE", Flags.AboutEngine,
            (o, v) => o with { Engine = v }),
        Text(
            "precision", "PRECISION",
            "Precision of matrix products: auto (the engine's own, default), fp32, bf16x3 (nearly as accurate) or, on a GPU, fp16.",
            (o, v) => o with { Precision = v }),
        Number<int>(
            "threads", "N", Flags.AboutThreads,
            (o, v) => o with { Threads = v }),
        Text(
            "weight-memory", "SIZE",
            "Weights that may stay in memory, or on a GPU, such as 8GB; layers beyond it come from the disk (on Linux), or from memory to "
                + "the GPU, in every pass.",
            (o, v) => o with { WeightMemory = ByteSize.Parse("--weight-memory", v) }),
        Number<int>(
            "write-every", "N", "Steps after which trained weights beyond --weight-memory are written back (default 4).",
            (o, v) => o with { WriteEvery = v }),
        Switch("overcommit", "Start even if the predicted memory exceeds what the machine has.", (o, v) => o with { Overcommit = v }),
        Text(
            "device", "auto|cpu|cuda:N", "Where to run: auto (default: the first GPU, otherwise the CPU), cpu, or cuda:0, ...",
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
    /// <param name="adapter">The adapter where neither says it.</param>
    /// <exception cref="InvalidInputException">A value is no number where one was expected, or a flag has no meaning beside the
    /// others.</exception>
    public static TrainingOptions Resolve(
        ParseResult parsed, IEnumerable<TrainingSetting> settings, IReadOnlyDictionary<TrainingSetting, string>? values = null,
        string? adapter = null)
    {
        var all = values is null ? [] : new Dictionary<TrainingSetting, string>(values);
        foreach (var setting in settings)
        {
            if (parsed.GetValue(setting.Flag) is { } text)
            {
                all[setting] = text;
            }
        }

        var (optimizer, opt) = (Named("optimizer"), Named("opt"));
        if (values?.GetValueOrDefault(optimizer) is { } method && all[optimizer] != method
            && parsed.GetValue(opt.Flag) is null && all.Remove(opt, out string? options) && options.Length > 0)
        {
            Terminal.Say($"note: {options} are options of {method}; they have no part in a run of {all[optimizer]}.");
        }

        IgnoredFlags.Refuse(parsed, settings, all.FirstOrDefault(v => v.Key.Name == "adapter").Value ?? adapter);
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
