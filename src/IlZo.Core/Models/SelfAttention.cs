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

    public void Apply(in LayerCall call, Activation x, Activation y, bool accumulate)
    {
        var pass = call.Pass;
        var joint = inputs.Length == 1 ? Project(pass, inputs[0], x) : null;
        var q = joint is null ? Project(pass, inputs[0], x) : pass.Slice(joint, 0, _queries);
        var k = joint is null ? Project(pass, inputs[1], x) : pass.Slice(joint, _queries, _keys);
        var v = joint is null ? Project(pass, inputs[2], x) : pass.Slice(joint, _queries + _keys, _keys);
        QueryNorm?.Apply(pass, q, q);
        KeyNorm?.Apply(pass, k, k);
        if (Rotary is not null)
        {
            int shift = call.Adapter?.PositionShift ?? 0;
            pass.Rotate(q, shape.Heads, Rotary, shift);
            pass.Rotate(k, shape.KeyValueHeads, Rotary, shift);
        }

        var mixed = pass.Rent(_queries);
        pass.Attention(q, k, v, mixed, shape, call.Layer, call.Adapter?.PrefixOf(call.Layer));
        output.Apply(pass, mixed, y, accumulate);
        pass.Return(mixed);
        if (joint is not null)
        {
            pass.Return(joint);
            return;
        }

        pass.Return(v);
        pass.Return(k);
        pass.Return(q);
    }

    private static Activation Project(IPass pass, Linear layer, Activation x)
    {
        var y = pass.Rent(layer.Outputs);
        layer.Apply(pass, x, y);
        return y;
    }
}
