using IlZo.Backends;

namespace IlZo.Models;

/// <summary>
/// Attention of a text to itself: output(attention(norm(q), norm(k), v)), with rotated queries and keys where positions are.
/// </summary>
/// <param name="inputs">
/// The layers for queries [heads · head size, hidden], keys and values [key/value heads · head size, hidden each], or one layer whose
/// outputs are those of the three, one after the other.
/// </param>
/// <param name="output">The layer [hidden, heads · head size].</param>
/// <param name="shape">How features split into heads.</param>
internal sealed class SelfAttention(Linear[] inputs, Linear output, AttentionShape shape) : ISublayer
{
    private readonly int _queries = shape.Heads * shape.HeadSize;
    private readonly int _keys = shape.KeyValueHeads * shape.HeadSize;

    /// <summary>The norm of each head's queries, or null.</summary>
    public Norm? QueryNorm { get; init; }

    /// <summary>The norm of each head's keys, or null.</summary>
    public Norm? KeyNorm { get; init; }

    /// <summary>The angles by which positions rotate queries and keys, or null.</summary>
    public IRotaryFrequencies? Rotary { get; init; }

    public void Apply(in LayerPass pass, Activation x, Activation y, bool accumulate)
    {
        var backend = pass.Backend;
        var joint = inputs.Length == 1 ? Project(backend, inputs[0], x) : null;
        var q = joint is null ? Project(backend, inputs[0], x) : backend.Slice(joint, 0, _queries);
        var k = joint is null ? Project(backend, inputs[1], x) : backend.Slice(joint, _queries, _keys);
        var v = joint is null ? Project(backend, inputs[2], x) : backend.Slice(joint, _queries + _keys, _keys);
        QueryNorm?.Apply(backend, q, q);
        KeyNorm?.Apply(backend, k, k);
        if (Rotary is not null)
        {
            int shift = pass.Adapter?.PositionShift ?? 0;
            backend.Rotate(q, shape.Heads, Rotary, shift);
            backend.Rotate(k, shape.KeyValueHeads, Rotary, shift);
        }

        var mixed = backend.Rent(_queries);
        backend.Attention(q, k, v, mixed, shape, pass.Layer, pass.Adapter?.PrefixOf(pass.Layer));
        output.Apply(backend, mixed, y, accumulate);
        backend.Return(mixed);
        if (joint is not null)
        {
            backend.Return(joint);
            return;
        }

        backend.Return(v);
        backend.Return(k);
        backend.Return(q);
    }

    private static Activation Project(IBackend backend, Linear layer, Activation x)
    {
        var y = backend.Rent(layer.Outputs);
        layer.Apply(backend, x, y);
        return y;
    }
}
