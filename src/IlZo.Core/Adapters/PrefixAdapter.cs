using IlZo.Backends;
using IlZo.Checkpoints;
using IlZo.Models;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Adapters;

/// <summary>
/// Prefix tuning without a reparameterization: trainable keys and values [tokens, key features] of each layer, which all tokens see before
/// those of their text. They start as those of as many tokens drawn uniformly from the vocabulary, computed by the frozen
/// model; where keys are rotated by their position, as they are after that, which is what PEFT's past_key_values hold.
/// Source: Li and Liang 2021, arXiv 2101.00190; the start: MeZO, arXiv 2305.17333, appendix, and princeton-nlp/MeZO large_models/prefix.py.
/// </summary>
internal sealed unsafe class PrefixAdapter : Adapter
{
    private readonly int _tokens;

    /// <param name="model">The model.</param>
    /// <param name="tokens">Tokens of the prefix.</param>
    /// <param name="shiftsPositions">Whether the positions of texts begin after the prefix's, as in PEFT, and not at 0, as in MeZO.</param>
    /// <exception cref="InvalidInputException">The model's texts are too short for such a prefix.</exception>
    public PrefixAdapter(LanguageModel model, int tokens, bool shiftsPositions)
        : base(model, Tensors(model.Shape, tokens))
    {
        if (tokens >= model.Shape.MaxPositions)
        {
            throw new InvalidInputException(
                $"{Setting.PrefixTokens} is {tokens}; fewer than the model's {model.Shape.MaxPositions} positions were expected.");
        }

        _tokens = tokens;
        PositionShift = shiftsPositions ? tokens : 0;
        Layers = [.. Enumerable.Range(0, model.Shape.Layers).Select(i => new KeyValuePrefix(Parameters[2 * i], Parameters[(2 * i) + 1]))];
    }

    public override int PositionShift { get; }

    internal override KeyValuePrefix? PrefixOf(int layer) => Layers[layer];

    /// <summary>Keys and values of each layer.</summary>
    private IReadOnlyList<KeyValuePrefix> Layers { get; }

    /// <summary>Reads an adapter in PEFT's format.</summary>
    internal static PrefixAdapter Load(LanguageModel model, PeftFolder saved, int tokens, bool shifts)
    {
        long width = 2L * model.Shape.Layers * model.Shape.KeyFeatures;
        var head = SavedHead.InFile(saved, model);
        saved.RequireShapes($"num_virtual_tokens is {tokens}", [(PrefixKind.PromptEmbeddings, [tokens, width]), .. SavedHead.Shapes(head)]);
        var adapter = new PrefixAdapter(model, tokens, shifts) { Head = head };
        try
        {
            SavedHead.Read(saved, head);
            float[] all = new float[tokens * width];
            saved.Read(PrefixKind.PromptEmbeddings, all);
            adapter.EachRow((row, at) => all.AsSpan(at, row.Length).CopyTo(row));
        }
        catch
        {
            adapter.Dispose();
            throw;
        }

        return adapter;
    }

    /// <summary>Sets keys and values to those of random tokens; before the adapter is attached.</summary>
    internal void Initialize(IBackend backend, ulong seed)
    {
        var key = new NoiseKey(seed, NoiseStream.Adapter, 0, 1);
        int[] ids = [.. Enumerable.Range(0, _tokens).Select(i => (int)(((ulong)key.Word(i) * (ulong)Model.Shape.Vocabulary) >> 32))];
        Initialize(backend, ids);
    }

    /// <summary>Sets keys and values to those of tokens; before the adapter is attached.</summary>
    internal void Initialize(IBackend backend, ReadOnlySpan<int> ids)
    {
        var builder = new TokenBatchBuilder();
        builder.Read(builder.AddText(ids), ids.Length - 1);
        var batch = builder.Build();
        using var cache = backend.CreateCache(Model.Shape.Layers, Model.Shape.KeyFeatures, ids.Length);
        Model.Forward(backend.Begin(batch, [Probe.Unperturbed], cache));
        for (int layer = 0; layer < Layers.Count; layer++)
        {
            var (keys, values) = (Layers[layer].Keys, Layers[layer].Values);
            cache.Read(
                layer, new Span<float>(keys.Data, checked((int)keys.Count)), new Span<float>(values.Data, checked((int)values.Count)));
        }
    }

    public override void Save(
        string folder, IReadOnlyDictionary<string, byte[]>? extraFiles = null, CancellationToken cancellation = default)
    {
        int width = checked(2 * Layers.Count * Layers[0].Keys.Columns);
        float[] all = new float[checked(_tokens * width)];
        EachRow((row, at) => row.CopyTo(all.AsSpan(at, row.Length)));
        fixed (float* data = all)
        {
            var embeddings = new TensorEntry(string.Empty, PrefixKind.PromptEmbeddings, "F32", [_tokens, width], data);
            PrefixKind.Save(this, Model, _tokens, embeddings, folder, extraFiles, cancellation);
        }
    }

    internal override void Merge() => throw new InvalidInputException(
        "A prefix cannot be merged, because no change of the weights has its effect; an export without merging was expected.");

    private static AdapterTensor[] Tensors(ModelShape shape, int tokens) =>
    [
        .. Enumerable.Range(0, shape.Layers).SelectMany(i => new AdapterTensor[]
        {
            new($"prefix.layers.{i}.keys", new TensorRole(ModelPart.Key, TensorKind.Prefix), i, tokens, shape.KeyFeatures),
            new($"prefix.layers.{i}.values", new TensorRole(ModelPart.Value, TensorKind.Prefix), i, tokens, shape.KeyFeatures),
        }),
    ];

    // PEFT has one tensor: a row for each token, and in it keys and values of each layer in turn.
    private void EachRow(RowAction action)
    {
        for (int token = 0; token < _tokens; token++)
        {
            for (int i = 0; i < Parameters.Count; i++)
            {
                action(Row(Parameters[i], token), ((token * Parameters.Count) + i) * Parameters[i].Columns);
            }
        }
    }

    private delegate void RowAction(Span<float> row, int at);
}
