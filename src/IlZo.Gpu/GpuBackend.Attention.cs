using IlZo.Backends;
using IlZo.Kernels;
using ILGPU;

namespace IlZo.Gpu;

internal sealed partial class GpuBackend
{
    private GpuKeyValueCache? _cache;
    private ArrayView<int> _tiles;
    private ArrayView<int> _keys;
    private int _tileCount;
    private int _tileSide;

    public void Attention(
        Activation q, Activation k, Activation v, Activation y, AttentionShape shape, int layer, KeyValuePrefix? prefix = null)
    {
        using var use = EnterPass();
        if (!shape.Causal && (_cache is not null || !_batch.IsWhole))
        {
            throw new ArgumentException("Attention that is not causal needs every text in one segment.", nameof(shape));
        }

        Fit.Heads(shape, q, k, v, y, _batch, layer, prefix, _cache);
        using var cache = _cache?.Enter(_pass.Number) ?? default;
        PrepareTiles(shape, prefix?.Keys.Rows ?? 0);
        var keys = Own(k).All;
        var values = Own(v).All;
        if (_cache is not null)
        {
            keys = Append(keys, _cache.Keys(layer), k.Features);
            values = Append(values, _cache.Values(layer), v.Features);
        }

        var prefixKeys = RentRows(prefix?.Keys);
        var prefixValues = RentRows(prefix?.Values);
        _kernels.Launch(
            Kernels.Attention.Run,
            new Index3D(_tileCount, shape.Heads, _probes),
            _kernels.Shape.Threads,
            Kernels.Attention.SharedFloats(_tileSide, shape.HeadSize),
            new AttentionArguments
            {
                Q = Own(q).All,
                K = keys,
                V = values,
                Y = Own(y).All,
                PrefixK = new RowsView(prefixKeys.View, k.Features),
                PrefixV = new RowsView(prefixValues.View, k.Features),
                Prefix = prefix?.Keys.Rows ?? 0,
                Tiles = _tiles,
                Keys = _keys,
                Tokens = q.Tokens,
                KeyTokens = _cache?.Capacity ?? k.Tokens,
                Heads = shape.Heads,
                KeyValueHeads = shape.KeyValueHeads,
                HeadSize = shape.HeadSize,
                Scale = shape.Scale,
                Causal = shape.Causal ? 1 : 0,
                Window = shape.Window ?? 0,
                SoftCap = shape.SoftCap ?? 0,
                Side = _tileSide,
            });
        ReturnRows(prefixValues);
        ReturnRows(prefixKeys);
    }

    private void BeginAttention(GpuKeyValueCache? cache)
    {
        _cache = cache;
        _tileSide = 0;
    }

    // The same for all layers of a pass. Large heads take smaller tiles, so that a group's memory holds them.
    private void PrepareTiles(AttentionShape shape, int prefix)
    {
        if (_tileSide > 0)
        {
            return;
        }

        _tileSide = Math.Max(1, _kernels.Shape.AttentionSide * Math.Min(128, shape.HeadSize) / shape.HeadSize);
        var tiles = new List<int>();
        var keys = new List<int>();
        int[] lists = new int[_batch.Segments.Count];
        for (int s = 0; s < lists.Length; s++)
        {
            var segment = _batch.Segments[s];
            lists[s] = keys.Count;
            keys.AddRange(Enumerable.Range(0, prefix).Select(i => -1 - i));
            AddKeys(keys, segment, lists, prefix);
            for (int first = 0; first < segment.Length; first += _tileSide)
            {
                int count = Math.Min(_tileSide, segment.Length - first);
                int visible = prefix + segment.Prefix + first;
                tiles.AddRange(
                    [segment.Start + first, count, visible + 1, shape.Causal ? visible + count : prefix + segment.Length, lists[s]]);
            }
        }

        _tileCount = tiles.Count / Kernels.Attention.TileFields;
        _tiles = Send(tiles);
        _keys = Send(keys);
    }

    // Rows by position: those of the parent's text, then the segment's own. In a cache a position is a row.
    private void AddKeys(List<int> keys, Segment segment, int[] lists, int prefix)
    {
        if (_cache is not null)
        {
            keys.AddRange(Enumerable.Range(0, segment.Prefix + segment.Length));
            return;
        }

        if (segment.Parent >= 0)
        {
            keys.AddRange(keys.GetRange(lists[segment.Parent] + prefix, segment.Prefix));
        }

        keys.AddRange(Enumerable.Range(segment.Start, segment.Length));
    }

    private RowsView Append(RowsView rows, ArrayView<float> cache, int features)
    {
        long first = (long)_batch.Segments[0].Prefix * features;
        Gather(
            rows,
            cache.SubView(first, (long)_batch.Count * features),
            Send([.. Enumerable.Range(0, _batch.Count)]),
            _batch.Count,
            features);
        return new RowsView(cache, features);
    }
}
