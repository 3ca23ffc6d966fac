using IlZo.Backends;

namespace IlZo.Models;

/// <summary>Attention with a layer each for queries, keys and values, and nothing between them and the scores.</summary>
/// <param name="query">The layer [heads · head size, hidden].</param>
/// <param name="key">The layer [key/value heads · head size, hidden].</param>
/// <param name="value">The layer [key/value heads · head size, hidden].</param>
/// <param name="output">The layer [hidden, heads · head size].</param>
/// <param name="shape">How features split into heads.</param>
internal sealed class SelfAttention(Linear query, Linear key, Linear value, Linear output, AttentionShape shape)
{
    /// <summary>h += output(attention(x)); x and h may be the same.</summary>
    /// <param name="backend">The pass.</param>
    /// <param name="x">The input.</param>
    /// <param name="h">What the result is added to.</param>
    /// <param name="layer">Which layer of the cache to extend and read.</param>
    /// <param name="prefix">Trained keys and values in front of the text's own, or null.</param>
    public void AddTo(IBackend backend, Activation x, Activation h, int layer, KeyValuePrefix? prefix)
    {
        var q = backend.Rent(query.Outputs);
        var k = backend.Rent(key.Outputs);
        var v = backend.Rent(value.Outputs);
        query.Apply(backend, x, q);
        key.Apply(backend, x, k);
        value.Apply(backend, x, v);
        var mixed = backend.Rent(output.Inputs);
        backend.Attention(q, k, v, mixed, shape, layer, prefix);
        output.Apply(backend, mixed, h, accumulate: true);
        backend.Return(mixed);
        backend.Return(v);
        backend.Return(k);
        backend.Return(q);
    }
}
