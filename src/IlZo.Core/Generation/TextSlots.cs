using IlZo.Backends;
using IlZo.Models;
using IlZo.Perturbations;

namespace IlZo.Generation;

/// <summary>
/// Texts that grow together, a token each in a pass, with a slot of a cache for each. What a text gets is a function of the weights and of
/// its own tokens, bit for bit: neither the others, nor what the slot held before, nor what could be kept of it have a part in it.
/// </summary>
/// <remarks>
/// Only what a prompt's own pass has computed is kept for other texts. Single tokens at the weights as they are take a way of their own
/// through the backend, which rounds differently; with two tokens at least, the rest of a prompt never takes that way because of what it
/// has in common with another.
/// </remarks>
internal sealed class TextSlots : IDisposable
{
    /// <summary>Texts that grow together at most: more of them hardly save more.</summary>
    public const int Most = 16;

    private const int LeastNew = 2;

    // What the cache may take where there are several texts: of a large model, a part of its weights.
    private const long LeastBytes = 128L << 20;
    private const int PartOfWeights = 4;

    private readonly LanguageModel _model;
    private readonly IBackend _backend;
    private readonly Probe[] _probes;
    private readonly KeyValueCache _cache;
    private readonly int _vocabulary;

    // What each slot holds of the prompt that was begun there last.
    private readonly int[][] _prompts;
    private readonly int[] _lengths;
    private float[] _logits;

    /// <param name="model">The model.</param>
    /// <param name="vocabulary">Tokens that there is a text for; logits of others (rows that fill up an embedding) are left out.</param>
    /// <param name="backend">The device.</param>
    /// <param name="probe">The weights.</param>
    /// <param name="capacity">The longest text, in tokens.</param>
    /// <param name="slots">Texts at a time.</param>
    /// <exception cref="InvalidInputException">There is not enough memory.</exception>
    public TextSlots(LanguageModel model, int vocabulary, IBackend backend, Probe probe, int capacity, int slots = 1)
    {
        (_model, _backend, _probes) = (model, backend, [probe]);
        _vocabulary = Math.Min(model.Head.Rows, vocabulary);
        _prompts = new int[slots][];
        _lengths = new int[slots];
        Array.Fill(_prompts, []);
        _logits = new float[model.Head.Rows];
        try
        {
            _cache = backend.CreateCache(model.Shape.Layers, model.Shape.KeyFeatures, capacity, slots);
        }
        catch (OutOfMemoryException e)
        {
            throw new InvalidInputException(
                $"There is not enough memory for the keys and values of a text of {capacity} tokens; a smaller {Setting.MaxNewTokens} was "
                    + "expected.", e);
        }
    }

    /// <summary>Texts that fit.</summary>
    public int Count => _prompts.Length;

    /// <summary>The longest text that fits, in tokens.</summary>
    public int Capacity => _cache.Capacity;

    /// <summary>Tokens that went through the model so far.</summary>
    public long Tokens { get; private set; }

    /// <summary>How many of some texts grow together: not more than there are, and no more than memory should be taken for.</summary>
    public static int CountFor(LanguageModel model, int capacity, int texts)
    {
        long bytes = KeyValueCache.BytesOf(model.Shape.Layers, model.Shape.KeyFeatures, Math.Max(1, capacity));
        long most = Math.Max(LeastBytes, model.Parameters.All.Sum(p => p.ByteCount) / PartOfWeights);
        return (int)Math.Clamp(most / bytes, 1, Math.Clamp(texts, 1, Most));
    }

    /// <summary>Begins a text in place of the one in a slot; row 0 of the logits is then that of its next token.</summary>
    /// <param name="slot">The slot.</param>
    /// <param name="prompt">At least one token.</param>
    public void Begin(int slot, IReadOnlyList<int> prompt)
    {
        int[] ids = [.. prompt];
        var (source, known) = Longest(slot, ids);
        if (source != slot)
        {
            _cache.CopyBeginning(source, slot, known);
        }

        // A pass that fails leaves nothing to rely on.
        _prompts[slot] = [];
        var builder = new TokenBatchBuilder();
        int segment = builder.AddCached(slot, ids.AsSpan(known), known);
        builder.Read(segment, ids.Length - known - 1);
        Run(builder.Build());
        _lengths[slot] = ids.Length;
        _prompts[slot] = ids.Length >= LeastNew ? ids : [];
    }

    /// <summary>Adds a token to each of some texts; the logits are then those of their next tokens, in the same order.</summary>
    /// <param name="tokens">Slots, rising, and the tokens.</param>
    public void Advance(IReadOnlyList<(int Slot, int Id)> tokens)
    {
        var builder = new TokenBatchBuilder();
        foreach (var (slot, id) in tokens)
        {
            builder.Read(builder.AddCached(slot, [id], _lengths[slot]), 0);
        }

        Run(builder.Build());
        foreach (var (slot, _) in tokens)
        {
            _lengths[slot]++;
        }
    }

    /// <summary>The logits of the last call, which the caller may change.</summary>
    public Span<float> Logits(int row) => Next(row).Logits;

    /// <summary>What the last call says of the next token of a text.</summary>
    public NextToken Next(int row) => new(_logits.AsSpan(row * _model.Head.Rows, _model.Head.Rows), _vocabulary);

    /// <summary>Gives the cache back.</summary>
    public void Dispose() => _cache.Dispose();

    // Where most of a prompt has been computed already. Where rotations depend on a text's length, they do beyond the positions that the
    // model was made for.
    private (int Slot, int Known) Longest(int slot, int[] ids)
    {
        var best = (Slot: slot, Known: 0);
        for (int s = 0; s < Count && ids.Length <= _model.Shape.MaxPositions; s++)
        {
            bool isUsable = _prompts[s].Length <= _model.Shape.MaxPositions;
            int common = isUsable ? ids.AsSpan(0, Math.Max(0, ids.Length - LeastNew)).CommonPrefixLength(_prompts[s]) : 0;
            if (common > best.Known || (common == best.Known && s == slot))
            {
                best = (s, common);
            }
        }

        return best.Known > 0 ? best : (slot, 0);
    }

    private void Run(TokenBatch batch)
    {
        int count = checked(batch.Outputs.Count * _model.Head.Rows);
        if (_logits.Length < count)
        {
            _logits = new float[count];
        }

        var pass = _backend.Begin(batch, _probes, _cache);
        pass.Logits(_model.Forward(pass), _model.Head, _logits.AsSpan(0, count));
        Tokens += batch.Count;
    }
}
