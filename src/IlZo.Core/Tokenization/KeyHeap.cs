using System.Buffers;

namespace IlZo.Tokenization;

/// <summary>A binary heap of keys, smallest first, in pooled memory.</summary>
internal struct KeyHeap(int capacity)
{
    private ulong[] _keys = ArrayPool<ulong>.Shared.Rent(capacity);
    private int _count;

    public void Push(ulong key)
    {
        if (_count == _keys.Length)
        {
            ulong[] larger = ArrayPool<ulong>.Shared.Rent(2 * _count);
            _keys.AsSpan(0, _count).CopyTo(larger);
            ArrayPool<ulong>.Shared.Return(_keys);
            _keys = larger;
        }

        int at = _count++;
        while (at > 0)
        {
            int parent = (at - 1) / 2;
            if (_keys[parent] <= key)
            {
                break;
            }

            _keys[at] = _keys[parent];
            at = parent;
        }

        _keys[at] = key;
    }

    public bool TryPop(out ulong key)
    {
        if (_count == 0)
        {
            key = 0;
            return false;
        }

        key = _keys[0];
        ulong last = _keys[--_count];
        int at = 0;
        while (true)
        {
            int child = 2 * at + 1;
            if (child >= _count)
            {
                break;
            }

            if (child + 1 < _count && _keys[child + 1] < _keys[child])
            {
                child++;
            }

            if (_keys[child] >= last)
            {
                break;
            }

            _keys[at] = _keys[child];
            at = child;
        }

        _keys[at] = last;
        return true;
    }

    public void Release() => ArrayPool<ulong>.Shared.Return(_keys);
}
