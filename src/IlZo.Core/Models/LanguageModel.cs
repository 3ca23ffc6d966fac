using IlZo.Backends;
using IlZo.Checkpoints;
using IlZo.Tensors;

namespace IlZo.Models;

/// <summary>The sizes of a model that the code around it needs.</summary>
/// <param name="Architecture">The class name in <c>config.json</c>'s architectures.</param>
/// <param name="Vocabulary">Rows of the output embedding: token ids are below it.</param>
/// <param name="Hidden">Features of the residual stream.</param>
/// <param name="Layers">Decoder layers.</param>
/// <param name="MaxPositions">The longest text that the model was made for, in tokens.</param>
/// <param name="BosId">The token that begins a text, or null.</param>
/// <param name="EosIds">The tokens that end a text, any of them.</param>
public sealed record ModelShape(
    string Architecture,
    int Vocabulary,
    int Hidden,
    int Layers,
    int MaxPositions,
    int? BosId,
    IReadOnlyList<int> EosIds)
{
    /// <summary>
    /// The longest text that it can take, in tokens: more than it was made for where positions are rotated, and not rows of a table.
    /// </summary>
    public int LongestText { get; init; } = MaxPositions;

    /// <summary>Features inside an MLP.</summary>
    public required int Intermediate { get; init; }

    /// <summary>Whether an MLP holds a gate beside the values inside it.</summary>
    public bool IsGated { get; init; }

    /// <summary>Heads times head size.</summary>
    public required int QueryFeatures { get; init; }

    /// <summary>Key/value heads times head size.</summary>
    public required int KeyFeatures { get; init; }

    /// <summary>Key/value heads.</summary>
    public required int KeyValueHeads { get; init; }

    /// <summary>Whether the residual stream itself is normalized; else its normalized form lies beside it.</summary>
    public bool NormalizesInPlace { get; init; }

    /// <summary>
    /// Features of each token that a pass holds at a time at most: the residual stream, its normalized form, and beside them what attention
    /// needs (queries, results, keys, values) or the MLP.
    /// </summary>
    internal int ActivationFeatures =>
        ((NormalizesInPlace ? 1 : 2) * Hidden) + Math.Max(2 * (QueryFeatures + KeyFeatures), (IsGated ? 2 : 1) * Intermediate);

    /// <summary>Features of the widest activation that a layer is applied to.</summary>
    internal int WidestInput => Math.Max(Math.Max(Hidden, QueryFeatures), Intermediate);
}

/// <summary>What a language model predicts.</summary>
public enum ModelKind
{
    /// <summary>The next token, from those before it.</summary>
    Causal,

    /// <summary>The token that a mask stands for, from the whole text.</summary>
    Masked,

    /// <summary>The class of a text, from one of its tokens or all of them.</summary>
    Classifier,

    /// <summary>Nothing: an encoder whose checkpoint has no head, to which one can be added.</summary>
    Encoder,
}

/// <summary>A language model: its parameters and its forward pass in terms of a pass's operations.</summary>
/// <remarks>
/// Several threads may read one model at a time, each through its own backend; see <see cref="ParameterSet"/> for what throws. On disposal,
/// memory is released when the operation in progress ends.
/// </remarks>
public abstract class LanguageModel : IDisposable
{
    private readonly IReadOnlyList<TransformerLayer> _layers;
    private readonly OutputHead? _head;
    private readonly List<Adapter> _adapters = [];
    private ModelShape _own;

    /// <summary>Takes over what a family has made of the weights; its own fields are initialized before.</summary>
    /// <param name="shape">The sizes of the language model.</param>
    /// <param name="weights">The checkpoint.</param>
    /// <param name="layers">The layers.</param>
    /// <param name="head">What makes logits, or null for the output embedding; an encoder has none.</param>
    /// <param name="kind">What the language model predicts.</param>
    private protected LanguageModel(
        ModelShape shape, ModelWeights weights, IReadOnlyList<TransformerLayer> layers, OutputHead? head = null,
        ModelKind kind = ModelKind.Causal)
    {
        _layers = layers;
        _head = kind == ModelKind.Encoder ? null : head ?? new OutputHead(weights.OutputEmbedding());
        weights.RefuseOthers();
        IsBidirectional = kind is ModelKind.Masked or ModelKind.Encoder;
        Kind = weights.Classes is null ? kind : ModelKind.Classifier;
        _own = weights.Classes is null ? shape : shape with { Architecture = ClassificationCheckpoint.Architecture(shape.Architecture) };
        Shape = _own;
        Backbone = weights.Backbone;
        ClassificationHead = Kind == ModelKind.Classifier ? weights.HeadTensors : new Dictionary<string, Parameter>();
        Parameters = weights.ToParameterSet();
        Checkpoint = weights.Folder;
        Stored = weights.Stored;
        Linears = weights.Linears;
        Warnings = weights.Notes;
        Notes = weights.Notes;
    }

    /// <summary>Its sizes. An adapter may take some of its positions.</summary>
    public ModelShape Shape { get; private set; }

    /// <summary>The generation settings in generation_config.json; null if there is none.</summary>
    public GenerationConfig? Generation { get; private set; }

    /// <summary>What of the weights is read otherwise than the configuration says: a sentence each, without a period.</summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <summary>Those, and what else of the checkpoint is not used or not as it says.</summary>
    public IReadOnlyList<string> Notes { get; private set; }

    /// <summary>Which of the adapters that were added to the model takes part in its passes, or null.</summary>
    internal Adapter? Adapter { get; private set; }

    /// <summary>The parameters, tied ones once, and after them those of the adapter.</summary>
    public ParameterSet Parameters { get; }

    /// <summary>The folder the model was loaded from, which holds its tokenizer too. It is closed with the model.</summary>
    public CheckpointFolder Checkpoint { get; }

    /// <summary>The parameter behind each stored tensor; tied ones have the same.</summary>
    internal IReadOnlyDictionary<string, Parameter> Stored { get; }

    /// <summary>What the model predicts.</summary>
    public ModelKind Kind { get; }

    /// <summary>Whether every token sees the whole text; else a token sees what is before it.</summary>
    public bool IsBidirectional { get; }

    /// <summary>What makes logits of the results of <see cref="Forward"/>: of tokens, or of classes.</summary>
    /// <exception cref="InvalidInputException">The model is an encoder, which has none.</exception>
    public OutputHead Head => RequireHead();

    /// <summary>The parameters but for the head's, by the names that transformers gives them.</summary>
    internal IReadOnlyDictionary<string, Parameter> Backbone { get; }

    /// <summary>The parameters of a classification head, by the names that transformers gives them; none of another head.</summary>
    internal IReadOnlyDictionary<string, Parameter> ClassificationHead { get; }

    /// <summary>The linear layers inside the model, by the names of their modules in the reference library.</summary>
    internal IReadOnlyDictionary<string, Linear> Linears { get; }

    /// <summary>How many types of tokens it tells apart, as BERT does a first and a second text; null for a model that does not.</summary>
    internal virtual int? TokenTypes => null;

    /// <summary>How far the positions of tokens are shifted, because a prefix takes the first ones.</summary>
    private protected int PositionShift => Adapter?.PositionShift ?? 0;

    /// <summary>
    /// Runs the layers over a pass and returns what <see cref="Head"/> is applied to, or an encoder's states after the last layer: one row
    /// for each output of the batch.
    /// </summary>
    /// <param name="pass">The pass, just begun.</param>
    /// <param name="watch">Called with the residual stream after the embeddings (0) and after each layer (1 … L).</param>
    /// <exception cref="InvalidOperationException">The backend is in use, or <paramref name="watch"/> began another pass on it.</exception>
    /// <exception cref="ObjectDisposedException">The model or the backend was disposed of.</exception>
    public Activation Forward(IPass pass, Action<int, Activation>? watch = null)
    {
        pass.Reserve(Shape.ActivationFeatures, Shape.WidestInput);
        var h = Embed(pass);
        watch?.Invoke(0, h);
        var normed = Shape.NormalizesInPlace ? h : pass.Rent(Shape.Hidden);
        for (int i = 0; i < _layers.Count; i++)
        {
            var call = new LayerCall(pass, i, Adapter);
            pass.EnterLayer(i);
            _layers[i].Attention.Apply(call, h, normed);
            _layers[i].Mlp.Apply(call, h, normed);
            pass.LeaveLayer(i);
            watch?.Invoke(i + 1, h);
        }

        return Finish(pass, pass.GatherOutputs(Pool(pass, h)));
    }

    /// <summary>The residual stream before the first layer.</summary>
    private protected abstract Activation Embed(IPass pass);

    /// <summary>What outputs are read of, made of the residual stream after the last layer: itself, or averages over its texts.</summary>
    private protected virtual Activation Pool(IPass pass, Activation h) => h;

    /// <summary>
    /// What <see cref="Head"/> is applied to, made of the rows of the residual stream after the last layer that are read.
    /// </summary>
    private protected abstract Activation Finish(IPass pass, Activation rows);

    /// <summary>
    /// Adds an adapter and uses it. Its tensors are trained from here on, and those of the model's own that it trains; all others are
    /// frozen.
    /// </summary>
    internal void Attach(Adapter adapter)
    {
        if (Adapter is not null)
        {
            throw new InvalidOperationException("The model has an adapter already.");
        }

        Parameters.Append(adapter.Parameters, [adapter.Memory], _adapters.Count == 0 ? string.Empty : $"adapter {_adapters.Count}: ");
        Parameters.Train(p => p.Id >= Parameters.All.Count - adapter.Parameters.Count || adapter.Head.Values.Contains(p));
        _adapters.Add(adapter);
        Use(adapter);
    }

    /// <summary>Whether an adapter was added to the model.</summary>
    internal bool Has(Adapter adapter) => _adapters.Contains(adapter);

    /// <summary>Says which of the adapters that were added takes part in the passes that begin from here on; not during one.</summary>
    /// <param name="adapter">The adapter; null for none.</param>
    /// <exception cref="InvalidOperationException">It was not added.</exception>
    internal void Use(Adapter? adapter)
    {
        if (adapter is not null && !Has(adapter))
        {
            throw new InvalidOperationException("The adapter was not added to the model.");
        }

        Adapter?.Disconnect();
        Adapter = adapter;
        Adapter?.Connect();
        Shape = ShapeWith(adapter);
    }

    /// <summary>
    /// Says what of the weights, which are about to be trained, stays in memory on a backend that is given them from here on. Layers beyond
    /// a budget are there only while they are read. What is trained must not change any more.
    /// </summary>
    /// <param name="budget">Bytes of weights that may stay in memory; null keeps all.</param>
    /// <param name="workFolder">See <see cref="StreamPlan.WorkFolder"/>; null for that of temporary files.</param>
    /// <param name="writeEvery">See <see cref="StreamPlan.WriteEvery"/>; null for the usual.</param>
    /// <returns>What stays.</returns>
    internal StreamPlan PlanMemory(long? budget, string? workFolder = null, int? writeEvery = null)
    {
        var plan = StreamPlan.Of(Parameters, _layers.Count, budget ?? long.MaxValue);
        plan = plan with { WorkFolder = workFolder ?? plan.WorkFolder, WriteEvery = writeEvery ?? plan.WriteEvery };
        foreach (var parameter in Parameters.All)
        {
            parameter.IsDroppable = plan.Count > 0 && parameter.Place is not null && !parameter.IsTrained;
        }

        return Parameters.Plan = plan;
    }

    /// <summary>The sizes of the model with an adapter, or with none.</summary>
    internal ModelShape ShapeWith(Adapter? adapter) => adapter is { PositionShift: > 0 and var shift }
        ? _own with { MaxPositions = _own.MaxPositions - shift, LongestText = _own.LongestText - shift }
        : _own;

    /// <summary>Enters what the checkpoint's other files say: the tokens of generation_config.json go before the configuration's.</summary>
    internal void Describe(GenerationConfig? generation, IEnumerable<string> notes)
    {
        Generation = generation;
        _own = _own with { BosId = generation?.BosId ?? _own.BosId, EosIds = generation?.EosIds ?? _own.EosIds };
        Shape = ShapeWith(Adapter);
        Notes = [.. Notes, .. notes];
    }

    /// <summary>Refuses a model that does not predict next tokens.</summary>
    /// <exception cref="InvalidInputException">The model is not causal.</exception>
    public void RequireCausal()
    {
        if (Kind != ModelKind.Causal)
        {
            string kind = Kind switch
            {
                ModelKind.Masked => "a masked language model",
                ModelKind.Classifier => "a classifier",
                _ => "an encoder without a head",
            };
            throw new InvalidInputException(
                $"'{Checkpoint.DisplayName}' is {kind} ({Shape.Architecture}), which does not predict next tokens; a causal language "
                    + "model was expected.");
        }
    }

    /// <summary>Refuses a model that predicts nothing.</summary>
    /// <exception cref="InvalidInputException">The model is an encoder without a head.</exception>
    internal OutputHead RequireHead() => _head ?? throw new InvalidInputException(
        $"'{Checkpoint.DisplayName}' is an encoder without a head ({Shape.Architecture}), which predicts nothing; a model with a head was "
            + "expected, such as add-head makes of it.");

    /// <summary>The tensors of a classification head on this model, by the names that transformers gives them.</summary>
    /// <param name="classes">Rows of the last one.</param>
    /// <param name="pooling">What the head reads.</param>
    internal virtual IReadOnlyList<HeadTensor> ClassificationTensors(int classes, Pooling pooling) =>
        [new("score.weight", [classes, Head.Weight.Columns])];

    /// <summary>Writes the weights as they are now, in the layout of <see cref="Checkpoint"/>, as a whole or not at all.</summary>
    /// <param name="folder">The folder to create or to replace.</param>
    /// <param name="extraFiles">Further files for the folder, by name.</param>
    /// <param name="cancellation">Ends the work between two tensors; the folder is as it was.</param>
    /// <exception cref="InvalidInputException">The folder holds something else.</exception>
    /// <exception cref="IOException">Writing failed; the folder is as it was.</exception>
    /// <exception cref="OperationCanceledException">The work was ended.</exception>
    public void Save(
        string folder, IReadOnlyDictionary<string, byte[]>? extraFiles = null, CancellationToken cancellation = default)
    {
        using var held = Parameters.Read();
        Checkpoint.Save(folder, Stored, extraFiles, cancellation);
    }

    /// <summary>Writes what training changes, as a whole or not at all: the adapter where there is one, else the weights.</summary>
    /// <inheritdoc cref="Save"/>
    public void SaveTrained(
        string folder, IReadOnlyDictionary<string, byte[]>? extraFiles = null, CancellationToken cancellation = default)
    {
        if (Adapter is { } adapter)
        {
            using var held = Parameters.Read();
            adapter.Save(folder, extraFiles, cancellation);
        }
        else
        {
            Save(folder, extraFiles, cancellation);
        }
    }

    /// <summary>Gives back the weights and closes the checkpoint, as soon as nobody reads them.</summary>
    public void Dispose()
    {
        Parameters.Dispose();
        GC.SuppressFinalize(this);
    }
}
