using System.Text.Json.Serialization;
using IlZo.Adapters;
using IlZo.Backends;
using IlZo.Datasets;
using IlZo.Machine;
using IlZo.Models;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tasks;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Training;

/// <summary>
/// Everything that determines a training run. <see cref="Presets"/> supplies the defaults for what is null, as on the command line.
/// </summary>
public sealed partial record TrainingOptions() : AdapterOptions((string?)null)
{
    internal const string Loss = "loss";

    /// <summary>A checkpoint folder, or <see cref="ModelLoader.BuiltIn"/>.</summary>
    public string Model { get; init; } = ModelLoader.BuiltIn;

    /// <summary>
    /// The name of a built-in task, a file that defines one, or <see cref="UserData.TaskName"/> for the user's own texts; null means the
    /// latter if <see cref="Data"/> is set, otherwise sentiment.
    /// </summary>
    public string? Task { get; init; }

    /// <summary>
    /// The folder with train.jsonl and validation.jsonl, or a file or folder of the user's own texts; null for the task's built-in sample.
    /// </summary>
    public string? Data { get; init; }

    /// <summary>
    /// The program's own examples, instead of <see cref="Task"/> and <see cref="Data"/>; null to use those. Supply them again to resume a
    /// run.
    /// </summary>
    [JsonIgnore]
    public ITrainingData? Examples { get; init; }

    /// <summary>
    /// Provides the losses that steps minimize, instead of the task's; null to use the task's. Evaluations, and therefore the choice of
    /// which weights to keep, still use the task's loss. The run does not record this function: supply the same one again to resume it.
    /// </summary>
    [JsonIgnore]
    public Func<TrainingStep, ILossOracle>? Losses { get; init; }

    /// <summary>The name of the method, from <see cref="OptimizerCatalog"/> or <see cref="Methods"/>.</summary>
    public string Optimizer { get; init; } = "mezo";

    /// <summary>
    /// The program's own methods, which <see cref="Optimizer"/> can name in addition to those of the catalog. A run records only the name,
    /// so supply the same methods again to resume or replay it.
    /// </summary>
    [JsonIgnore]
    public IReadOnlyList<OptimizerMethod> Methods { get; init; } = [];

    /// <summary>Steps of the whole run; 0 only evaluates the initial weights.</summary>
    public int Steps { get; init; } = 1500;

    /// <summary>Examples per step; null for the preset's number.</summary>
    public int? BatchSize { get; init; }

    /// <summary>The learning rate; null for the preset's, which is the method's own.</summary>
    [JsonPropertyName("lr")]
    public double? LearningRate { get; init; }

    /// <summary>The perturbation radius; null for the preset's, which is 0 for a method that has none.</summary>
    [JsonPropertyName("eps")]
    public double? Epsilon { get; init; }

    /// <summary>λ of the weight decay applied in each step, θ ← (1 − ηλ)θ, to all tensors except biases and norms.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Directions per step; null for the method's own number.</summary>
    public int? Queries { get; init; }

    /// <summary>Whether losses are evaluated on 1 or 2 sides of the weights; null for the method's own choice.</summary>
    public int? Sides { get; init; }

    /// <summary>How directions are distributed; null for the method's own kind.</summary>
    [JsonConverter(typeof(DirectionWords))]
    public DirectionKind? Directions { get; init; }

    /// <summary>The limit for a coefficient's magnitude; null for none.</summary>
    public double? Clip { get; init; }

    /// <summary>How the learning rate changes.</summary>
    [JsonConverter(typeof(ScheduleWords))]
    public ScheduleShape Schedule { get; init; }

    /// <summary>Initial steps over which the learning rate rises.</summary>
    public int Warmup { get; init; }

    /// <summary>The method's own options, as comma-separated name=value pairs.</summary>
    public string Opt { get; init; } = "";

    /// <summary> Comma-separated patterns of the tensors to train; null for all. With an adapter they select among its tensors. </summary>
    public string? TrainOnly { get; init; }

    /// <summary>Comma-separated patterns of the tensors not to train; null for none.</summary>
    public string? Freeze { get; init; }

    /// <summary>The seed for sampling examples; null for <see cref="AdapterOptions.Seed"/>.</summary>
    public uint? DataSeed { get; init; }

    /// <summary>
    /// What is minimized: <c>loss</c>, the task's own, or the negative of a metric on a batch, by its name
    /// (<see cref="MetricCatalog.Objectives"/>).
    /// </summary>
    public string Objective { get; init; } = Loss;

    /// <summary>Examples to train on; null for 1000, or all of the user's own rows.</summary>
    public int? TrainSize { get; init; }

    /// <summary> Training and dev examples per class, instead of <see cref="TrainSize"/> and the task's dev size; null for none. </summary>
    public int? Shots { get; init; }

    /// <summary>Examples that decide which checkpoint is kept; null for the task's own number.</summary>
    public int? DevSize { get; init; }

    /// <summary>Examples on which the result is measured; null for 1000, or a tenth of the user's own rows.</summary>
    public int? TestSize { get; init; }

    /// <summary>Steps between evaluations on the dev examples.</summary>
    public int EvalEvery { get; init; } = 250;

    /// <summary>
    /// Examples to show what was learned by: the model answers them before and after training. They are dev examples, or the first of the
    /// others where there are none of those.
    /// </summary>
    public int Samples { get; init; } = 4;

    /// <summary>The number of evaluations without improvement after which the run ends; null for no limit.</summary>
    public int? Patience { get; init; }

    /// <summary>The run ends if the loss exceeds this multiple of its initial value (<see cref="StopRule"/>); 0 for no limit.</summary>
    public double StopOnDivergence { get; init; } = 10;

    /// <summary>The maximum length of a prompt with its answer, in tokens; null for the model's own limit.</summary>
    public int? MaxLength { get; init; }

    /// <summary>Whether to train on the prompts of the user's own rows as well.</summary>
    public bool TrainOnPrompt { get; init; }

    /// <summary>Whether to train on only the last turn of each of the user's conversations.</summary>
    public bool MaskHistory { get; init; }

    /// <summary>
    /// Whether special tokens written in the user's texts are treated as ordinary letters; those in conversations never are.
    /// </summary>
    public bool SplitSpecialTokens { get; init; }

    /// <summary>
    /// Maps columns of the user's rows to the expected ones, as in <c>prompt=Question,completion=Answer</c>; null for no mapping.
    /// </summary>
    public string? Columns { get; init; }

    /// <summary>Whether to skip the user's unusable rows instead of ending the run.</summary>
    public bool SkipBadRows { get; init; }

    /// <summary>The file of the chat template for the user's conversations; null for the model's own.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>The type in which weights are kept; null for the one in which they are stored.</summary>
    [JsonPropertyName("dtype")]
    [JsonConverter(typeof(DTypeWords))]
    public DType? DType { get; init; }

    /// <summary>The engine that computes matrix products: auto, managed or amx on the CPU, auto or cuda on a GPU.</summary>
    public string Engine { get; init; } = "auto";

    /// <summary>The precision of matrix products: auto, fp32, bf16x3, or fp16 on a GPU.</summary>
    public string Precision { get; init; } = "auto";

    /// <summary>CPU threads; null for all processors. Results do not depend on it.</summary>
    public int? Threads { get; init; }

    /// <summary>
    /// Bytes of weights that may stay in memory, or on a GPU; layers beyond them are read in every pass: on the CPU, where it takes Linux,
    /// from the model's files, or from a file in the run's folder if they are trained, and on a GPU from the machine's memory. Null keeps
    /// all. Results do not depend on it, and it is not part of a run.
    /// </summary>
    [JsonIgnore]
    public long? WeightMemory { get; init; }

    /// <summary>
    /// After how many steps trained weights beyond <see cref="WeightMemory"/> are written to where they are read from; null for 4. Until
    /// then, their updates are made anew whenever they are read. Results do not depend on it, and it is not part of a run.
    /// </summary>
    [JsonIgnore]
    public int? WriteEvery { get; init; }

    /// <summary>
    /// Whether to start even if the predicted memory exceeds what is available. Results do not depend on it, and it is not part of a run.
    /// </summary>
    [JsonIgnore]
    public bool Overcommit { get; init; }

    /// <summary>
    /// Where to run: auto, cpu or cuda:N; null means auto. Losses differ in rounding from one kind of device to another.
    /// </summary>
    public string? Device { get; init; }

    /// <summary>The metric that <see cref="Objective"/> names; null for the loss.</summary>
    internal static IExampleMetric? ParseObjective(string name) => name == Loss ? null
        : MetricCatalog.Find(name) as IExampleMetric
        ?? throw new InvalidInputException(
            $"{Setting.Objective} is '{name}'; {Loss}, {string.Join(", ", MetricCatalog.Objectives.SkipLast(1))} or "
                + $"{MetricCatalog.Objectives[^1]} "
                + "was expected.");

    /// <summary>The method that <see cref="Optimizer"/> names.</summary>
    internal OptimizerMethod Method => OptimizerCatalog.Find(Optimizer, Methods);

    /// <summary>The losses of a step.</summary>
    internal ILossOracle OracleOf(TrainingStep step) => Losses is { } own ? own(step) : step.OfTask;

    /// <summary>The seed of the sampling of examples.</summary>
    internal uint SamplingSeed => DataSeed ?? Seed;

    /// <summary>The folder of the adapter to train, if it is an existing one; otherwise null.</summary>
    internal string? AdapterFolder => AdapterCatalog.Find(Adapter) is null ? Adapter : null;

    /// <summary>These options with paths that hold wherever a run is continued, replayed or begun again from.</summary>
    internal TrainingOptions WithFullPaths() => this with
    {
        Model = Model == ModelLoader.BuiltIn ? Model : Path.GetFullPath(Model),
        Data = Data is { } data ? Path.GetFullPath(data) : null,
        ChatTemplate = ChatTemplate is { } template ? Path.GetFullPath(template) : null,
        Adapter = AdapterFolder is { } adapter ? Path.GetFullPath(adapter) : Adapter,
        Task = File.Exists(Task) ? Path.GetFullPath(Task) : Presets.TaskOf(this),
    };

    /// <summary>The requested engine.</summary>
    internal EngineRequest EngineRequest => new(Engine, Precision) { IsForTraining = true };

    /// <summary>These options with the engine that actually computes.</summary>
    internal TrainingOptions With(Engine engine)
    {
        Require(
            WeightMemory is null || engine.Kind != DeviceKind.Cpu || PageAdvice.IsSupported, Setting.WeightMemory, WeightMemory ?? 0,
            "none, except on Linux or for a GPU,");
        engine.Require(Method.Takes, $"{Optimizer} takes {Method.Takes.Words()}");
        return this with { Engine = engine.Name, Precision = engine.Precision };
    }

    /// <summary>The learning rate of each step.</summary>
    internal LearningRateSchedule LearningRates => new(Schedule, LearningRate ?? Presets.Resolve(this).LearningRate!.Value, Warmup, Steps);

    /// <summary>
    /// If the model is the folder of a run, these options with the run's result instead, and with its adapter, if any, to be trained.
    /// </summary>
    /// <exception cref="InvalidInputException">The run has no result, it is not as the run left it, or there would be two
    /// adapters.</exception>
    internal TrainingOptions WithResultOfRun()
    {
        var source = ModelSource.Of(Model);
        return source.Adapter is null || Adapter is null
            ? this with { Model = source.Model, Adapter = Adapter ?? source.Adapter }
            : throw new InvalidInputException(
                $"{Setting.Adapter} is '{Adapter}', and the result of the run '{Model}' is an adapter already, which is trained on "
                    + "without it; one "
                    + "of them was expected.");
    }

    /// <summary>The settings from which the optimizer is made.</summary>
    /// <param name="parameters">The weights, with the trained ones already selected.</param>
    /// <exception cref="InvalidInputException">There is no such kind of directions, or an option is not a pair.</exception>
    internal OptimizerSettings ToSettings(ParameterSet parameters)
    {
        var method = Method;
        return new OptimizerSettings(parameters)
        {
            Seed = Seed,
            Epsilon = Epsilon ?? Presets.Of(this).EpsilonOf(method),
            WeightDecay = WeightDecay,
            Queries = Queries ?? method.Queries,
            Sides = Sides ?? method.Sides[0],
            Directions = Directions ?? method.Directions[0],
            ClipAt = Clip,
            Options = MethodOptions.Parse(Opt),
        };
    }
}
