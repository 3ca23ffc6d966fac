using System.Text.Json;
using IlZo.Adapters;
using IlZo.Checkpoints;
using IlZo.Datasets;
using IlZo.Files;
using IlZo.Models;
using IlZo.Optimizers;
using IlZo.Tasks;

namespace IlZo.Training;

/// <summary>
/// The one place that decides what a training does where nothing is asked for: by the model, by what is trained of it and by the method.
/// The built-in model has settings of its own, RoBERTa those of MeZO's runs with RoBERTa-large, and every other model, known or not,
/// those of MeZO's runs with OPT-13B.
/// </summary>
internal static class Presets
{
    /// <summary>What <see cref="Preset.Trained"/> is without an adapter.</summary>
    public const string Weights = "weights";

    private const string Measured = "measured on the built-in sample, docs/optimizers.md and docs/adapters.md";
    private const string OfRoberta = "MeZO with RoBERTa-large, arXiv 2305.17333, appendix";
    private const string OfOpt = "MeZO with OPT-13B, arXiv 2305.17333, appendix";
    private const string RobertaType = "roberta";

    // What relates published rates of MeZO with Adam to those without. The norms of adapters are as much smaller as they are with the
    // built-in model.
    private const double NormOfWeights = 10;

    // What relates published rates of ZO-Muon, at a rank of 64, to MeZO's.
    private const double ScaleOfWeights = 1000;

    private static readonly Preset[] s_builtIn =
    [
        new("built-in", Weights, 5e-5, 1e-3, 16, NormOfWeights, 50, Measured),
        .. AdapterCatalog.Kinds.Select(k => Of("built-in", k, k.ForBuiltIn, 16, 16, Measured)),
    ];

    private static readonly Preset[] s_roberta =
    [
        new("RoBERTa", Weights, 1e-6, 1e-3, 64, NormOfWeights, ScaleOfWeights, OfRoberta),
        .. AdapterCatalog.Kinds.Select(k => Of("RoBERTa", k, k.ForRoberta, 64, 32, k.Source ?? OfRoberta)),
    ];

    private static readonly Preset[] s_others =
    [
        new("others", Weights, 1e-6, 1e-3, 16, NormOfWeights, ScaleOfWeights, OfOpt),
        .. AdapterCatalog.Kinds.Select(k => Of("others", k, k.ForOthers, 16, 64, k.Source ?? OfOpt)),
    ];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Preset> All { get; } = [.. s_builtIn, .. s_roberta, .. s_others];

    /// <summary>The preset of a training.</summary>
    /// <param name="options">Its model and adapter. A model that cannot be read has the preset of others: loading it says what is
    /// wrong.</param>
    /// <exception cref="InvalidInputException">The folder of an adapter cannot be used.</exception>
    public static Preset Of(TrainingOptions options)
    {
        var rows = options.Model == ModelLoader.BuiltIn ? s_builtIn : IsRoberta(options.Model) ? s_roberta : s_others;
        string trained = options.Adapter is { } adapter ? AdapterCatalog.KindOf(adapter).Name : Weights;
        return rows.First(r => r.Trained == trained);
    }

    /// <summary>
    /// The task of a training: the one it names, or that of the program's own examples, or else the user's own texts where there are data,
    /// or sentiment.
    /// </summary>
    public static string TaskOf(TrainingOptions options) =>
        options.Task ?? (options.Examples is not null
            ? TrainingExamples.TaskName
            : options.Data is not null ? UserData.TaskName : options.Model == ModelLoader.BuiltIn ? "sst2-sentiment" : "sst2");

    /// <summary>Options with everything decided that depends on the model, the adapter, the method and the task.</summary>
    /// <exception cref="InvalidInputException">There is no such method, or the folder of an adapter cannot be used.</exception>
    public static TrainingOptions Resolve(TrainingOptions options)
    {
        var preset = Of(options);
        var method = options.Method;
        string task = TaskOf(options);
        bool draws = task is not (UserData.TaskName or TrainingExamples.TaskName);
        double epsilon = options.Epsilon ?? preset.EpsilonOf(method);
        return options with
        {
            Task = task,
            BatchSize = options.BatchSize ?? preset.BatchSize,
            LearningRate = options.LearningRate ?? preset.LearningRateOf(method, preset.LearningRate, epsilon),
            Epsilon = epsilon,
            Queries = options.Queries ?? method.Queries,
            Sides = options.Sides ?? method.Sides[0],
            Directions = options.Directions ?? method.Directions[0],
            Opt = method.Stated(options.Opt),
            DataSeed = options.SamplingSeed,
            TrainSize = options.TrainSize ?? (draws ? Sampling.DefaultTrain : null),
            TestSize = options.TestSize ?? (draws ? Sampling.DefaultTest : null),
        };
    }

    // The factors of adapters have as many singular values as rows or columns: the scale is the root of the model's width.
    private static Preset Of(
        string models, AdapterKind kind, (double LearningRate, double Epsilon) defaults, int batchSize, double rootOfWidth,
        string source) =>
        new(models, kind.Name, defaults.LearningRate, defaults.Epsilon, batchSize, kind.GradientNorm, rootOfWidth, source);

    private static bool IsRoberta(string model)
    {
        try
        {
            using var config = JsonDocument.Parse(PlainFile.ReadAllBytes(Path.Combine(model, CheckpointFolder.ConfigFileName)));
            return config.RootElement.ValueKind == JsonValueKind.Object
                && config.RootElement.TryGetProperty("model_type", out var type)
                && type.ValueKind == JsonValueKind.String
                && type.ValueEquals(RobertaType);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException
            or JsonException or InvalidOperationException or InvalidInputException)
        {
            return false;
        }
    }
}
