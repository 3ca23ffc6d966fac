namespace IlZo.Tasks;

/// <summary>
/// NumPy's legacy generator, <c>numpy.random.RandomState(seed)</c>: MT19937 (Matsumoto and Nishimura, 1998) with the seeding,
/// the bounded integers and the shuffle of NumPy's source, so that published samples of a data set can be drawn again exactly.
/// </summary>
internal sealed class NumPyRandom
{
    private const int StateLength = 624;
    private const int Middle = 397;
    private const uint UpperBit = 0x80000000;
    private const uint LowerBits = 0x7fffffff;

    private readonly uint[] _state = new uint[StateLength];
    private int _position = StateLength;

    /// <param name="seed">Any of NumPy's integer seeds, 0 … 2³² − 1.</param>
    public NumPyRandom(uint seed)
    {
        for (int i = 0; i < StateLength; i++)
        {
            _state[i] = seed;
            seed = unchecked((1812433253u * (seed ^ (seed >> 30))) + (uint)i + 1);
        }
    }

    /// <summary>The next 32 random bits.</summary>
    public uint NextUInt32()
    {
        if (_position == StateLength)
        {
            Refill();
        }

        uint y = _state[_position++];
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c5680;
        y ^= (y << 15) & 0xefc60000;
        return y ^ (y >> 18);
    }

    /// <summary>A uniform integer in 0 … <paramref name="max"/>, both included: masked bits, drawn again while too large.</summary>
    public uint NextInterval(uint max)
    {
        if (max == 0)
        {
            // NumPy draws nothing here.
            return 0;
        }

        uint mask = uint.MaxValue >> System.Numerics.BitOperations.LeadingZeroCount(max);
        uint value;
        do
        {
            value = NextUInt32() & mask;
        }
        while (value > max);
        return value;
    }

    /// <summary><c>RandomState.permutation(n)</c>: 0 … n − 1, Fisher–Yates from the end.</summary>
    public int[] Permutation(int n)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(n);
        int[] order = new int[n];
        for (int i = 0; i < n; i++)
        {
            order[i] = i;
        }

        for (int i = n - 1; i > 0; i--)
        {
            int j = (int)NextInterval((uint)i);
            (order[i], order[j]) = (order[j], order[i]);
        }

        return order;
    }

    private void Refill()
    {
        for (int i = 0; i < StateLength; i++)
        {
            uint y = (_state[i] & UpperBit) | (_state[(i + 1) % StateLength] & LowerBits);
            uint twist = (y & 1) == 0 ? 0 : 0x9908b0dfu;
            _state[i] = _state[(i + Middle) % StateLength] ^ (y >> 1) ^ twist;
        }

        _position = 0;
    }
}
