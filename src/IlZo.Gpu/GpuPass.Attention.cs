using System.Runtime.InteropServices;
using IlZo.Backends;
using IlZo.Kernels;
using ILGPU;

namespace IlZo.Gpu;

internal sealed partial class GpuPass
{
    // As many as a tile has scores to compute, eight by each; more groups run at a time.
    private const int AttentionThreads = 128;

    // What a group has without asking for more: 48 KiB.
    private const int SharedFloats = 12288;

    private ArrayView<int> _tiles;
    private ArrayView<int> _keys;
    private int _tileCount;
    private int _tileSide;
    private int _tilePrefix;

    public void Attention(
        Activation q, Activation k, Activation v, Activation y, AttentionShape shape, int? layer, KeyValuePrefix? prefix = null)
    {
        using var use = EnterPass();
        if (!shape.Causal && (_cache is not null || !_batch.IsWhole))
        {
            throw new ArgumentException("Attention that is not causal needs every text in one segment.", nameof(shape));
        }

        if (layer is null && _cache is not null)
        {
            throw new ArgumentException("Attention that is no layer's has no cache.", nameof(layer));
        }

        Fit.Heads(shape, q, k, v, y, _batch, layer ?? 0, prefix, _cache);
        using var cache = _cache?.Enter(_pass.Number) ?? default;
        PrepareTiles(shape, prefix?.Keys.Rows ?? 0);
        var keys = Own(k).All;
        var values = Own(v).All;
        if (_cache is not null)
        {
            keys = Append(keys, _cache.Keys(layer!.Value), k.Features);
            values = Append(values, _cache.Values(layer!.Value), v.Features);
        }

        var prefixKeys = RentRows(prefix?.Keys);
        var prefixValues = RentRows(prefix?.Values);
        _device.Kernels.Launch(
            Kernels.Attention.Run,
            new Index3D(_tileCount, shape.Heads, _points),
            Math.Min(_device.Kernels.Shape.Threads, AttentionThreads),
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

    // The same for all layers of a pass; attention that is no layer's has no prefix. Large heads take smaller tiles, so that a group's
    // memory holds them.
    private void PrepareTiles(AttentionShape shape, int prefix)
    {
        if (_tileSide > 0 && _tilePrefix == prefix)
        {
            return;
        }

        _tilePrefix = prefix;
        _tileSide = _device.Kernels.Shape.AttentionSide;
        while (Kernels.Attention.SharedFloats(_tileSide, shape.HeadSize) > SharedFloats && _tileSide > Kernels.Attention.Micro)
        {
            _tileSide /= 2;
        }

        var (tiles, keys) = (_device.TileList, _device.KeyList);
        tiles.Clear();
        keys.Clear();
        _device.FirstKeys.Clear();
        for (int s = 0; s < _batch.Segments.Count; s++)
        {
            var segment = _batch.Segments[s];
            int firstKey = keys.Count;
            _device.FirstKeys.Add(firstKey);
            for (int i = 0; i < prefix; i++)
            {
                keys.Add(-1 - i);
            }

            AddKeys(keys, segment, prefix);
            for (int first = 0; first < segment.Length; first += _tileSide)
            {
                int count = Math.Min(_tileSide, segment.Length - first);
                int visible = prefix + segment.Prefix + first;
                int end = shape.Causal ? visible + count : prefix + segment.Length;
                tiles.AddRange((ReadOnlySpan<int>)[segment.Start + first, count, visible + 1, end, firstKey]);
            }
        }

        _tileCount = tiles.Count / Kernels.Attention.TileFields;
        _tiles = _device.Transfers.Send<int>(CollectionsMarshal.AsSpan(tiles));
        _keys = _device.Transfers.Send<int>(CollectionsMarshal.AsSpan(keys));
    }

    // Rows by position: those of the parent's text, then the segment's own. In a slot of a cache a position is a row.
    private void AddKeys(List<int> keys, Segment segment, int prefix)
    {
        if (_cache is not null)
        {
            AddRange(keys, checked(segment.Slot * _cache.Capacity), segment.Prefix + segment.Length);
            return;
        }

        if (segment.Parent >= 0)
        {
            int first = _device.FirstKeys[segment.Parent] + prefix;
            for (int i = 0; i < segment.Prefix; i++)
            {
                keys.Add(keys[first + i]);
            }
        }

        AddRange(keys, segment.Start, segment.Length);
    }

    private static void AddRange(List<int> keys, int first, int count)
    {
        for (int i = 0; i < count; i++)
        {
            keys.Add(first + i);
        }
    }

    private RowsView Append(RowsView rows, ArrayView<float> cache, int features)
    {
        for (int s = 0; s < _batch.Segments.Count; s++)
        {
            var segment = _batch.Segments[s];
            long first = ((long)segment.Slot * _cache!.Capacity) + segment.Prefix;
            var own = _device.Range.To(_batch.Count).SubView(segment.Start, segment.Length);
            Gather(rows, cache.SubView(first * features, (long)segment.Length * features), own, _batch.Count, features);
        }

        return new RowsView(cache, features);
    }
}
