using System.Runtime.CompilerServices;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Backends;

/// <summary>
/// Refuses operands that do not fit each other, on every device, before an address is computed from them. A model's own operands always
/// fit; these checks are the second wall behind those of its configuration.
/// </summary>
internal static class Fit
{
    /// <summary>A pass has a point, and a single one where it goes on with texts of a cache, each in a segment.</summary>
    public static void Pass(TokenBatch batch, IReadOnlyList<Probe> probes, KeyValueCache? cache)
    {
        ArgumentOutOfRangeException.ThrowIfZero(probes.Count, nameof(probes));
        if (cache is null)
        {
            return;
        }

        int points = ProbePoints.Count(probes);
        Require(points == 1, $"A cache serves one point, not {points}.");
        int last = -1;
        for (int s = 0; s < batch.Segments.Count; s++)
        {
            var segment = batch.Segments[s];
            Require(
                segment.Parent < 0 && segment.Slot > last && segment.Slot < cache.Slots,
                $"Segment {s} is not the only one of one of the {cache.Slots} texts of the cache, in their order.");
            last = segment.Slot;
        }
    }

    /// <summary>Whether a pass computes a derivative: the only one there, at no texts of a cache, by an engine that has them.</summary>
    /// <exception cref="InvalidInputException">The engine has none.</exception>
    public static bool Derivative(IBackend backend, IReadOnlyList<Probe> probes, KeyValueCache? cache)
    {
        for (int i = 0; i < probes.Count; i++)
        {
            if (probes[i].IsDerivative)
            {
                backend.Engine.Require(PassKind.Derivatives, "A derivative is asked for");
                Require(probes.Count == 1 && cache is null, $"A derivative is the only probe of its pass, and has no cache.");
                return true;
            }
        }

        return false;
    }

    /// <summary>A row of a table for each token.</summary>
    public static void Rows(Parameter table, IReadOnlyList<int> rows, Activation y)
    {
        Require(
            table.Columns == y.Features && rows.Count == y.Tokens,
            $"'{table.Name}' gives {rows.Count} rows of {table.Columns} features, not {y.Tokens} of {y.Features}.");
        for (int i = 0; i < rows.Count; i++)
        {
            Require((uint)rows[i] < (uint)table.Rows, $"'{table.Name}' has {table.Rows} rows and no row {rows[i]}.");
        }
    }

    /// <summary>Weights and biases of all features, or of each of the parts into which they split evenly.</summary>
    public static void Norm(Activation x, Parameter? weight, Parameter? bias, Activation y)
    {
        Same(x, y);
        int size = weight?.Columns ?? x.Features;
        Require(
            x.Features % size == 0 && weight is null or { Rows: 1 },
            $"'{weight?.Name}' has {size} features, which {x.Features} are no multiple of.");
        Require(bias is null || (bias.Rows == 1 && bias.Columns == size), $"'{bias?.Name}' has {bias?.Columns} features, not {size}.");
    }

    /// <summary>As many tokens and features.</summary>
    public static void Same(Activation x, Activation y) => Require(
        x.Features == y.Features && x.Tokens == y.Tokens,
        $"{x.Tokens} tokens of {x.Features} features do not fit {y.Tokens} of {y.Features}.");

    /// <summary>Heads that are the features of queries, keys, values and results, of a prefix and of a cache.</summary>
    public static void Heads(
        AttentionShape shape, Activation q, Activation k, Activation v, Activation y, TokenBatch batch, int layer, KeyValuePrefix? prefix,
        KeyValueCache? cache)
    {
        long queries = (long)shape.Heads * shape.HeadSize;
        long keys = (long)shape.KeyValueHeads * shape.HeadSize;
        Require(
            shape is { Heads: > 0, KeyValueHeads: > 0, HeadSize: > 0 } && shape.Heads % shape.KeyValueHeads == 0,
            $"{shape} is no shape of heads.");
        Require(
            q.Features == queries && y.Features == queries && k.Features == keys && v.Features == keys,
            $"{shape} does not fit {q.Features} features of queries, {k.Features} of keys, {v.Features} of values and {y.Features} of "
                + $"results.");
        Require(
            prefix is null || (prefix.Keys.Columns == keys && prefix.Values.Columns == keys && prefix.Keys.Rows == prefix.Values.Rows),
            $"'{prefix?.Keys.Name}' and '{prefix?.Values.Name}' are no prefix of {keys} features.");
        for (int s = 0; cache is not null && s < batch.Segments.Count; s++)
        {
            var segment = batch.Segments[s];
            Require(
                cache.Features == keys && layer >= 0 && layer < cache.Layers && segment.Prefix + (long)segment.Length <= cache.Capacity,
                $"A cache of {cache.Layers} layers, {cache.Features} features and {cache.Capacity} tokens has no room for {keys} features "
                    + $"of {segment.Length} tokens from {segment.Prefix} on in layer {layer}.");
        }

        foreach (var activation in (ReadOnlySpan<Activation>)[q, k, v, y])
        {
            Require(activation.Tokens == batch.Count, $"{activation.Tokens} tokens are not the batch's {batch.Count}.");
        }
    }

    /// <summary>Heads that are an activation's features, each with room for the pairs that are rotated.</summary>
    public static void Rotation(Activation x, int heads, int pairs) => Require(
        heads > 0 && x.Features % heads == 0 && pairs > 0 && pairs <= x.Features / heads / 2,
        $"{heads} heads of {pairs} pairs do not fit {x.Features} features.");

    /// <summary>A head for an activation's features.</summary>
    public static void Head(OutputHead head, Activation x) => Require(
        head.Weight.Columns == x.Features && (head.Bias is not { } bias || (bias.Rows == 1 && bias.Columns == head.Rows)),
        $"'{head.Weight.Name}' makes logits of {head.Weight.Columns} features, not of {x.Features}, or its bias has other rows.");

    /// <summary>A head for an activation's features, and targets that are rows of both.</summary>
    public static void Targets(OutputHead head, Activation x, IReadOnlyList<(int Output, int Id)> targets)
    {
        Head(head, x);
        for (int i = 0; i < targets.Count; i++)
        {
            var (output, id) = targets[i];
            Require(
                (uint)output < (uint)x.Tokens && (uint)id < (uint)head.Rows,
                $"There is no logit {id} of output {output}: there are {head.Rows} for each of {x.Tokens}.");
        }
    }

    /// <summary>Features that are those of some consecutive ones of an activation.</summary>
    public static void Slice(Activation x, int first, int features) => Require(
        first >= 0 && features > 0 && first <= x.Features - (long)features,
        $"There are no {features} features from {first} on among {x.Features}.");

    private static void Require(bool fits, [InterpolatedStringHandlerArgument(nameof(fits))] MessageOfMisfit message)
    {
        if (!fits)
        {
            throw new ArgumentException(message.ToString());
        }
    }

    /// <summary>A message that is written only where it is needed: passes check at every operation and allocate nothing for it.</summary>
    [InterpolatedStringHandler]
    private ref struct MessageOfMisfit
    {
        private DefaultInterpolatedStringHandler _text;

        public MessageOfMisfit(int literalLength, int formattedCount, bool fits, out bool isNeeded)
        {
            isNeeded = !fits;
            _text = fits ? default : new(literalLength, formattedCount);
        }

        public void AppendLiteral(string text) => _text.AppendLiteral(text);

        public void AppendFormatted<T>(T value) => _text.AppendFormatted(value);

        public override string ToString() => _text.ToStringAndClear();
    }
}
