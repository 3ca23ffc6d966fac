using IlZo.Tensors;

namespace IlZo.Backends;

/// <summary>The nonlinearity between the two layers of an MLP.</summary>
internal enum ActivationFunction
{
    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>x·Φ(x) by the error function.</summary>
    Gelu,

    /// <summary>GELU by the hyperbolic tangent.</summary>
    GeluTanh,

    /// <summary>x·σ(x).</summary>
    Silu,

    /// <summary>x·σ(1.702 x).</summary>
    QuickGelu,

    /// <summary>The hyperbolic tangent.</summary>
    Tanh,
}

/// <summary>How attention splits its inputs into heads.</summary>
/// <param name="Heads">Query heads.</param>
/// <param name="KeyValueHeads">Key/value heads; each serves Heads / KeyValueHeads consecutive query heads.</param>
/// <param name="HeadSize">Features of a head.</param>
/// <param name="Scale">What scores are multiplied by before the softmax.</param>
/// <param name="Causal">Whether a token sees only itself and those before it; else it sees its whole text.</param>
/// <param name="Window">How many positions up to its own a token sees; null for all.</param>
/// <param name="SoftCap">c, where a scaled score s enters the softmax as c · tanh(s / c); null where it does as it is.</param>
internal readonly record struct AttentionShape(
    int Heads, int KeyValueHeads, int HeadSize, float Scale, bool Causal = true, int? Window = null, float? SoftCap = null);

/// <summary>
/// One traversal of a model, at all its probes together: every operation that reads weights reads them once and perturbs them for each
/// probe on the way. None writes them. <see cref="IBackend.Begin(TokenBatch, IReadOnlyList{Perturbations.Probe})"/> begins a pass.
/// </summary>
/// <remarks>
/// A pass lasts until its backend begins the next. From then on its operations throw <see cref="InvalidOperationException"/>, and so do
/// others' that are given its activations.
/// </remarks>
public interface IPass
{
    /// <summary>The tokens.</summary>
    TokenBatch Batch { get; }

    /// <summary>
    /// Says, at the beginning, what the pass will hold of each token, so that memory is taken once and as little as possible of it.
    /// </summary>
    /// <param name="features">Features that will be rented at a time at most.</param>
    /// <param name="widestInput">Features of the widest activation that a linear layer will be applied to.</param>
    internal void Reserve(int features, int widestInput);

    /// <summary>
    /// Room for <paramref name="features"/> values of each of the batch's tokens, or of each of <paramref name="like"/>'s.
    /// </summary>
    internal Activation Rent(int features, Activation? like = null);

    /// <summary>Gives the room back for use later in the same pass.</summary>
    internal void Return(Activation activation);

    /// <summary>Some consecutive features of an activation, where they lie: valid as long as it is, and not to be given back.</summary>
    /// <param name="x">The activation.</param>
    /// <param name="first">The first feature.</param>
    /// <param name="features">How many.</param>
    internal Activation Slice(Activation x, int first, int features);

    /// <summary>y[t] = table[rows[t]] (+ y[t] where <paramref name="accumulate"/>).</summary>
    internal void Embed(Parameter table, IReadOnlyList<int> rows, Activation y, bool accumulate = false);

    /// <summary>
    /// y = f(x·Wᵀ + b (+ y where <paramref name="accumulate"/>)) with W [out, in], or x·W with W [in, out]; f is the identity where
    /// <paramref name="activation"/> is null.
    /// </summary>
    internal void Linear(
        Activation x,
        Parameter weight,
        Parameter? bias,
        Activation y,
        bool accumulate = false,
        ActivationFunction? activation = null,
        WeightLayout layout = WeightLayout.OutIn);

    /// <summary>y = (x − mean) / √(var + ε) · w + b over the features; x and y may be the same.</summary>
    internal void LayerNorm(Activation x, Parameter? weight, Parameter? bias, float epsilon, Activation y);

    /// <summary>
    /// y = x / √(mean(x²) + ε) · (w + offset) over the features, or over each head's where <paramref name="weight"/> has the features of
    /// one head; x and y may be the same.
    /// </summary>
    internal void RmsNorm(Activation x, Parameter weight, float epsilon, Activation y, float offset = 0);

    /// <summary>x = x + y, elementwise.</summary>
    internal void Add(Activation x, Activation y);

    /// <summary>x = f(x), elementwise.</summary>
    internal void Apply(ActivationFunction function, Activation x);

    /// <summary>x = x · y, elementwise.</summary>
    internal void Multiply(Activation x, Activation y);

    /// <summary>x = s · x.</summary>
    internal void Scale(Activation x, float factor);

    /// <summary>
    /// Rotates the pairs (i, i + n) of every head by the token's position plus a shift, times the frequency i of n; features from 2n on
    /// stay.
    /// </summary>
    internal void Rotate(Activation x, int heads, IRotaryFrequencies frequencies, int positionShift = 0);

    /// <summary>
    /// y = softmax(cap(scale · q kᵀ) + mask) v for every head, over the batch's segments and the cache, and before them the prefix, which
    /// all tokens see.
    /// </summary>
    /// <param name="q">The queries.</param>
    /// <param name="k">The keys.</param>
    /// <param name="v">The values.</param>
    /// <param name="y">Receives the result.</param>
    /// <param name="shape">The heads, and whether the mask is causal.</param>
    /// <param name="layer">Which layer of the cache to extend and read; null for none, where attention is no layer's.</param>
    /// <param name="prefix">Further keys and values, or null.</param>
    /// <exception cref="ArgumentException">Attention is not causal and a text is in several segments, or partly in the cache.</exception>
    internal void Attention(
        Activation q, Activation k, Activation v, Activation y, AttentionShape shape, int? layer, KeyValuePrefix? prefix = null);

    /// <summary>The rows of x that the batch's outputs name, in their order.</summary>
    internal Activation GatherOutputs(Activation x);

    /// <summary>Says that the operations that follow read the weights of a layer; a device may have them elsewhere until then.</summary>
    internal void EnterLayer(int layer);

    /// <summary>Says that no more operations of the pass read the weights of a layer.</summary>
    internal void LeaveLayer(int layer);

    /// <summary>log softmax(head(x))[target] for each target and probe.</summary>
    /// <param name="x">One row for each output of the batch.</param>
    /// <param name="head">What makes logits of x.</param>
    /// <param name="targets">The output row (not the token) and the vocabulary id.</param>
    /// <returns>[probe][target].</returns>
    double[][] LogProbabilities(Activation x, OutputHead head, IReadOnlyList<(int Output, int Id)> targets);

    /// <summary>head(x) of the pass's first probe, row-major [rows, vocabulary].</summary>
    /// <param name="x">One row for each output of the batch.</param>
    /// <param name="head">What makes logits of x.</param>
    /// <param name="destination">Room for as many rows as are wanted: the logits of a long text need not fit at once.</param>
    /// <param name="firstRow">The row of x to begin with.</param>
    void Logits(Activation x, OutputHead head, Span<float> destination, int firstRow = 0);

    /// <summary>Copies an activation of one probe as row-major [tokens, features]; for tests and tools.</summary>
    void Read(Activation x, int probe, Span<float> destination);
}
