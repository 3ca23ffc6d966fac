using System.Numerics;

namespace IlZo.Ptx;

/// <summary>The lanes of a mask, in order.</summary>
internal ref struct Lanes(uint mask)
{
    private uint _rest = mask;

    public int Current { get; private set; }

    public readonly Lanes GetEnumerator() => this;

    public bool MoveNext()
    {
        if (_rest == 0)
        {
            return false;
        }

        Current = BitOperations.TrailingZeroCount(_rest);
        _rest &= _rest - 1;
        return true;
    }
}
